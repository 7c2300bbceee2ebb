import { z } from 'zod';
import { runnerLimitsSchema } from '#domain/runner-limits.ts';
import { WRITES } from '#domain/privileges.ts';
import { fleetLimitsSchema, fleetRunnerSchema, fleetViewSchema, fleetWishSchema } from '../fleet-views.ts';
import type { RequestTable } from './definition.ts';

/** The runners of all machines, as they stand on the server. */
export const FLEET_REQUESTS = {
  'fleet.list': { params: z.object({}), result: fleetViewSchema, permission: 'view', writes: false },
  /** Leaves a wish for a runner; it obeys when it next announces itself. `not_found` where it has ended. */
  'fleet.control': {
    params: z.object({ runnerId: z.string().min(1).max(200), wish: fleetWishSchema }),
    result: fleetRunnerSchema,
    permission: 'runner',
    writes: WRITES.wishOfRunner,
  },
  'fleet.limits': { params: z.object({}), result: fleetLimitsSchema, permission: 'view', writes: false },
  /** Replaces the limits of every runner. `write_conflict` where they were changed since the revision that is named. */
  'fleet.setLimits': {
    params: z.object({ limits: runnerLimitsSchema, revision: z.int().nonnegative() }),
    result: fleetLimitsSchema,
    permission: 'runner',
    writes: WRITES.setLimits,
  },
} as const satisfies RequestTable;
