import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FleetWish } from '#contract/fleet-views.ts';
import type { RunnerLimits } from '#domain/runner-limits.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

/** Runners announce themselves every five seconds; nothing tells of it but asking, in milliseconds. */
const FLEET_POLL_MS = 3_000;

/** The runners of all machines. */
export function useFleet() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.fleet,
    queryFn: async () => valueOrThrow(await engine.call('fleet.list', {})),
    refetchInterval: FLEET_POLL_MS,
    retry: false,
  });
}

/** Wishes something of a runner; the list is read anew when the wish stands. */
export function useFleetControl() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: { readonly runnerId: string; readonly wish: FleetWish }) =>
      valueOrThrow(await engine.call('fleet.control', order)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}

/** What limits the fleet, and what is left of it. */
export function useFleetLimits() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.fleetLimits,
    queryFn: async () => valueOrThrow(await engine.call('fleet.limits', {})),
    refetchInterval: FLEET_POLL_MS,
    retry: false,
  });
}

/** Replaces the limits that stand at a revision; what stands then is shown at once, also where somebody else was first. */
export function useLimitsChange() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: { readonly limits: RunnerLimits; readonly revision: number }) =>
      valueOrThrow(await engine.call('fleet.setLimits', order)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.fleetLimits }),
  });
}
