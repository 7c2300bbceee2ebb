import { z } from 'zod';
import { creditsSchema } from '#domain/credits.ts';
import { actorSchema } from '#domain/ledger.ts';
import {
  jobOutcomeSchema,
  planIdSchema,
  planRunSchema,
  planSourceSchema,
  planStateSchema,
  planTotalsSchema,
} from '#domain/retry-plan/plan-record.ts';
import { planItemSchema } from '#domain/retry-plan/plan-item.ts';
import { timeMsSchema } from './status.ts';

/** The most ids that a plan takes by name; more are asked for by a query. */
const PLAN_IDS_MAX = 10_000;

const stepSchema = z.object({ by: actorSchema, atMs: timeMsSchema, note: z.string() });

const runViewSchema = planRunSchema.omit({ startedAt: true, ended: true }).extend({
  startedAtMs: timeMsSchema,
  ended: planRunSchema.shape.ended.unwrap().omit({ at: true }).extend({ atMs: timeMsSchema }).nullable(),
});

/** A plan as a window shows it. Credits in the smallest unit, cost in micro-USD. */
export const planViewSchema = z.object({
  planId: planIdSchema,
  source: planSourceSchema,
  /** What it was made from; `asOfMs` says up to when the offline copy was whole. */
  origin: z.discriminatedUnion('type', [
    z.object({ type: z.literal('server') }),
    z.object({ type: z.literal('copy'), asOfMs: timeMsSchema }),
  ]),
  isCollecting: z.boolean(),
  reason: z.string(),
  policyVersion: z.int(),
  totals: planTotalsSchema,
  /** What must be there before it is run. */
  consent: z.enum(['none', 'typed', 'second_person']),
  plannedCredits: creditsSchema,
  /** How many jobs a run begins: made anew, or their results collected. */
  plannedJobs: z.int().nonnegative(),
  approvalCredits: creditsSchema,
  proposed: stepSchema,
  decided: stepSchema.extend({ decision: z.enum(['approved', 'rejected', 'withdrawn']) }).nullable(),
  expiresAtMs: timeMsSchema,
  state: planStateSchema,
  wish: z.enum(['pause', 'stop']).nullable(),
  /** The console that holds the lease, null where none does. */
  holder: z.string().nullable(),
  run: runViewSchema.nullable(),
});
export type PlanView = z.infer<typeof planViewSchema>;

export const planItemViewSchema = planItemSchema;
export const jobOutcomeViewSchema = jobOutcomeSchema;
export type JobOutcomeView = z.infer<typeof jobOutcomeViewSchema>;

/** What is to be planned: ids, a query as it is typed, or what another plan left. */
export const planWishSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ids'), ids: z.array(z.string().min(1).max(200)).min(1).max(PLAN_IDS_MAX) }),
  z.object({ type: z.literal('where'), where: z.string().max(2000) }),
  z.object({ type: z.literal('remainder'), planId: planIdSchema }),
  z.object({ type: z.literal('after_top_up'), planId: planIdSchema }),
]);
export type PlanWish = z.infer<typeof planWishSchema>;
