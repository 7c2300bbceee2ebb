import { z } from 'zod';
import type { FailureCause } from '#contract/failure-views.ts';
import { jobFilterSchema, type JobFilter } from '#contract/job-views.ts';
import { printJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import type { FailureStanding } from '#domain/failure-groups.ts';

const DAY_MS = 86_400_000;

/** The times that failures can be looked at over, up to now; they are counted by days. */
export const FAILURE_PERIODS = {
  '1d': { lengthMs: DAY_MS, says: '1 day' },
  '7d': { lengthMs: 7 * DAY_MS, says: '7 days' },
  '30d': { lengthMs: 30 * DAY_MS, says: '30 days' },
  '90d': { lengthMs: 90 * DAY_MS, says: '90 days' },
} as const;
export type FailurePeriod = keyof typeof FAILURE_PERIODS;
export const failurePeriodSchema = z.enum(Object.keys(FAILURE_PERIODS) as [FailurePeriod, ...FailurePeriod[]]);

/** Which groups are on screen, by how they stand. */
export const FAILURE_SHELVES = {
  open: { says: 'To look at', standings: ['open', 'regressed', 'returned'] },
  ignored: { says: 'Ignored', standings: ['ignored'] },
  resolved: { says: 'Resolved', standings: ['resolved'] },
} as const satisfies Record<string, { says: string; standings: readonly FailureStanding[] }>;
export type FailureShelf = keyof typeof FAILURE_SHELVES;
export const failureShelfSchema = z.enum(Object.keys(FAILURE_SHELVES) as [FailureShelf, ...FailureShelf[]]);

/** What the screen of failures shows, as it stands in its address. */
export interface FailuresScreenView {
  readonly period: FailurePeriod;
  readonly shelf: FailureShelf;
  readonly classes: readonly FailureClass[];
  readonly workspaceId: string | null;
}

/** Reads a view from an address; a part that makes no sense is dropped. */
export function parseFailuresQuery(query: string): FailuresScreenView {
  const params = new URLSearchParams(query);
  return {
    period: failurePeriodSchema.catch('7d').parse(params.get('period')),
    shelf: failureShelfSchema.catch('open').parse(params.get('shelf')),
    classes: z
      .array(failureClassSchema)
      .catch([])
      .parse(params.get('class')?.split(',') ?? []),
    workspaceId: params.get('workspace'),
  };
}

/** The address of a view of failures. */
export function failuresHref({ period, shelf, classes, workspaceId }: FailuresScreenView): string {
  const params = new URLSearchParams();
  if (period !== '7d') params.set('period', period);
  if (shelf !== 'open') params.set('shelf', shelf);
  if (classes.length > 0) params.set('class', classes.join(','));
  if (workspaceId !== null) params.set('workspace', workspaceId.toWellFormed());
  const query = params.toString();
  return query === '' ? '/failures' : `/failures?${query}`;
}

/** The part of the list's filter that leaves the jobs of a cause. @param workspaceId of which alone; null for every workspace */
export function jobsOfCause({ fingerprint }: FailureCause, workspaceId: string | null): Partial<JobFilter> {
  return { fingerprint, workspaceId };
}

/** The address of a plan to retry the failed jobs of a cause. @param workspaceId of which alone; null for every workspace */
export function planHref(cause: FailureCause, workspaceId: string | null): string {
  const filter = jobFilterSchema.parse({ states: ['failed'], ...jobsOfCause(cause, workspaceId) });
  return `/plans/new?where=${encodeURIComponent(printJobQuery(filter, CREDIT_SCALE).toWellFormed())}`;
}
