import { z } from 'zod';
import { failureClassSchema } from '#domain/failure.ts';
import { actorSchema } from '#domain/ledger.ts';
import { retryPolicySchema } from '#domain/retry-policy.ts';
import { timeMsSchema } from './status.ts';

/** A version of the retry policy as a window sees it; the one that the program brings has no author. */
export const policyVersionViewSchema = retryPolicySchema.extend({
  written: z.object({ reason: z.string(), by: actorSchema, atMs: timeMsSchema }).nullable(),
});
export type PolicyVersionView = z.infer<typeof policyVersionViewSchema>;

const countSchema = z.int().nonnegative();

/** The fields are those of the domain's `ReplayedClass`. */
const replayedClassSchema = z.object({
  failureClass: failureClassSchema,
  failures: countSchema,
  retried: countSchema,
  dropped: z.object({
    attempts: countSchema,
    costMicroUsd: countSchema,
    attemptsWithoutCost: countSchema,
    successes: countSchema,
    credits: z.int(),
  }),
  added: z.object({
    generations: countSchema,
    attemptsMax: countSchema,
    costMicroUsdMax: countSchema,
    attemptsWithoutCost: countSchema,
    successesMax: countSchema,
    creditsMax: countSchema,
    successesLikely: countSchema.nullable(),
  }),
  people: z.object({ retried: countSchema, refused: countSchema, successesLost: countSchema, creditsLost: z.int() }),
  charge: z.object({ keptCredits: z.int(), returnedCredits: z.int() }),
});
export type ReplayedClassView = z.infer<typeof replayedClassSchema>;

/** How far back a draft is replayed, in days. */
export const replayDaysSchema = z.union([z.literal(30), z.literal(90)]);
export type ReplayDays = z.infer<typeof replayDaysSchema>;

/** What a draft would have done differently with the jobs of a time. */
export const replayViewSchema = z.object({
  days: replayDaysSchema,
  /** The version that the draft was written over. */
  basedOn: z.int().positive(),
  /** Jobs with a failure that were replayed. */
  jobs: countSchema,
  /** True where there were more, of which the newest were replayed. */
  isCut: z.boolean(),
  /** From when on the copy has every job of that time; null where it has them all. */
  keptSinceMs: timeMsSchema.nullable(),
  classes: z.array(replayedClassSchema),
});
export type ReplayView = z.infer<typeof replayViewSchema>;
