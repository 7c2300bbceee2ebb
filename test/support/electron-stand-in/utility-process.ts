import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { type MessagePortMain, RemotePorts } from './ports.ts';
import { refusing, say, StandInEmitter } from './refusing.ts';

const isSource = import.meta.url.endsWith('.ts');
const BOOTSTRAP = new URL(isSource ? './utility-bootstrap.ts' : './utility-bootstrap.js', import.meta.url).href;

/** What the bootstrap in the child sends. */
const fromChildSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), data: z.unknown() }),
  z.object({ type: z.literal('port-message'), port: z.int(), data: z.unknown() }),
  z.object({ type: z.literal('port-close'), port: z.int() }),
]);

/** A Node child process in the place of Electron's utility process. */
class StandInUtilityProcess extends StandInEmitter {
  readonly #child: ChildProcess;
  readonly #ports: RemotePorts;

  constructor(entry: string, args: readonly string[], execArgv: readonly string[]) {
    super('UtilityProcess', ['message', 'exit', 'spawn', 'error']);
    this.#child = fork(entry, [...args], {
      execArgv: ['--import', BOOTSTRAP, ...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C at the terminal is for the main process, which stops this one in good order.
      detached: true,
    });
    this.#ports = new RemotePorts(([type, port, data]) => this.#tell({ type, port, data }));
    this.#child.on('message', (message) => this.#receive(message));
    this.#child.on('spawn', () => this.emit('spawn'));
    this.#child.on('error', (cause) => say(`the utility process: ${cause.message}`));
    this.#child.on('exit', (code) => {
      this.#ports.closeAll();
      this.emit('exit', code ?? 1);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdout(): Readable | null {
    return this.#child.stdout;
  }

  get stderr(): Readable | null {
    return this.#child.stderr;
  }

  postMessage(data: unknown, transfer: readonly MessagePortMain[] = []): void {
    const handed = transfer.map((port) => this.#ports.add(port));
    this.#tell({ type: 'message', data, ports: handed.map(({ id }) => id) });
    for (const { open } of handed) open();
  }

  kill(): boolean {
    return this.#child.kill('SIGTERM');
  }

  #tell(message: object): void {
    // A child that is just ending: its exit is told by itself.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(raw: unknown): void {
    const message = fromChildSchema.parse(raw);
    switch (message.type) {
      case 'message':
        this.emit('message', message.data);
        return;
      case 'port-message':
        this.#ports.receive(message.port, message.data);
        return;
      case 'port-close':
        this.#ports.close(message.port);
    }
  }
}

/** Starts `entry` with `process.parentPort` set, and its output piped. */
export function forkUtilityProcess(
  entry: string,
  args: readonly string[] = [],
  options: { readonly execArgv?: readonly string[] } = {},
): StandInUtilityProcess {
  return refusing(
    'UtilityProcess',
    new StandInUtilityProcess(entry.startsWith('file:') ? fileURLToPath(entry) : entry, args, options.execArgv ?? []),
  );
}
