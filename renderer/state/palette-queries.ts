import { queryOptions, useQuery } from '@tanstack/react-query';
import type { JobRow } from '#contract/job-views.ts';
import type { FoundOwners } from '#contract/owner-views.ts';
import type { EngineClient } from './engine-client.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { DEFAULT_SORT } from './jobs-query-string.ts';

/** Letters below which nothing is searched for: one stands for almost everything. */
const FOUND_CHARS_MIN = 2;
/** Jobs, and of workspaces and users so many each. */
const FOUND_MAX = 7;

// An answer is that to its own letters only: rows of the ones before would be opened in place of what is asked for now. Nothing is
// asked again by itself either, because whoever types on asks anew and whoever waits is told at once what is the case.

/** The question for the newest jobs that words or an id lead to. @param text as typed, without spaces around it */
export function foundJobsOf(engine: EngineClient, text: string) {
  return queryOptions({
    queryKey: [...queryKeys.foundJobs, text],
    queryFn: async ({ signal }): Promise<readonly JobRow[]> => {
      const asked = { filter: { text }, sort: DEFAULT_SORT, cursor: null, limit: FOUND_MAX };
      return valueOrThrow(await engine.call('jobs.page', asked, signal)).rows;
    },
    enabled: text.length >= FOUND_CHARS_MIN,
    retry: false,
  });
}

/** The question for the workspaces and users whose ids begin so. @param text as typed, without spaces around it */
export function foundOwnersOf(engine: EngineClient, text: string) {
  return queryOptions({
    queryKey: [...queryKeys.foundOwners, text],
    queryFn: async ({ signal }) =>
      valueOrThrow(await engine.call('owner.find', { beginning: text, limit: FOUND_MAX }, signal)),
    enabled: text.length >= FOUND_CHARS_MIN,
    retry: false,
  });
}

/** What the engine found for some letters. */
export interface Found extends FoundOwners {
  readonly jobs: readonly JobRow[];
  /** True until everything was answered; nothing is shown before, so that no row moves under somebody who presses Enter. */
  readonly isLooking: boolean;
  /** Why a part of it could not be looked for; null where all could. */
  readonly failure: Error | null;
}

/** One answer, as far as it matters here. */
interface Answer<Value> {
  readonly data: Value | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

/** Puts the answers to one question together; what could not be read hides nothing of the rest. */
export function foundBy(jobs: Answer<readonly JobRow[]>, owners: Answer<FoundOwners>): Found {
  const isLooking = jobs.isLoading || owners.isLoading;
  const shown = <Value>({ data, error }: Answer<Value>): Value | undefined =>
    isLooking || error !== null ? undefined : data;
  const { workspaceIds = [], userIds = [] } = shown(owners) ?? {};
  return {
    jobs: shown(jobs) ?? [],
    workspaceIds,
    userIds,
    isLooking,
    failure: isLooking ? null : (jobs.error ?? owners.error),
  };
}

/** What is found for what was typed, for the command palette. @param text as typed, without spaces around it */
export function useFound(text: string): Found {
  const engine = useEngine();
  return foundBy(useQuery(foundJobsOf(engine, text)), useQuery(foundOwnersOf(engine, text)));
}
