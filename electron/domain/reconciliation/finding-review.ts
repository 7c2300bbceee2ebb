import { z } from 'zod';
import { actorSchema, type Actor } from '../ledger.ts';
import type { Finding } from './finding.ts';

/** The most comments that are kept of one finding. */
const COMMENTS_MAX = 200;

const commentSchema = z.object({ by: actorSchema, at: z.date(), text: z.string().min(1).max(2000) });

/**
 * What people made of a finding, kept in `reconciliations` under the finding's id, which is the same in every run. An acceptance
 * and a word that it is solved hold for the finding as it was: they no longer hold when the amount changes.
 */
export const findingReviewSchema = z.object({
  _id: z.string().min(1).max(1000),
  assignedTo: z.string().min(1).max(200).nullable(),
  comments: z.array(commentSchema).max(COMMENTS_MAX),
  settled: z
    .object({
      as: z.enum(['accepted', 'solved']),
      credits: z.number(),
      reason: z.string().min(1).max(500),
      by: actorSchema,
      at: z.date(),
    })
    .nullable(),
  version: z.int().nonnegative(),
});
export type FindingReview = z.infer<typeof findingReviewSchema>;

/** What somebody does about a finding. */
export const reviewActSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assign'), to: z.string().trim().min(1).max(200).nullable() }),
  z.object({ type: z.literal('comment'), text: z.string().trim().min(1).max(2000) }),
  z.object({ type: z.literal('accept'), reason: z.string().trim().min(1).max(500) }),
  z.object({ type: z.literal('solve'), reason: z.string().trim().min(1).max(500) }),
  z.object({ type: z.literal('reopen'), reason: z.string().trim().min(1).max(500) }),
]);
export type ReviewAct = z.infer<typeof reviewActSchema>;

/** A finding that nobody has looked at. */
export function noReview(findingId: string): FindingReview {
  return { _id: findingId, assignedTo: null, comments: [], settled: null, version: 0 };
}

/** The review after somebody did something. Whoever reopens a finding leaves why as a comment. */
export function applyReviewAct(
  review: FindingReview,
  finding: Pick<Finding, 'credits'>,
  act: ReviewAct,
  { by, at }: { readonly by: Actor; readonly at: Date },
): FindingReview {
  const next = { ...review, version: review.version + 1 };
  const comment = (text: string): FindingReview['comments'] =>
    [...review.comments, { by, at, text }].slice(-COMMENTS_MAX);
  switch (act.type) {
    case 'assign':
      return { ...next, assignedTo: act.to };
    case 'comment':
      return { ...next, comments: comment(act.text) };
    case 'accept':
      return { ...next, settled: { as: 'accepted', credits: finding.credits, reason: act.reason, by, at } };
    case 'solve':
      return { ...next, settled: { as: 'solved', credits: finding.credits, reason: act.reason, by, at } };
    case 'reopen':
      return { ...next, settled: null, comments: comment(act.reason) };
  }
}

/**
 * How a finding of a run stands. One that was said to be solved and is found again with its amount is open: the next run is what
 * proves a solution. `accepted` holds as long as the amount is the one that was accepted.
 */
export function standingOf(finding: Pick<Finding, 'credits'>, review: FindingReview | undefined): 'open' | 'accepted' {
  return review?.settled?.as === 'accepted' && review.settled.credits === finding.credits ? 'accepted' : 'open';
}
