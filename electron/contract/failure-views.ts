import { z } from 'zod';
import { creditsSchema } from '#domain/credits.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { ignoreUntilSchema } from '#domain/failure-groups.ts';
import { actorSchema } from '#domain/ledger.ts';
import { malformedRecordSchema } from './malformed-record.ts';
import { timeMsSchema } from './status.ts';

const failureStandingSchema = z.enum(['open', 'regressed', 'returned', 'resolved', 'ignored']);

/** One cause of failures: jobs that stand failed or wait for another attempt for it. */
const failureCauseSchema = z
  .object({
    fingerprint: z.string(),
    class: failureClassSchema,
    /** Null where the fingerprint does not tell it. */
    code: z.string().nullable(),
    kind: z.string(),
    provider: z.string(),
    model: z.string(),
    /** The message of its latest job. */
    message: z.string(),
    jobs: z.int().nonnegative(),
  })
  .readonly();
export type FailureCause = z.infer<typeof failureCauseSchema>;

/** What was said of a group: that it is mended, or to be left alone until a condition holds. */
const verdictFields = {
  as: z.enum(['resolved', 'ignored']),
  until: ignoreUntilSchema.nullable(),
  note: z.string(),
  by: actorSchema,
  atMs: timeMsSchema,
};

/** How a group of failures stands on the server now, for a decision that was made while it was away. */
export const groupNowSchema = z
  .object({
    version: z.int().nonnegative(),
    verdict: z.object(verdictFields).readonly().nullable(),
    /** Causes that are merged into the group, without the one that it is named by. */
    merged: z.array(z.string()).readonly(),
    /** The group that this one was merged into; null where it stands for itself. */
    mergedInto: z.string().nullable(),
    /** Failed since the time that was asked for. */
    jobsSince: z.int().nonnegative(),
    customersSince: z.int().nonnegative(),
  })
  .readonly();
export type GroupNow = z.infer<typeof groupNowSchema>;

/** A group of failures with what was decided about it. */
const failureGroupViewSchema = z
  .object({
    id: z.string(),
    /** The one that the group is named by first; more where causes were merged. Those that had no job in the time are left out. */
    causes: z.array(failureCauseSchema).min(1).readonly(),
    failedJobs: z.int().nonnegative(),
    retryingJobs: z.int().nonnegative(),
    /** Workspaces that have such a job. */
    customers: z.int().nonnegative(),
    creditsAtRisk: creditsSchema,
    firstSeenMs: timeMsSchema,
    lastSeenMs: timeMsSchema,
    /** Failures of each bucket of the time asked for, oldest first. */
    points: z.array(z.int()).readonly(),
    standing: failureStandingSchema,
    decision: z
      .object({
        version: z.int(),
        verdict: z
          .object({
            ...verdictFields,
            /** Failed since then. */
            jobsSince: z.int(),
            customersSince: z.int(),
          })
          .readonly()
          .nullable(),
      })
      .readonly(),
  })
  .readonly();
export type FailureGroupView = z.infer<typeof failureGroupViewSchema>;

export const failuresViewSchema = z
  .object({
    fromMs: timeMsSchema,
    toMs: timeMsSchema,
    bucketMs: z.int().positive(),
    groups: z.array(failureGroupViewSchema).readonly(),
    /** How many causes there are in all; the groups are of at most 500 of them. */
    causesTotal: z.int().nonnegative(),
    /** False while the server is away: every group is shown as open, because what was decided stands there. */
    areDecisionsKnown: z.boolean(),
    /** Decisions that cannot be read, by their groups; those are shown as open. */
    malformed: z.array(malformedRecordSchema).readonly(),
  })
  .readonly();
export type FailuresView = z.infer<typeof failuresViewSchema>;
