import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { HealthJobsQuery } from '#contract/health-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { HEALTH_PERIODS, type HealthScreenView } from './health-query-string.ts';

/** How often health is asked for anew, in milliseconds: the period ends now, and now moves also where nothing else does. */
const HEALTH_POLL_MS = 5_000;

/** How generation is doing over the period up to now, beside the one before. */
export function useHealth({ period, groupBy, filter }: HealthScreenView) {
  const engine = useEngine();
  return useQuery({
    queryKey: [...queryKeys.health, period, groupBy, filter],
    queryFn: async ({ signal }) => {
      const toMs = Date.now();
      const fromMs = toMs - HEALTH_PERIODS[period].lengthMs;
      return {
        view: valueOrThrow(await engine.call('health.get', { fromMs, toMs, groupBy, filter }, signal)),
        atMs: toMs,
      };
    },
    refetchInterval: HEALTH_POLL_MS,
    placeholderData: keepPreviousData,
  });
}

/** The jobs behind a mark of health. */
export function useHealthJobs(query: HealthJobsQuery) {
  const engine = useEngine();
  return useQuery({
    queryKey: [...queryKeys.healthJobs, query],
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('health.jobs', query, signal)),
    staleTime: 0,
  });
}
