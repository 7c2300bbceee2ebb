import { z } from 'zod';
import { copyTaskSchema } from './copy-views.ts';
import { reconciliationStateSchema } from './reconciliation-views.ts';
import { engineStatusSchema } from './status.ts';

/** The most job ids that one event names; where more changed, the window reads anew what it shows. */
export const CHANGED_IDS_MAX = 500;

/** What the engine tells every window by itself. */
export const engineEventSchema = z.discriminatedUnion('name', [
  z.object({ name: z.literal('status.changed'), status: engineStatusSchema }),
  /** Null when it is over. */
  z.object({ name: z.literal('copy.task'), task: copyTaskSchema.nullable() }),
  /** Rules of alerts were looked at, or changed. */
  z.object({ name: z.literal('alerts.changed') }),
  z.object({ name: z.literal('reconciliation.changed'), state: reconciliationStateSchema }),
  z.object({
    name: z.literal('jobs.changed'),
    jobIds: z.array(z.string()).max(CHANGED_IDS_MAX),
    /** True where more jobs changed than are named. */
    hasMore: z.boolean(),
  }),
]);
export type EngineEvent = z.infer<typeof engineEventSchema>;
