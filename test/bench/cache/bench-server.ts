import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../electron/sandbox/main.ts', import.meta.url));

/** A server to measure on. */
export interface BenchServer {
  readonly uri: string;
  stop(): Promise<void>;
}

/** The server of a URI, or a sandbox server in a process of its own over a folder (`memory` keeps nothing). */
export async function benchServer(uri: string | undefined, dataDir: string): Promise<BenchServer> {
  if (uri !== undefined) return { uri, stop: () => Promise.resolve() };
  const child = spawn(process.execPath, [program, '--data-dir', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  return {
    uri: line,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
