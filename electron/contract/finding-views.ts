import { z } from 'zod';
import { actorSchema } from '#domain/ledger.ts';
import { timeMsSchema } from './status.ts';

const noteSchema = z.object({ by: actorSchema, atMs: timeMsSchema, text: z.string() });

/** What people made of a finding. */
export const reviewViewSchema = z.object({
  findingId: z.string(),
  /** Grows with everything that somebody does about it; 0 where nobody did anything. */
  version: z.int().nonnegative(),
  standing: z.enum(['open', 'accepted']),
  assignedTo: z.string().nullable(),
  comments: z.array(noteSchema),
  /** The last word about it, also where it no longer holds because the amount has changed. */
  settled: z
    .object({ as: z.enum(['accepted', 'solved']), reason: z.string(), by: actorSchema, atMs: timeMsSchema })
    .nullable(),
});
export type ReviewView = z.infer<typeof reviewViewSchema>;
