import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program in a process of its own, and the lines that it prints. */
export class BenchChild {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();

  /** @param flags for Node and V8 */
  constructor(program: URL, args: readonly string[], flags: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...flags, fileURLToPath(program), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'exit');
    if (this.#child.stdout === null) throw new Error('its output is piped');
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#lines.push(line);
      for (const watch of this.#watchers) watch(line);
    });
  }

  /** Every line that was and will be printed. */
  onLine(watch: (line: string) => void): void {
    this.#lines.forEach(watch);
    this.#watchers.add(watch);
  }

  /** Waits for its end. @returns its last line. Rejects where it failed */
  async end(): Promise<string> {
    await this.#exited;
    if (this.#child.exitCode !== 0) throw new Error(`it ended with ${this.#child.exitCode ?? 'a signal'}`);
    return this.#lines.at(-1) ?? '';
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
