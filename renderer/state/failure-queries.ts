import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RequestParams } from '#contract/requests.ts';
import type { FailureAct } from '#domain/failure-groups.ts';
import { useKeepDraft } from './drafts.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine, useIsServerAway } from './engine-queries.tsx';
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
function useFailureDecision() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: RequestParams<'failures.decide'>) =>
      valueOrThrow(await engine.call('failures.decide', order)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.failures }),
  });
}

/** A group of failures as the person saw it. */
export interface SeenGroup {
  readonly id: string;
  readonly title: string;
  /** Null where what was decided about it is not known. */
  readonly version: number | null;
}

/** Decides about a group; while the server is away the decision is kept as a draft, which is checked anew before it is sent. */
export function useDecideOrKeep() {
  const isAway = useIsServerAway();
  const decision = useFailureDecision();
  const keep = useKeepDraft();
  return {
    isAway,
    isPending: decision.isPending || keep.isPending,
    isKept: keep.isSuccess,
    error: decision.error ?? keep.error,
    /** Makes room for another decision. */
    reset: () => {
      decision.reset();
      keep.reset();
    },
    /** @param onDecided called when the decision stands on the server; not when it was kept */
    decide: ({ id, title, version }: SeenGroup, act: FailureAct, onDecided: () => void) => {
      if (isAway) keep.mutate({ kind: 'group', subjectId: id, body: { act, title, seenVersion: version } });
      else decision.mutate({ groupId: id, seenVersion: version ?? 0, act }, { onSuccess: onDecided });
    },
  };
}
