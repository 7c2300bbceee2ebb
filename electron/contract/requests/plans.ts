import { z } from 'zod';
import { creditsSchema } from '#domain/credits.ts';
import { planIdSchema } from '#domain/retry-plan/plan-record.ts';
import { rampSchema, runLimitsSchema } from '#domain/retry-plan/ramp.ts';
import { WRITES } from '#domain/privileges.ts';
import { malformedRecordSchema } from '../malformed-record.ts';
import { exportedSchema } from '../period-views.ts';
import { jobOutcomeViewSchema, planItemViewSchema, planViewSchema, planWishSchema } from '../plan-views.ts';
import { pageLimitSchema, type RequestTable } from './definition.ts';

const planResult = z.object({ plan: planViewSchema });
const placeSchema = z.int().nonnegative().max(1_000_000);

/** Retrying many jobs: planned, decided about, run by steps, and looked at afterwards. */
export const PLAN_REQUESTS = {
  'plans.list': {
    params: z.object({}),
    result: z.object({ plans: z.array(planViewSchema), malformed: z.array(malformedRecordSchema) }),
    permission: 'retry',
    writes: false,
  },
  'plans.get': { params: z.object({ planId: planIdSchema }), result: planResult, permission: 'retry', writes: false },
  /** Freezes what a retry of these jobs would do, by the offline copy where it is hardly behind, otherwise by the server. Retries nothing. */
  'plans.make': {
    params: z.object({
      wish: planWishSchema,
      reason: z.string().trim().max(300),
      /** Collects results that providers accepted to make, each for its job's price. */
      isCollecting: z.boolean().default(true),
    }),
    result: planResult,
    permission: 'retry',
    writes: WRITES.makePlan,
  },
  /** Items from a place on, those first that are acted on; fewer than `limit` are not the end, none are. */
  'plans.items': {
    params: z.object({ planId: planIdSchema, from: placeSchema, limit: pageLimitSchema }),
    result: z.object({ items: z.array(planItemViewSchema) }),
    permission: 'retry',
    writes: false,
  },
  /** What became of the jobs that were begun, from an index on. */
  'plans.outcomes': {
    params: z.object({ planId: planIdSchema, from: placeSchema, limit: pageLimitSchema }),
    result: z.object({ outcomes: z.array(jobOutcomeViewSchema) }),
    permission: 'retry',
    writes: false,
  },
  /** One's own plan cannot be approved or rejected (`permission_denied`). */
  'plans.decide': {
    params: z.object({
      planId: planIdSchema,
      decision: z.enum(['approved', 'rejected', 'withdrawn']),
      note: z.string().trim().max(500),
    }),
    result: planResult,
    permission: 'retry',
    writes: WRITES.changePlan,
  },
  /** Begins a plan here, or goes on with it; answers when it has the plan's lease. Ramp and limits count at the beginning. */
  'plans.run': {
    params: z.object({
      planId: planIdSchema,
      ramp: rampSchema,
      limits: runLimitsSchema,
      typedCredits: creditsSchema.nullable(),
    }),
    result: planResult,
    permission: 'retry',
    writes: WRITES.runPlan,
  },
  /** Asks a run to pause or to stop, wherever it runs. */
  'plans.wish': {
    params: z.object({ planId: planIdSchema, wish: z.enum(['pause', 'stop']) }),
    result: planResult,
    permission: 'retry',
    writes: WRITES.changePlan,
  },
  /** Writes what became of every job into a CSV file. */
  'plans.export': {
    params: z.object({ planId: planIdSchema }),
    result: exportedSchema,
    permission: 'export',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
