import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname, loadavg } from 'node:os';
import { ArtefactFolder } from '#runner/artefacts.ts';
import { JobRunner, type RunnerOptions } from '#runner/runner.ts';
import { wait } from './wait.ts';

const HOST_CHARACTERS_MAX = 100;

/** What a runner of this process is told; the rest is this machine's. */
export interface RunnerSettings extends Pick<
  RunnerOptions,
  'store' | 'policies' | 'providers' | 'concurrency' | 'version' | 'leaseMs' | 'checkEntry' | 'onStatus' | 'onOutcome'
> {
  /** Absolute; artefacts are kept below it. */
  readonly artefactDir: string;
}

/** Makes a runner of this process, under a name that no other runner has. It is not started yet. */
export function makeRunner({ artefactDir, ...settings }: RunnerSettings): JobRunner {
  return new JobRunner({
    ...settings,
    runnerId: `${hostname().slice(0, HOST_CHARACTERS_MAX)}-${randomUUID().slice(0, 8)}`,
    artefacts: new ArtefactFolder(artefactDir),
    host: hostname(),
    pid: process.pid,
    load: () => ({
      perCore: (loadavg()[0] ?? 0) / availableParallelism(),
      memoryBytes: process.memoryUsage.rss(),
    }),
    random: Math.random,
    monotonicMs: () => performance.now(),
    now: () => new Date(),
    wait,
  });
}
