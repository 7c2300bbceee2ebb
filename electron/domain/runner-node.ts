import { z } from 'zod';

/** A runner as it announces itself in `runner_nodes`; gone when its heartbeat is older than its lease time. */
export const runnerNodeSchema = z.object({
  _id: z.string().min(1).max(200),
  host: z.string().max(300),
  pid: z.int().nonnegative(),
  version: z.string().max(50),
  state: z.enum(['running', 'paused', 'draining', 'stopped']),
  concurrency: z.int().positive().max(1000),
  active: z.int().nonnegative(),
  startedAt: z.date(),
  heartbeatAt: z.date(),
});
export type RunnerNode = z.infer<typeof runnerNodeSchema>;
