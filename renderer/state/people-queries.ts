import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TimedList } from '#contract/requests/definition.ts';
import type { RequestParams } from '#contract/requests.ts';
import type { Role } from '#domain/people.ts';
import { valueOrThrow } from './engine-failure.ts';
import { PAGE_ROWS, queryKeys, useEngine } from './engine-queries.tsx';
import { putNewerAnswer } from './newer-answer.ts';

/** Which entries of the audit are on screen; null stands for any. */
export type AuditFilter = RequestParams<'audit.page'>['filter'];

/** Everybody who has a role, and entries that cannot be read. */
export function usePeople() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.people,
    queryFn: async () => valueOrThrow(await engine.call('people.list', {})),
  });
}

/** Gives somebody a role, null takes it away. */
export function useRoleChange() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: { readonly personId: string; readonly role: Role | null }) =>
      valueOrThrow(await engine.call('people.set', order)),
    onSuccess: (people) => putNewerAnswer(queryClient, queryKeys.people, people),
  });
}

/** The entries of the audit that were read so far, by time. */
export function useAuditPages(filter: AuditFilter, view: TimedList) {
  const engine = useEngine();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...queryKeys.audit, filter, view] as const,
      queryFn: async ({ pageParam }) =>
        valueOrThrow(await engine.call('audit.page', { ...view, filter, cursor: pageParam, limit: PAGE_ROWS })),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.nextCursor,
    }),
  );
}

/** Checks the whole audit, entry by entry. */
export function useAuditCheck() {
  const engine = useEngine();
  return useMutation({ mutationFn: async () => valueOrThrow(await engine.call('audit.verify', {})) });
}
