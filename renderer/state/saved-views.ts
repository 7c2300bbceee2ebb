import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SavedView } from '#contract/own-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { parseJobsQuery } from './jobs-query-string.ts';

/** A view of the list of jobs under a name, and how many jobs it has; the count is null while it is not known. */
export interface CountedView extends SavedView {
  readonly count: { readonly count: number; readonly isExact: boolean } | null;
}

/** The views that the person has saved, in their order. */
export function useSavedViews() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.views,
    queryFn: async () => valueOrThrow(await engine.call('views.list', {})).views,
  });
}

/** The saved views of the list of jobs with their counts, which are live as the list is. */
export function useCountedViews(): readonly CountedView[] {
  const engine = useEngine();
  const views = (useSavedViews().data ?? []).filter(({ href }) => href === '/jobs' || href.startsWith('/jobs?'));
  const counts = useQueries({
    queries: views.map(({ href }) => {
      const { filter } = parseJobsQuery(href.split('?').slice(1).join('?'));
      return {
        queryKey: [...queryKeys.jobCounts, filter],
        queryFn: async () => valueOrThrow(await engine.call('jobs.count', { filter })),
      };
    }),
  });
  return views.map((view, index) => ({ ...view, count: counts[index]?.data ?? null }));
}

/** Saves a view under its id, or takes it away. */
export function useViewChange() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (change: { readonly put: SavedView } | { readonly remove: string }) =>
      'put' in change
        ? valueOrThrow(await engine.call('views.put', change.put))
        : valueOrThrow(await engine.call('views.delete', { id: change.remove })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: queryKeys.views }),
  });
}
