import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BookedJob, CacheBooks } from '#cache/books.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { JobDocument } from '#store/ports.ts';
import { FailedReadingError } from '#store/failed-reading.ts';
import type { BookSource } from './read-view.ts';

/** Where a reading of everything takes its documents from. */
export interface ReadBooks {
  readonly source: BookSource;
  /** Nothing older than this is missing, in milliseconds since 1970; null where the server itself is read. */
  readonly copyAsOfMs: number | null;
}

/** The copy as a source of documents; what it is called with lets other work of the thread go on between two pages. */
export function bookSourceOf(books: CacheBooks): BookSource {
  return {
    iterateAccounts: (signal) => documentsOf(books.accounts(), signal, (account) => account),
    iterateJobs: (signal) => documentsOf(books.jobs(), signal, toJobDocument),
    iterateLedger: (signal) => documentsOf(books.ledger(), signal, (entry) => entry),
  };
}

async function* documentsOf<Row, Document>(
  pages: Iterable<Result<readonly Row[], AppError>>,
  signal: AbortSignal | undefined,
  convert: (row: Row) => Document,
): AsyncIterable<Document> {
  for (const page of pages) {
    if (!page.ok) throw new FailedReadingError(page.error);
    for (const row of page.value) yield convert(row);
    // SQLite answers at once: without a turn of its own nobody could ask to stop.
    await nextTurn();
    signal?.throwIfAborted();
  }
}

function toJobDocument(booked: BookedJob): JobDocument {
  if (booked.type !== 'unknown') return booked;
  return { type: 'malformed', malformed: { id: booked.id, problems: [] }, document: {} };
}

/**
 * Whether the copy can be held against the rules: complete, and every account and entry readable. Where it keeps a window of the
 * jobs only, everything is read from the server: half of the books would look like faults of the other half.
 * Errors: `copy_incomplete`, `malformed_document` with the document's id, those of the copy.
 * The copy stays as it is until `books.end`.
 */
export function beginReading(books: CacheBooks, server: BookSource): Result<ReadBooks, AppError> {
  const standing = books.begin();
  if (!standing.ok) return standing;
  if (standing.value.scope.keptSinceMs !== null) {
    books.end();
    return ok({ source: server, copyAsOfMs: null });
  }
  if (!standing.value.isComplete) return err(appError('copy_incomplete'));
  const unreadable = books.unreadable();
  if (!unreadable.ok) return unreadable;
  if (unreadable.value !== null) {
    const { part, id } = unreadable.value;
    return err(appError('malformed_document', `${part === 'ledger' ? 'ledger entry' : 'credit account'} ${id}`));
  }
  return ok({ source: bookSourceOf(books), copyAsOfMs: standing.value.asOfMs });
}
