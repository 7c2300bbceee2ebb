import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../support/end-with-this-process.ts';
import type { ConsoleOrder } from './plan-process.ts';
import type { RunnerOrder } from './runner-process.ts';

const entry = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A process that is killed without warning. */
export interface KillableProcess {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. Idempotent. */
  kill(): Promise<void>;
  /** Lets it stand still, with everything that it holds, or go on. */
  freeze(): void;
  thaw(): void;
  /** True where it has ended, by whatever. */
  isGone(): boolean;
  /** What it printed of errors, newest last. */
  errors(): string;
}

/** Starts a runner of its own process. */
export function startRunnerProcess(order: RunnerOrder): KillableProcess {
  // Little memory, so that a job that wants all of it gets it over with.
  const args = ['--max-old-space-size=160', entry('runner-process.ts'), JSON.stringify(order)];
  return killable(spawn(process.execPath, args, { stdio: 'pipe' }));
}

/** Starts a console of its own process that runs a plan; it ends when the plan is over. */
export function startConsoleProcess(order: ConsoleOrder): KillableProcess {
  return killable(spawn(process.execPath, [entry('plan-process.ts'), JSON.stringify(order)], { stdio: 'pipe' }));
}

/** Starts the sandbox server on a folder. @returns the process and its port, once it listens */
export async function startServerProcess(options: {
  readonly dataDir: string;
  readonly port: number;
  readonly skewMs: number;
}): Promise<KillableProcess & { readonly port: number }> {
  const args = [entry('server-process.ts'), options.dataDir, String(options.port), String(options.skewMs)];
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  const server = killable(child);
  const listening = once(child.stdout, 'data').then((data) => Number(String(data[0])));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the server ended: ${server.errors()}`);
  });
  ended.catch(() => undefined);
  return { ...server, port: await Promise.race([listening, ended]) };
}

function killable(child: ChildProcess): KillableProcess {
  endWithThisProcess(child);
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => {
    errors = `${errors}${text.toString()}`.slice(-4000);
  });
  const exited = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exited;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    isGone: () => child.exitCode !== null || child.signalCode !== null,
    errors: () => errors,
  };
}
