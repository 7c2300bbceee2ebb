import { z } from 'zod';
import { fleetRunnerSchema, fleetViewSchema, fleetWishSchema } from '../fleet-views.ts';
import type { RequestTable } from './definition.ts';

/** The runners of all machines, as they stand on the server. */
export const FLEET_REQUESTS = {
  'fleet.list': { params: z.object({}), result: fleetViewSchema, permission: 'view', writes: false },
  /** Leaves a wish for a runner; it obeys when it next announces itself. `not_found` where it has ended. */
  'fleet.control': {
    params: z.object({ runnerId: z.string().min(1).max(200), wish: fleetWishSchema }),
    result: fleetRunnerSchema,
    permission: 'runner',
    writes: true,
  },
} as const satisfies RequestTable;
