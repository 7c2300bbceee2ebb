import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { systemCodeOf } from '#domain/errors.ts';

/** A program to start, and what is added to its environment. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** True where the command starts the application as a process of its own, and tells its id on the fourth stream. */
  readonly tellsProcess?: boolean;
}

/** Whether a virtual display can be made here. */
export function hasVirtualDisplay(): boolean {
  return spawnSync('xvfb-run', ['--help'], { stdio: 'ignore' }).error === undefined;
}

/** The launch on a virtual display, which `xvfb-run` makes: a script that a signal ends, and whose application would run on without it. */
export function onVirtualDisplay({ command, args, env }: Launch): Launch {
  const told = 'echo $$ >&3; exec 3>&-; exec "$0" "$@"';
  return { command: 'xvfb-run', args: ['-a', 'sh', '-c', told, command, ...args], env, tellsProcess: true };
}

/** Runs to the end and hands signals on, so that the application can stop in good order. @returns its exit status */
export function runApplication(launch: Launch, say: (line: string) => void): Promise<number> {
  const stdio: StdioOptions = launch.tellsProcess === true ? ['inherit', 'inherit', 'inherit', 'pipe'] : 'inherit';
  const child = spawn(launch.command, [...launch.args], {
    stdio,
    env: { ...process.env, ...launch.env },
    // A group of its own, or Ctrl-C would reach it twice: from the terminal and from here.
    detached: process.platform !== 'win32',
  });
  const application = launch.tellsProcess === true ? toldProcess(child) : null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (application === null) child.kill(signal);
      else void application.then((pid) => signalIfThere(pid, signal));
    });
  }
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      say(`${launch.command} could not be started: ${cause.message}`);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** The id of the process that the application is; does not come where it never began. */
async function toldProcess({ stdio }: ChildProcess): Promise<number> {
  const told = stdio[3];
  if (!(told instanceof Readable)) throw new Error('the command has no fourth stream');
  const [line] = (await once(told, 'data')) as [Buffer];
  told.destroy();
  return Number(line.toString('utf8'));
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ESRCH') throw cause;
  }
}
