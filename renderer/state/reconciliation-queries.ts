import {
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type {
  FindingFilter,
  FindingsLayout,
  ReconciliationScope,
  ReconciliationState,
} from '#contract/reconciliation-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { PAGE_ROWS, queryKeys, useEngine } from './engine-queries.tsx';

/** After this many pages no further ones are loaded: whoever is there needs a filter or the export, not more scrolling. */
const FINDING_PAGES_MAX = 10;

/** The run under way and the last one. Kept up by events. */
export function useReconciliation() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.reconciliation,
    queryFn: async () => valueOrThrow(await engine.call('reconciliation.get', {})),
  });
}

/** The runs that this machine keeps, newest first. A run that comes to its end is among them. */
export function useRuns() {
  const engine = useEngine();
  const { data } = useReconciliation();
  return useQuery({
    queryKey: [...queryKeys.runs, data?.last?.runId],
    queryFn: async () => valueOrThrow(await engine.call('reconciliation.runs', {})),
    placeholderData: keepPreviousData,
  });
}

/** Runs a kept run once more and compares. */
export function useRepeat() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (runId: string) => valueOrThrow(await engine.call('reconciliation.repeat', { runId })),
  });
}

/** How many findings the last run has, where somebody has asked for it already; to show it costs no question. */
export function useKnownFindings(): number | undefined {
  const { data } = useQuery<ReconciliationState>({ queryKey: queryKeys.reconciliation, enabled: false });
  return data?.last?.findings;
}

/** Starts a run, or stops the one under way; the engine's answer is the new state. */
export function useReconciliationControl() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const show = (state: ReconciliationState): void => {
    queryClient.setQueryData<ReconciliationState>(queryKeys.reconciliation, state);
  };
  const run = useMutation({
    mutationFn: async (scope: ReconciliationScope) => valueOrThrow(await engine.call('reconciliation.run', { scope })),
    onSuccess: show,
  });
  const cancel = useMutation({
    mutationFn: async () => valueOrThrow(await engine.call('reconciliation.cancel', {})),
    onSuccess: show,
  });
  return { run, cancel };
}

/** The findings of a run that were read so far, page by page. Those of the last filter stay until others come. */
export function useFindingPages(runId: string, filter: FindingFilter, layout: FindingsLayout) {
  const engine = useEngine();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...queryKeys.findings, runId, filter, layout] as const,
      queryFn: async ({ pageParam }) =>
        valueOrThrow(
          await engine.call('reconciliation.findings', { runId, filter, layout, cursor: pageParam, limit: PAGE_ROWS }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (last, pages) => (pages.length < FINDING_PAGES_MAX ? last.nextCursor : null),
      placeholderData: keepPreviousData,
    }),
  );
}

/** One finding with the entries that explain it. */
export function useFinding(runId: string, findingId: string) {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.finding(runId, findingId),
    queryFn: async () => valueOrThrow(await engine.call('reconciliation.finding', { runId, findingId })),
  });
}

/** Writes the findings of a filter and layout as CSV. */
export function useFindingsExport() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (question: {
      readonly runId: string;
      readonly filter: FindingFilter;
      readonly layout: FindingsLayout;
    }) => valueOrThrow(await engine.call('reconciliation.export', question)),
  });
}
