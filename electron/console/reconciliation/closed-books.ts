import { sha256OfText } from '#cache/sha256.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { findBrokenLink, type ClosedPeriod } from '#domain/reconciliation/period-close.ts';
import { mergeSeen, NOTHING_SEEN, pickSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { PeriodStore } from '#store/period-store.ts';
import { openSealed, saveSealed } from './memory-folder.ts';
import { decodeSeen, encodeSeen } from './view-file.ts';

/** The closed months and everything that they counted. */
export interface ClosedBooks {
  /** Oldest first. */
  readonly closed: readonly ClosedPeriod[];
  readonly sealed: SeenEntries;
}

/**
 * The closed months of a server, read anew only once another month was closed: what they counted is as large as their ledger.
 */
export class ClosedBooksKeeper {
  readonly #folder: string;
  #kept: { readonly head: string; readonly books: ClosedBooks } | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Gives back the memory that they take. */
  release(): void {
    this.#kept = null;
  }

  /** Errors: those of {@link readClosedBooks}. */
  async read(periods: Pick<PeriodStore, 'list' | 'readEntries'>): Promise<Result<ClosedBooks, AppError>> {
    const listed = await periods.list();
    if (!listed.ok) return listed;
    // Each month's hash contains that of the month before, so that the last one names the whole chain.
    const head = JSON.stringify(listed.value);
    if (this.#kept?.head === head) return ok(this.#kept.books);
    const books = await readClosedBooks(
      { list: () => Promise.resolve(listed), readEntries: (closed) => periods.readEntries(closed) },
      this.#folder,
    );
    if (books.ok) this.#kept = { head, books: books.value };
    return books;
  }
}

/** Rows of one part: 36 bytes each, and a document holds 16 MB. */
const PART_ROWS = 200_000;

/**
 * Reads the closed months from the server and proves their chain. What a month counted is kept in the folder once it was read.
 * Errors: `malformed_document` for a chain that does not hold together; those of the connection.
 */
export async function readClosedBooks(
  periods: Pick<PeriodStore, 'list' | 'readEntries'>,
  folder: string | null,
): Promise<Result<ClosedBooks, AppError>> {
  const listed = await periods.list();
  if (!listed.ok) return listed;
  const closed = listed.value;
  const broken = findBrokenLink(closed, sha256OfText);
  if (broken !== null) return err(appError('malformed_document', `the chain of closed months breaks at ${broken}`));
  let sealed = NOTHING_SEEN;
  for (const record of closed) {
    const counted = await readCounted(periods, record, folder);
    if (!counted.ok) return counted;
    sealed = mergeSeen(counted.value, sealed);
  }
  return ok({ closed, sealed });
}

async function readCounted(
  periods: Pick<PeriodStore, 'readEntries'>,
  record: ClosedPeriod,
  folder: string | null,
): Promise<Result<SeenEntries, AppError>> {
  // The hash of the month is in the name: what another server of the same name has closed is never taken for it.
  const name = `sealed-${record.period}-${record.hash.slice(0, 16)}`;
  const kept = folder === null ? null : await openSealed(folder, name);
  if (kept !== null) return ok(kept);
  const parts = await periods.readEntries(record);
  if (!parts.ok) return parts;
  let counted = NOTHING_SEEN;
  for (const bytes of parts.value) {
    const part = decodeSeen(bytes);
    if (!part.ok) return part;
    counted = mergeSeen(part.value, counted);
  }
  if (folder !== null) {
    const saved = await saveSealed(folder, name, counted);
    if (!saved.ok) return saved;
  }
  return ok(counted);
}

/** What a month counted, in parts that fit into a document. */
export function partsOfSealed(sealed: SeenEntries): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(sealed.count / PART_ROWS));
  return Array.from({ length: count }, (_, part) => {
    const rows = pickSeen(sealed, (row) => Math.floor(row / PART_ROWS) === part);
    return Buffer.concat(encodeSeen(rows));
  });
}
