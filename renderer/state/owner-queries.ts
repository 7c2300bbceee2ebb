import { keepPreviousData, queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { OwnerKind } from '#contract/owner-views.ts';
import type { TimedList } from '#contract/requests/definition.ts';
import { jobFilterSchema, type JobFilter } from '#contract/job-views.ts';
import type { EngineClient } from './engine-client.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { DEFAULT_SORT } from './jobs-query-string.ts';

/** Entries of one page of an owner's ledger. */
const LEDGER_PAGE = 50;
/** Jobs of the short lists. */
const LATEST_MAX = 8;

/** The filter of an owner's jobs. */
export function ownerFilter(owner: OwnerKind, id: string): Pick<JobFilter, 'workspaceId' | 'userId'> {
  return owner === 'workspace' ? { workspaceId: id, userId: null } : { workspaceId: null, userId: id };
}

/** All jobs of a workspace or a user, summed up, with the account. */
export function useOwner(owner: OwnerKind, id: string) {
  const engine = useEngine();
  return useQuery({
    queryKey: [...queryKeys.owners, owner, id],
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('owner.get', { owner, id }, signal)),
  });
}

/** The ledger of a workspace, or of a user's jobs, by time. */
export function useOwnerLedger(owner: OwnerKind, id: string, view: TimedList) {
  const engine = useEngine();
  return useInfiniteQuery({
    queryKey: [...queryKeys.ownerLedger, owner, id, view],
    queryFn: async ({ pageParam, signal }) =>
      valueOrThrow(
        await engine.call('owner.ledger', { ...view, owner, id, cursor: pageParam, limit: LEDGER_PAGE }, signal),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });
}

/** The question for the newest jobs of an owner in some states; for all of them where none is given. */
export function latestJobsOf(engine: EngineClient, owner: OwnerKind, id: string, states: JobFilter['states']) {
  const filter = jobFilterSchema.parse({ ...ownerFilter(owner, id), states });
  return queryOptions({
    queryKey: [...queryKeys.latestJobs, filter],
    queryFn: async ({ signal }) =>
      valueOrThrow(
        await engine.call('jobs.page', { filter, sort: DEFAULT_SORT, cursor: null, limit: LATEST_MAX }, signal),
      ).rows,
  });
}

/** The newest jobs of an owner in some states; all of them where none is given. */
export function useLatestJobs(owner: OwnerKind, id: string, states: JobFilter['states']) {
  return useQuery(latestJobsOf(useEngine(), owner, id, states));
}
