import {
  keepPreviousData,
  notifyManager,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useMutationState,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { createContext, use, type ReactNode } from 'react';
import type { JobFilter } from '#contract/job-views.ts';
import type { RunnerAction } from '#contract/runner-action.ts';
import type { JobCounts } from '#contract/status.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import type { EngineClient } from './engine-client.ts';
import { shouldAskAgain, valueOrThrow } from './engine-failure.ts';

/** Rows of one page of a list. */
export const PAGE_ROWS = 200;
/** After this many loaded pages no further ones are loaded: whoever is there needs a filter, not more scrolling. */
const LOADED_PAGES_MAX = 250;
/** How often the engine is asked whether it still answers, in milliseconds; its events carry everything else. */
const STATUS_POLL_MS = 5_000;
/** A list that nobody looked at for this long is read anew when it is opened, in milliseconds. */
const STALE_MS = 30_000;

const EngineContext = createContext<EngineClient | null>(null);
const CreditScaleContext = createContext(CREDIT_SCALE);

/** Hands the engine's client to every hook below it. */
export function EngineProvider({ client, children }: { client: EngineClient; children: ReactNode }): ReactNode {
  return (
    <EngineContext value={client}>
      <CreditScaleProvider>{children}</CreditScaleProvider>
    </EngineContext>
  );
}

/** Asks for the scale once: an amount in each row of a table would otherwise observe the engine's status on its own. */
function CreditScaleProvider({ children }: { children: ReactNode }): ReactNode {
  return (
    <CreditScaleContext value={useEngineStatus().data?.creditScale ?? CREDIT_SCALE}>{children}</CreditScaleContext>
  );
}

/** The engine's client of this window. */
export function useEngine(): EngineClient {
  const client = use(EngineContext);
  if (client === null) throw new Error('useEngine needs an EngineProvider above it.');
  return client;
}

/** The store of everything that was read from the engine. */
export function createQueryClient(): QueryClient {
  // Of itself it tells of what has begun a task later, and a second press may come before that task: it was sent once more.
  notifyManager.setScheduler(queueMicrotask);
  return new QueryClient({
    defaultOptions: {
      // The engine is in this machine: whether the machine is online says nothing about it.
      queries: {
        networkMode: 'always',
        staleTime: STALE_MS,
        retry: shouldAskAgain,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

/** The keys under which answers are kept. */
export const queryKeys = {
  status: ['status.get'] as const,
  jobPages: ['jobs.page'] as const,
  latestJobs: ['jobs.latest'] as const,
  foundJobs: ['jobs.found'] as const,
  foundOwners: ['owner.find'] as const,
  jobCounts: ['jobs.count'] as const,
  jobs: ['job.get'] as const,
  job: (jobId: string) => ['job.get', jobId] as const,
  health: ['health.get'] as const,
  healthJobs: ['health.jobs'] as const,
  failures: ['failures.list'] as const,
  fleet: ['fleet.list'] as const,
  fleetLimits: ['fleet.limits'] as const,
  malformed: ['malformed.page'] as const,
  alerts: ['alerts.get'] as const,
  owners: ['owner.get'] as const,
  ownerLedger: ['owner.ledger'] as const,
  views: ['views.list'] as const,
  people: ['people.list'] as const,
  drafts: ['drafts.list'] as const,
  copy: ['copy.get'] as const,
  copyTask: ['copy.task'] as const,
  profiles: ['profiles.list'] as const,
  audit: ['audit.page'] as const,
  reconciliation: ['reconciliation.get'] as const,
  runs: ['reconciliation.runs'] as const,
  findings: ['reconciliation.findings'] as const,
  finding: (runId: string, findingId: string) => ['reconciliation.finding', runId, findingId] as const,
};

/** What the engine says about itself. Kept up by events; asked again now and then to notice an engine that is gone. */
export function useEngineStatus() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.status,
    queryFn: async () => valueOrThrow(await engine.call('status.get', {})),
    refetchInterval: STATUS_POLL_MS,
    retry: false,
  });
}

/** How many jobs there are; nothing before that is known, which takes as long as a copy of an older version is upgraded. */
export function useKnownCounts(): JobCounts | undefined {
  const status = useEngineStatus().data;
  return status?.copyUpgrade === null ? status.counts : undefined;
}

/** True where the engine says that the server cannot be reached: what would be written can only be kept. */
export function useIsServerAway(): boolean {
  return useEngineStatus().data?.connection.state === 'disconnected';
}

/** How many decimals the smallest unit of credits stands for; the program's own until the engine has said so. */
export function useCreditScale(): number {
  return use(CreditScaleContext);
}

/** The question how many jobs a filter matches. */
export function countOf(engine: EngineClient, filter: JobFilter) {
  return queryOptions({
    queryKey: [...queryKeys.jobCounts, filter],
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('jobs.count', { filter }, signal)),
    placeholderData: keepPreviousData,
  });
}

/** How many jobs a filter matches. */
export function useJobCount(filter: JobFilter) {
  return useQuery(countOf(useEngine(), filter));
}

/** Everything about one job. */
export function useJob(jobId: string) {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.job(jobId),
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('job.get', { jobId }, signal)),
  });
}

/** What can be shown of a job's output, its hash checked. @param sha256 of the output: another one is looked at anew */
export function useOutput(jobId: string, sha256: string) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['output.get', jobId, sha256],
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('output.get', { jobId }, signal)),
    retry: false,
  });
}

/** How often it is asked anew why a job is not moving: leases and runners change without a word. */
const WHY_POLL_MS = 5_000;

/** Why a job is not moving. @param seenAtMs its last change: after another one it is asked anew */
export function useStandstill(jobId: string, seenAtMs: number) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['job.why', jobId, seenAtMs],
    queryFn: async () => valueOrThrow(await engine.call('job.why', { jobId })),
    placeholderData: keepPreviousData,
    refetchInterval: WHY_POLL_MS,
    retry: false,
  });
}

/** The documents that are no jobs, accounts or entries, page by page. */
export function useMalformedPages() {
  const engine = useEngine();
  return useInfiniteQuery({
    queryKey: queryKeys.malformed,
    queryFn: async ({ pageParam, signal }) =>
      valueOrThrow(await engine.call('malformed.page', { cursor: pageParam, limit: PAGE_ROWS }, signal)),
    initialPageParam: null as string | null,
    getNextPageParam: (last, pages) => (pages.length < LOADED_PAGES_MAX ? last.nextCursor : null),
  });
}

/** Under this key orders to this machine's runner are kept. */
export const RUNNER_ORDERS = ['runner.control'] as const;

/** Pauses or resumes this machine's runner; the engine's answer is shown at once. */
export function useRunnerControl() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationKey: RUNNER_ORDERS,
    // However long ago it was: an older order that failed would be the last one otherwise.
    gcTime: Infinity,
    mutationFn: async (action: RunnerAction) => valueOrThrow(await engine.call('runner.control', { action })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.status }),
  });
}

/**
 * Why the last order to this machine's runner was not carried out, wherever on the page it was given: what gave it may be closed by then.
 * Null where it was carried out, is under way, or none was given.
 */
export function useRunnerOrderFailure(): Error | null {
  const failures = useMutationState({ filters: { mutationKey: RUNNER_ORDERS }, select: ({ state }) => state.error });
  return failures.at(-1) ?? null;
}
