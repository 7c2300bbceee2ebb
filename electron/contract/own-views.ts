import { z } from 'zod';
import { jobStateSchema } from '#domain/job.ts';
import { periodSchema } from '#domain/ledger.ts';
import type { Permission } from '#domain/people.ts';
import { MENDS_AT_ONCE_MAX } from './mend-views.ts';
import { planWishSchema } from './plan-views.ts';
import { editedInputSchema, reasonSchema } from './retry-views.ts';
import { timeMsSchema } from './status.ts';

/** What a person keeps on this machine: views and drafts. No server holds them, so none of it can be read again. */

const ownIdSchema = z.string().min(1).max(100);

/** A view of a screen under a name: the page's address holds all of it. */
export const savedViewSchema = z.object({
  id: ownIdSchema,
  name: z.string().trim().min(1).max(100),
  /** The address behind the hash, for example `/jobs?state=failed`. */
  href: z.string().startsWith('/').max(4000),
  /** Where it stands among the others; equal positions are in the order of their names. */
  position: z.int().default(0),
});
export type SavedView = z.infer<typeof savedViewSchema>;

/** What a person wanted done and could not, because the server was away. It is decided anew when it is opened again. */
export const draftSchema = z.object({
  id: ownIdSchema,
  /** What it would do, for example `retry`; whoever makes drafts of a kind also opens them. */
  kind: z.string().min(1).max(50),
  /** What it is about, for example a job's id. */
  subjectId: z.string().min(1).max(200),
  /** The subject's version that the person saw; null where it has none. */
  seenVersion: z.int().nonnegative().nullable(),
  /** What was filled in, as JSON. */
  bodyJson: z.string().max(2_000_000),
  madeAtMs: timeMsSchema,
});
export type Draft = z.infer<typeof draftSchema>;

const jobDraftBody = {
  reason: reasonSchema,
  /** What the person saw of the job when they made it. */
  seenState: jobStateSchema,
  seenUpdatedAtMs: timeMsSchema,
};

/** What a draft of the kind `retry` holds; its subject is a job. */
export const retryDraftBodySchema = z.object({ ...jobDraftBody, edited: editedInputSchema.nullable() });
/** What a draft of the kind `cancel` holds; its subject is a job. */
export const cancelDraftBodySchema = z.object(jobDraftBody);

/** What a draft of the kind `plan` holds: which jobs a plan of retries is to be made of. Its subject is no single thing. */
export const planDraftBodySchema = z.object({
  wish: planWishSchema,
  reason: z.string().trim().max(300),
  /** See `plans.make`. */
  isCollecting: z.boolean().default(true),
});

/** What a draft of the kind `mends` holds: findings of a run, which is its subject, that mends are to be proposed for. */
export const mendsDraftBodySchema = z.object({
  findingIds: z.array(z.string().min(1).max(900)).min(1).max(MENDS_AT_ONCE_MAX),
  reason: z.string().trim().max(500),
  bookedIn: periodSchema.nullable(),
});

/** What somebody needs to be allowed to see, keep or drop a draft: what it holds, and what sending it does. */
export function permissionOfDraft(kind: string): Permission {
  if (kind === 'plan') return 'retry';
  // Whatever another version keeps may hold a prompt.
  return kind === 'mends' ? 'money' : 'payload';
}
