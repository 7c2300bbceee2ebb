import { setImmediate as nextTurn } from 'node:timers/promises';
import { appError, type AppError } from '#domain/errors.ts';
import { PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import type { PlanItem } from '#domain/retry-plan/plan-item.ts';
import type { PlanTotals } from '#domain/retry-plan/plan-record.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { JobSource, SourcedJobs } from './plan-source.ts';

/** How many jobs are asked for at once: few enough that nothing else waits for long. */
const READ_AT_ONCE = 4000;
/** How many such questions are under way at once: as many as threads read the copy. */
const READS_AT_ONCE = 2;

/** What a plan is drafted with, beside its jobs. */
export interface DraftOrder {
  readonly policy: RetryPolicy;
  readonly reason: string;
  readonly isCollecting: boolean;
  readonly signal: AbortSignal;
}

/**
 * Judges every job of a plan, in the order of their ids, a few thousand at a time and with turns between for everything else.
 * Errors, besides the source's: `cancelled`.
 */
export async function draftPlan(
  source: JobSource,
  ids: readonly string[],
  order: DraftOrder,
): Promise<Result<{ readonly items: readonly PlanItem[]; readonly totals: PlanTotals }, AppError>> {
  const pages = Array.from({ length: Math.ceil(ids.length / READ_AT_ONCE) }, (_, n) =>
    ids.slice(n * READ_AT_ONCE, (n + 1) * READ_AT_ONCE),
  );
  const read = await readPages(source, pages, order.signal);
  if (!read.ok) return read;
  const kinds = new Set(read.value.flatMap(({ subjects }) => [...subjects.values()].map(({ kind }) => kind)));
  const experience = await source.experience([...kinds]);
  if (!experience.ok) return experience;
  const available = new Map(read.value.flatMap((page) => [...page.available]));
  let twins: ReadonlyMap<string, string> = new Map();
  const draft = new PlanDraft({
    policy: order.policy,
    reason: order.reason,
    isCollecting: order.isCollecting,
    experience: experience.value,
    availableOf: (workspaceId) => available.get(workspaceId) ?? 0,
    liveWithInput: ({ jobId }) => twins.get(jobId) ?? null,
  });
  const items: PlanItem[] = [];
  for (const [n, page] of pages.entries()) {
    const jobs = read.value[n];
    twins = jobs?.twins ?? twins;
    for (const id of page) {
      const found = jobs?.subjects.get(id);
      const why = jobs?.malformed.get(id) ?? 'There is no such job.';
      const item = found === undefined ? draft.addUnreadable(id, why) : draft.add(found);
      if (item !== null) items.push(item);
    }
    await nextTurn();
    if (order.signal.aborted) return err(appError('cancelled'));
  }
  return ok({ items, totals: draft.totals() });
}

/** Reads pages of ids, some at once. @returns what was found of each, in the order of the pages */
async function readPages(
  source: JobSource,
  pages: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<Result<readonly SourcedJobs[], AppError>> {
  const found: SourcedJobs[] = [];
  let next = 0;
  const readOn = async (): Promise<Result<void, AppError>> => {
    for (;;) {
      const n = next;
      const page = pages[n];
      if (page === undefined) return ok(undefined);
      if (signal.aborted) return err(appError('cancelled'));
      next += 1;
      const read = await source.jobs(page);
      if (!read.ok) return read;
      found[n] = read.value;
    }
  };
  const ends = await Promise.all(Array.from({ length: READS_AT_ONCE }, readOn));
  const failed = ends.find((end) => !end.ok);
  return failed === undefined || failed.ok ? ok(found) : failed;
}
