import type { LoggedChanges } from '#cache/book-log.ts';
import type { BookedJob, CacheBooks } from '#cache/books.ts';
import type { AppError } from '#domain/errors.ts';
import { jobFactsOf, type ChargeRule, type JobFacts } from '#domain/reconciliation/facts.ts';
import type { BookChanges } from '#domain/reconciliation/standing/book-changes.ts';
import type { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { ok, type Result } from '#domain/result.ts';

/** Reads from the copy what changed, and nothing else. Errors: those of the copy. */
export function readChanges(
  books: CacheBooks,
  logged: LoggedChanges,
  base: IndexedView,
  chargeRule: ChargeRule,
): Result<BookChanges, AppError> {
  const jobs = readEach(logged.jobIds, (id) => {
    const job = books.job(id);
    return job.ok ? ok(factsOf(job.value, chargeRule)) : job;
  });
  if (!jobs.ok) return jobs;
  const entries = readEach(logged.entryKeys, (key) => books.entry(key));
  if (!entries.ok) return entries;
  const workspaceIds = new Set([
    ...logged.workspaceIds,
    ...base.workspacesOfEntries(logged.entryKeys),
    ...base.overlaidWorkspaces,
  ]);
  const accounts = readEach([...workspaceIds], (id) => books.account(id));
  if (!accounts.ok) return accounts;
  return ok({
    jobs: jobs.value,
    accounts: accounts.value,
    entries: entries.value,
    generationIds: new Set(logged.generationIds),
  });
}

function factsOf(job: BookedJob | null, chargeRule: ChargeRule): JobFacts | 'malformed' | null {
  if (job === null) return null;
  return job.type === 'job' ? jobFactsOf(job.job, chargeRule) : 'malformed';
}

function readEach<Value>(
  ids: readonly string[],
  read: (id: string) => Result<Value, AppError>,
): Result<ReadonlyMap<string, Value>, AppError> {
  const found = new Map<string, Value>();
  for (const id of ids) {
    const one = read(id);
    if (!one.ok) return one;
    found.set(id, one.value);
  }
  return ok(found);
}
