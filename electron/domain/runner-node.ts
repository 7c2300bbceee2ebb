import { z } from 'zod';
import { actorSchema } from './ledger.ts';

/** The most attempts that one runner may have under way. */
export const CONCURRENCY_MAX = 1000;
/** A runner announces itself this often, in milliseconds, and obeys then what is wished of it. */
export const ANNOUNCE_MS = 5000;
/** A runner that was not heard of for this long is taken for gone, in milliseconds. */
export const SILENT_MS_MAX = 4 * ANNOUNCE_MS;

export const runnerStateSchema = z.enum(['running', 'paused', 'draining', 'stopped']);
export type RunnerNodeState = z.infer<typeof runnerStateSchema>;

/**
 * What somebody wishes of a runner, wherever it runs: it stands in the runner's own document, and the runner obeys the latest
 * revision when it next announces itself. Null leaves things as the runner has them.
 */
export const runnerControlSchema = z.object({
  revision: z.int().positive(),
  /** `draining` is for good: the runner finishes what is under way and ends. */
  state: z.enum(['running', 'paused', 'draining']).nullable(),
  /** The revision at which that state was wished; left out by an earlier version, which wished it anew with whatever else it wished. */
  stateRevision: z.int().nonnegative().optional(),
  concurrency: z.int().min(1).max(CONCURRENCY_MAX).nullable(),
  by: actorSchema,
  at: z.date(),
});
export type RunnerControl = z.infer<typeof runnerControlSchema>;

/** A wish, as a person states it. */
export type RunnerWish =
  { readonly action: 'pause' | 'resume' | 'drain' } | { readonly action: 'scale'; readonly concurrency: number };

/** A runner as it announces itself in `runner_nodes`. */
export const runnerNodeSchema = z.object({
  _id: z.string().min(1).max(200),
  host: z.string().max(300),
  pid: z.int().nonnegative(),
  version: z.string().max(50),
  state: runnerStateSchema,
  concurrency: z.int().positive().max(CONCURRENCY_MAX),
  active: z.int().nonnegative(),
  /** What it takes; empty where a runner of an earlier version does not say. */
  providers: z.array(z.string().max(200)).max(200).default([]),
  kinds: z.array(z.string().max(100)).max(100).default([]),
  /** The machine's load average of a minute for each core, and the process's memory in bytes; null where it is not known. */
  load: z.object({ perCore: z.number().nonnegative(), memoryBytes: z.int().nonnegative() }).nullable().default(null),
  control: runnerControlSchema.nullable().default(null),
  /** The revision of `control` that the runner has obeyed. */
  obeyedRevision: z.int().nonnegative().default(0),
  startedAt: z.date(),
  heartbeatAt: z.date(),
});
export type RunnerNode = z.infer<typeof runnerNodeSchema>;

/** What a runner says of itself; times are the server's, wishes are others'. */
export type RunnerAnnouncement = Omit<RunnerNode, 'heartbeatAt' | 'startedAt' | 'control'>;

/** What a wish changes in a runner's control. */
export function controlOfWish(wish: RunnerWish): Partial<Pick<RunnerControl, 'state' | 'concurrency'>> {
  switch (wish.action) {
    case 'pause':
      return { state: 'paused' };
    case 'resume':
      return { state: 'running' };
    case 'drain':
      return { state: 'draining' };
    case 'scale':
      return { concurrency: wish.concurrency };
  }
}

/** True while a runner can be counted on, by the server's clock. */
export function isLive(node: Pick<RunnerNode, 'state' | 'heartbeatAt'>, now: Date): boolean {
  return node.state !== 'stopped' && now.getTime() - node.heartbeatAt.getTime() <= SILENT_MS_MAX;
}

/** Whether it is known which runners are alive: where none of those that can be read is, one that cannot be read may be. */
export function isLivenessKnown(
  { values, malformed }: { readonly values: readonly RunnerNode[]; readonly malformed: readonly unknown[] },
  now: Date,
): boolean {
  return malformed.length === 0 || values.some((node) => isLive(node, now));
}
