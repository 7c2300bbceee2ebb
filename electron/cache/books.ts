import type { Database, Statement } from 'better-sqlite3';
import type { AppError } from '#domain/errors.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { NO_BALANCE, runningBalance, type LedgerBalance } from '#domain/reconciliation/running-balance.ts';
import type { Result } from '#domain/result.ts';
import { toLedgerEntry, type LedgerColumns } from './book-tables.ts';
import type { CachedDocument, CachedPart } from './changes.ts';
import { openBeside } from './open-beside.ts';
import { DOCUMENTS_BYTES, toCachedAccount, toCachedDocument } from './parsed-documents.ts';
import { StandingReader, type Standing } from './snapshot-book.ts';
import { BookLogReader, type LoggedChanges, type LogPosition } from './book-log.ts';
import { attemptSql } from './sqlite-errors.ts';

/** Documents that one page carries: few enough that a page takes a few milliseconds. */
const PAGE_ROWS = 500;
/** The most ledger entries that are given for one generation or workspace. */
export const BOOK_ENTRIES_MAX = 1000;

/** A document of the job collection; one that was not handed over is known by its id alone. */
export type BookedJob = CachedDocument | { readonly type: 'unknown'; readonly id: string };

/** A document that should be an account or an entry and is none. */
export interface UnreadableBook {
  readonly part: CachedPart;
  readonly id: string;
}

/** The last entries of a workspace, oldest first, and where its ledger stood before them. */
export interface WorkspaceEntries {
  readonly opening: LedgerBalance;
  readonly entries: readonly LedgerEntry[];
}

interface MalformedJobRow {
  readonly id: string;
  readonly has_text_id: number;
  readonly document: Buffer | null;
}

type Page<Row> = Result<readonly Row[], AppError>;

/**
 * Reads everything of the copy that reconciliation needs, page by page, over a connection of its own that cannot write; it may
 * stand in another thread than the writer. Between `begin` and `end` every page is of one state of the copy; the file's log
 * grows meanwhile. Errors: `cache_unusable`, `timed_out`.
 */
export class CacheBooks {
  readonly #db: Database;
  readonly #standing: StandingReader;
  readonly #accounts: Statement<[string, number], { id: string; document: Buffer }>;
  readonly #jobs: Statement<[number, number], { num: number; document: Buffer }>;
  readonly #malformedJobs: Statement<[string, number, number], MalformedJobRow>;
  readonly #ledger: Statement<[number, number], LedgerColumns & { readonly num: number }>;
  readonly #lastEntry: Statement<[], { num: number }>;
  readonly #unreadable: Statement<[], UnreadableBook>;
  readonly #ofGeneration: Statement<[string, number], LedgerColumns>;
  readonly #entry: Statement<[string], LedgerColumns>;
  readonly #account: Statement<[string], { document: Buffer }>;
  readonly #lastOfWorkspace: Statement<[string, number], LedgerColumns>;
  readonly #sumOfWorkspace: Statement<[string], LedgerBalance>;
  readonly #log: BookLogReader;
  readonly #job: Statement<[string], { document: Buffer }>;
  readonly #malformedJob: Statement<[string], { document: Buffer | null }>;

  private constructor(db: Database) {
    this.#db = db;
    this.#standing = new StandingReader(db);
    this.#accounts = db.prepare('SELECT id, document FROM accounts WHERE id > ? ORDER BY id LIMIT +?');
    this.#jobs = db.prepare('SELECT num, document FROM job_documents WHERE num > ? ORDER BY num LIMIT +?');
    this.#malformedJobs = db.prepare(
      `SELECT id, has_text_id, document FROM malformed
       WHERE part = 'jobs' AND (id, has_text_id) > (?, ?) ORDER BY id, has_text_id LIMIT +?`,
    );
    this.#ledger = db.prepare('SELECT rowid AS num, * FROM ledger WHERE rowid > ? ORDER BY rowid LIMIT +?');
    this.#lastEntry = db.prepare('SELECT coalesce(max(rowid), 0) AS num FROM ledger');
    this.#log = new BookLogReader(db);
    this.#job = db.prepare('SELECT document FROM jobs JOIN job_documents USING (num) WHERE id = ?');
    this.#malformedJob = db.prepare(
      "SELECT document FROM malformed WHERE part = 'jobs' AND id = ? ORDER BY has_text_id DESC LIMIT 1",
    );
    this.#unreadable = db.prepare("SELECT part, id FROM malformed WHERE part IN ('accounts', 'ledger') LIMIT 1");
    this.#ofGeneration = db.prepare('SELECT * FROM ledger WHERE generation_id = ? ORDER BY at_ms, id LIMIT +?');
    this.#entry = db.prepare('SELECT * FROM ledger WHERE id = ?');
    this.#account = db.prepare('SELECT document FROM accounts WHERE id = ?');
    this.#lastOfWorkspace = db.prepare(
      'SELECT * FROM ledger WHERE workspace = ? ORDER BY at_ms DESC, id DESC LIMIT +?',
    );
    this.#sumOfWorkspace = db.prepare(
      `SELECT
         coalesce(sum(CASE WHEN type IN ('grant', 'refund', 'adjust') THEN credits
                           WHEN type = 'capture' THEN -credits ELSE 0 END), 0) AS total,
         coalesce(sum(CASE WHEN type = 'reserve' THEN credits
                           WHEN type IN ('capture', 'release') THEN -credits ELSE 0 END), 0) AS held
       FROM ledger WHERE workspace = ?`,
    );
  }

  /** Opens the copy that stands in a file. Errors: `not_found`; `copy_upgrading`; those of the copy. */
  static open(file: string): Result<CacheBooks, AppError> {
    return openBeside(file, { readonly: true }, (db) => new CacheBooks(db));
  }

  /** From here to `end` the copy does not change for this reader. */
  begin(): Result<Standing, AppError> {
    return attemptSql(() => {
      this.#db.exec('BEGIN');
      return this.#standing.read();
    });
  }

  /** Ends what `begin` began. Idempotent. */
  end(): void {
    if (this.#db.inTransaction) this.#db.exec('COMMIT');
  }

  /** Idempotent. */
  close(): void {
    this.#db.close();
  }

  /** Pages of all accounts. Ends behind the first page that fails. */
  accounts(): Iterable<Page<CreditAccount>> {
    return pages('', (after: string) => {
      const rows = this.#accounts.all(after, PAGE_ROWS);
      return { after: rows.at(-1)?.id, rows: rows.map(({ document }) => toCachedAccount(document)) };
    });
  }

  /** Pages of all documents of the job collection. Ends behind the first page that fails. */
  *jobs(): Iterable<Page<BookedJob>> {
    yield* pages(Number.MIN_SAFE_INTEGER, (after: number) => {
      const rows = pageOf(this.#jobs.iterate(after, PAGE_ROWS));
      return { after: rows.at(-1)?.num, rows: rows.map(({ document }) => toCachedDocument(document)) };
    });
    yield* pages({ id: '', has_text_id: -1 }, (after: Omit<MalformedJobRow, 'document'>) => {
      const rows = pageOf(this.#malformedJobs.iterate(after.id, after.has_text_id, PAGE_ROWS));
      return {
        after: rows.at(-1),
        rows: rows.map(({ id, document }) =>
          document === null ? ({ type: 'unknown', id } as const) : toCachedDocument(document),
        ),
      };
    });
  }

  /** Pages of all ledger entries. Ends behind the first page that fails. */
  ledger(): Iterable<Page<LedgerEntry>> {
    return pages(-1, (after: number) => {
      const rows = this.#ledger.all(after, PAGE_ROWS);
      return { after: rows.at(-1)?.num, rows: rows.map(toLedgerEntry) };
    });
  }

  /** How many ledger entries the copy has, about: never fewer than there are. */
  entriesAbout(): Result<number, AppError> {
    return attemptSql(() => this.#lastEntry.get()?.num ?? 0);
  }

  /** Where the log of changes stands; null where none is kept yet. */
  logPosition(): Result<LogPosition | null, AppError> {
    return attemptSql(() => this.#log.position());
  }

  /** What changed since a position; null where the log no longer tells, or there are more than `changesMax` changes. */
  changesSince(position: LogPosition, changesMax: number): Result<LoggedChanges | null, AppError> {
    return attemptSql(() => this.#log.since(position, changesMax));
  }

  /** A document of the job collection by its id, null where the copy has none. */
  job(id: string): Result<BookedJob | null, AppError> {
    return attemptSql(() => {
      const found = this.#job.get(id);
      if (found !== undefined) return toCachedDocument(found.document);
      const malformed = this.#malformedJob.get(id);
      if (malformed === undefined) return null;
      return malformed.document === null ? { type: 'unknown', id } : toCachedDocument(malformed.document);
    });
  }

  /** An account or entry that cannot be read, null where there is none: with one, no sum of the copy can be trusted. */
  unreadable(): Result<UnreadableBook | null, AppError> {
    return attemptSql(() => this.#unreadable.get() ?? null);
  }

  /** Entries of a generation, oldest first, at most {@link BOOK_ENTRIES_MAX}. */
  entriesOfGeneration(generationId: string): Result<readonly LedgerEntry[], AppError> {
    return attemptSql(() => this.#ofGeneration.all(generationId, BOOK_ENTRIES_MAX).map(toLedgerEntry));
  }

  /** An entry by its key, null where the copy has none. */
  entry(key: string): Result<LedgerEntry | null, AppError> {
    return attemptSql(() => {
      const columns = this.#entry.get(key);
      return columns === undefined ? null : toLedgerEntry(columns);
    });
  }

  /** The last entries of a workspace, at most `limit`, and where its ledger stood before them. */
  entriesOfWorkspace(workspaceId: string, limit: number): Result<WorkspaceEntries, AppError> {
    return attemptSql(() =>
      this.#db
        .transaction(() => {
          const entries = this.#lastOfWorkspace.all(workspaceId, limit).map(toLedgerEntry).reverse();
          const closing = this.#sumOfWorkspace.get(workspaceId) ?? { total: 0, held: 0 };
          return { entries, opening: before(closing, entries) };
        })
        .deferred(),
    );
  }

  account(workspaceId: string): Result<CreditAccount | null, AppError> {
    return attemptSql(() => {
      const found = this.#account.get(workspaceId);
      return found === undefined ? null : toCachedAccount(found.document);
    });
  }
}

/** Rows up to the bytes that a page may have. */
function pageOf<Row extends { readonly document: Buffer | null }>(rows: Iterable<Row>): readonly Row[] {
  const page: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    bytes += row.document?.length ?? 0;
    if (bytes >= DOCUMENTS_BYTES) break;
  }
  return page;
}

/** Reads on behind the last row of each page until a page is empty or fails. */
function* pages<Key, Row>(
  from: Key,
  read: (after: Key) => { readonly after: Key | undefined; readonly rows: readonly Row[] },
): Iterable<Page<Row>> {
  for (let after: Key | undefined = from; after !== undefined;) {
    const position: Key = after;
    const page = attemptSql(() => read(position));
    if (!page.ok) {
      yield page;
      return;
    }
    if (page.value.rows.length > 0) yield { ok: true, value: page.value.rows };
    after = page.value.after;
  }
}

function before(closing: LedgerBalance, entries: readonly LedgerEntry[]): LedgerBalance {
  const moved = runningBalance(entries, NO_BALANCE).at(-1)?.after ?? NO_BALANCE;
  return { total: closing.total - moved.total, held: closing.held - moved.held };
}
