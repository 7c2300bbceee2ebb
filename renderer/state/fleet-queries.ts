import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FleetWish } from '#contract/fleet-views.ts';
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
