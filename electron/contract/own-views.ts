import { z } from 'zod';
import { failureActSchema } from '#domain/failure-groups.ts';
import { jobStateSchema } from '#domain/job.ts';
import { periodSchema } from '#domain/ledger.ts';
import type { Permission } from '#domain/people.ts';
import { mendStateSchema } from '#domain/reconciliation/mend-record.ts';
import { reviewActSchema } from '#domain/reconciliation/finding-review.ts';
import { MENDS_AT_ONCE_MAX } from './mend-views.ts';
import { planWishSchema } from './plan-views.ts';
import { editedInputSchema, reasonSchema } from './retry-views.ts';
import { timeMsSchema } from './status.ts';

/** What a person keeps on this machine: views and drafts. No server holds them, so none of it can be read again. */

/** The most letters of a saved view's name. */
export const VIEW_NAME_MAX = 100;

const ownIdSchema = z.string().min(1).max(100);

/** A view of a screen under a name: the page's address holds all of it. */
export const savedViewSchema = z.object({
  id: ownIdSchema,
  name: z.string().trim().min(1).max(VIEW_NAME_MAX),
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
const retryDraftBodySchema = z.object({ ...jobDraftBody, edited: editedInputSchema.nullable() });
/** What a draft of the kind `cancel` holds; its subject is a job. */
const cancelDraftBodySchema = z.object(jobDraftBody);

/** What a draft of the kind `plan` holds: which jobs a plan of retries is to be made of. Its subject is no single thing. */
const planDraftBodySchema = z.object({
  wish: planWishSchema,
  reason: z.string().trim().max(300),
  /** See `plans.make`. */
  isCollecting: z.boolean().default(true),
});

/** What a draft of the kind `mends` holds: findings of a run, which is its subject, that mends are to be proposed for. */
const mendsDraftBodySchema = z.object({
  findingIds: z.array(z.string().min(1).max(900)).min(1).max(MENDS_AT_ONCE_MAX),
  reason: z.string().trim().max(500),
  bookedIn: periodSchema.nullable(),
});

/** What a draft of the kind `group` holds: a decision about a group of failures, which is its subject. */
const groupDraftBodySchema = z.object({
  act: failureActSchema,
  /** What the group was called, for people. */
  title: z.string().max(1000),
  /** The decision's version that the person saw; null where the server was away already. */
  seenVersion: z.int().nonnegative().nullable(),
});

/** What a draft of the kind `review` holds: what is to be done about findings of a run, which is its subject. */
const reviewDraftBodySchema = z.object({
  act: reviewActSchema,
  findings: z
    .array(
      z.object({
        findingId: z.string().min(1).max(900),
        /** The review's version that the person saw; null where the server was away already. */
        seenVersion: z.int().nonnegative().nullable(),
      }),
    )
    .min(1)
    .max(MENDS_AT_ONCE_MAX),
});

/** What a draft of the kind `decision` holds: a decision about proposals of mends. Its subject is no single thing. */
const decisionDraftBodySchema = z.object({
  decision: z.enum(['approved', 'rejected', 'withdrawn']),
  note: z.string().trim().max(500),
  mends: z
    .array(z.object({ mendId: z.string().min(1).max(1000), seenState: mendStateSchema }))
    .min(1)
    .max(MENDS_AT_ONCE_MAX),
});

/** What a draft holds, by its kind. */
export const draftContentSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('retry'), body: retryDraftBodySchema }),
  z.object({ kind: z.literal('cancel'), body: cancelDraftBodySchema }),
  z.object({ kind: z.literal('plan'), body: planDraftBodySchema }),
  z.object({ kind: z.literal('mends'), body: mendsDraftBodySchema }),
  z.object({ kind: z.literal('decision'), body: decisionDraftBodySchema }),
  z.object({ kind: z.literal('review'), body: reviewDraftBodySchema }),
  z.object({ kind: z.literal('group'), body: groupDraftBodySchema }),
]);
export type DraftContent = z.output<typeof draftContentSchema>;
export type DraftKind = DraftContent['kind'];

const MONEY_DRAFTS: readonly string[] = ['mends', 'review', 'decision'] satisfies DraftKind[];

/** What somebody needs to be allowed to see, keep or drop a draft: what it holds, and what sending it does. */
export function permissionOfDraft(kind: string): Permission {
  if (kind === 'plan' || kind === 'group') return 'retry';
  // Whatever another version keeps may hold a prompt.
  return MONEY_DRAFTS.includes(kind) ? 'money' : 'payload';
}
