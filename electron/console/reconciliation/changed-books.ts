import type { LoggedChanges } from '#cache/book-log.ts';
import type { BookedJob, CacheBooks } from '#cache/books.ts';
import type { AppError } from '#domain/errors.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import type { ChangedBooks } from '#domain/reconciliation/blocks/block-changes.ts';
import { jobFactsOf, type ChargeRule, type JobFacts } from '#domain/reconciliation/facts.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { FailedReadingError } from '#store/failed-reading.ts';

/** What changed in the copy, and how many documents that is; the copy is asked for others by the way. */
export interface ReadChanges {
  readonly books: ChangedBooks;
  readonly size: number;
}

/**
 * Reads from the copy what changed, and nothing else. Errors: those of the copy. What is asked of the changes later on throws
 * {@link FailedReadingError} with the same ones.
 */
export function readChanges(
  books: CacheBooks,
  logged: LoggedChanges,
  chargeRule: ChargeRule,
): Result<ReadChanges, AppError> {
  const jobNow = remembered((id: string) => {
    const job = books.job(id);
    return job.ok ? ok(factsOf(job.value, chargeRule)) : job;
  });
  const accountNow = remembered((id: string) => books.account(id));
  const entries = new Map<string, LedgerEntry | null>();
  for (const key of logged.entryKeys) {
    const entry = books.entry(key);
    if (!entry.ok) return entry;
    entries.set(key, entry.value);
  }
  try {
    return ok({
      books: {
        jobs: new Map(logged.jobIds.map((id) => [id, jobNow(id)])),
        entries,
        workspaceIds: new Set(logged.workspaceIds),
        generationIds: new Set(logged.generationIds),
        jobNow,
        accountNow,
      },
      size: logged.jobIds.length + logged.entryKeys.length + logged.workspaceIds.length,
    });
  } catch (cause) {
    if (cause instanceof FailedReadingError) return err(cause.error);
    throw cause;
  }
}

/** Asks for each id once. */
function remembered<Value>(read: (id: string) => Result<Value, AppError>): (id: string) => Value {
  const found = new Map<string, Value>();
  return (id) => {
    const standing = found.get(id);
    if (standing !== undefined) return standing;
    const value = read(id);
    if (!value.ok) throw new FailedReadingError(value.error);
    found.set(id, value.value);
    return value.value;
  };
}

function factsOf(job: BookedJob | null, chargeRule: ChargeRule): JobFacts | 'malformed' | null {
  if (job === null) return null;
  return job.type === 'job' ? jobFactsOf(job.job, chargeRule) : 'malformed';
}
