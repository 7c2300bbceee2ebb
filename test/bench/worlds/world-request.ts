import type { RunRequest } from '#console/reconciliation/run.ts';
import { AS_OF_MS, WORLD_PRICES, worldChargeRule } from './clean-job.ts';
import type { World } from './world.ts';

/** A run over everything of a world, as of the moment that worlds are made for; `fields` say what is otherwise. */
export function requestOfWorld(world: World, fields: Partial<RunRequest> = {}): RunRequest {
  return {
    scope: { workspaceId: null, period: null },
    prices: WORLD_PRICES,
    closedPeriods: world.closedPeriods,
    seen: world.seen,
    asOfMs: AS_OF_MS,
    chargeRule: worldChargeRule,
    copy: null,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...fields,
  };
}
