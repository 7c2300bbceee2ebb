import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RequestParams } from '#contract/requests.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { FAILURE_PERIODS, type FailuresScreenView } from './failures-query-string.ts';

/** How often the groups are counted anew, in milliseconds. */
const FAILURES_POLL_MS = 5_000;

/** Failures of the period up to now, grouped by their cause. */
export function useFailures({ period, classes, workspaceId }: FailuresScreenView) {
  const engine = useEngine();
  return useQuery({
    queryKey: [...queryKeys.failures, period, classes, workspaceId],
    queryFn: async ({ signal }) => {
      const toMs = Date.now();
      const fromMs = toMs - FAILURE_PERIODS[period].lengthMs;
      return valueOrThrow(
        await engine.call('failures.list', { fromMs, toMs, classes: [...classes], workspaceId }, signal),
      );
    },
    refetchInterval: FAILURES_POLL_MS,
    placeholderData: keepPreviousData,
  });
}

/** Decides about a group; the list is read anew when the decision stands, or somebody else's does. */
export function useFailureDecision() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: RequestParams<'failures.decide'>) =>
      valueOrThrow(await engine.call('failures.decide', order)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.failures }),
  });
}
