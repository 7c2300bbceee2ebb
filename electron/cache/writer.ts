import type { Database, Statement } from 'better-sqlite3';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { subjectOf, type CacheChange, type CachedPart } from './changes.ts';
import { CopiedRows, type Applied } from './copied-rows.ts';
import { SnapshotBook, type SnapshotSplits, type Standing } from './snapshot-book.ts';
import { attemptSql } from './sqlite-errors.ts';

/**
 * Pages of the log before it is written back into the file. A first copy writes the same pages of its indexes again and again; each
 * of them is then written back once for many transactions. While the copy only follows, a short log is quicker to read.
 */
const CHECKPOINT_PAGES = 4000;
const CHECKPOINT_PAGES_OF_SNAPSHOT = 16_000;

/** A page of a snapshot: everything that a collection holds from the last id of the page up to, not including, `beforeId`. */
export interface SnapshotPage {
  readonly part: CachedPart;
  /** Of which range of the snapshot; left out, the first. */
  readonly range?: number;
  /** Where the page begins; null for the first. A page that does not begin where the last one ended is left out. */
  readonly beforeId: string | null;
  /** In descending order of id. */
  readonly changes: readonly CacheChange[] | ChangesOneByOne;
  /** True where nothing comes behind it. */
  readonly isLast: boolean;
}

/**
 * Changes that are made of their documents one after the other, as they are written: a page of decoded documents is some megabytes of
 * small objects that outlive the collector's young space, each of which it copies twice.
 */
export interface ChangesOneByOne extends Iterable<CacheChange> {
  /** The id of the last one; null where there is none. */
  readonly lastId: string | null;
}

/** What a sweep found standing on the server between two ids, ascending. */
export interface SweptRange {
  readonly part: CachedPart;
  /** Not included; null for the beginning. */
  readonly afterId: string | null;
  /** Included; null for the end. */
  readonly throughId: string | null;
  readonly ids: readonly string[];
}

type Bound = string | Buffer;
type RangeStatement = Statement<[Bound, Bound, Bound, Bound], { id: string }>;

/**
 * The one writer of the copy. Every method is one transaction: rows, roll-ups, search index and position come together or
 * not at all. Errors: `disk_full` (nothing was written, the same call may succeed later), `cache_unusable` (the file contradicts
 * itself and has to be set aside), `timed_out` (another process writes).
 */
export class CacheWriter {
  readonly #db: Database;
  readonly #rows: CopiedRows;
  readonly #book: SnapshotBook;
  readonly #idsFrom: Readonly<Record<CachedPart, RangeStatement>>;
  #hasLongLog: boolean | null = null;

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#rows = new CopiedRows(db, now);
    this.#book = new SnapshotBook(db);
    const idsFrom = (part: CachedPart): RangeStatement =>
      db.prepare(
        `SELECT id FROM ${part} WHERE id >= ? AND id < ?
         UNION ALL SELECT id FROM malformed WHERE part = '${part}' AND has_text_id = 1 AND id >= ? AND id < ?`,
      );
    this.#idsFrom = { jobs: idsFrom('jobs'), accounts: idsFrom('accounts'), ledger: idsFrom('ledger') };
    this.#setCheckpoints(this.#book.read().isSnapshotOpen);
  }

  /**
   * Says what time it is on the server. When something was seen is told by that clock from here on, as what it is compared with is.
   * @param serverMs milliseconds since 1970
   */
  tellTime(serverMs: number): void {
    this.#rows.tellTime(serverMs);
  }

  /** Where the copy stands, as its writer sees it. */
  standing(): Result<Standing, AppError> {
    return attemptSql(() => this.#book.read());
  }

  /**
   * Applies changes of the stream in their order, with the position behind them. Repeating it changes nothing. While a snapshot
   * is open a change may be older than what a page brought; it is taken all the same, because nothing tells it from an older state that
   * took the place of a newer one, and what happened up to the page comes behind it.
   * @param position null leaves the stored one
   * @param asOfMs up to when nothing is missing now; null leaves the stored one
   */
  apply(
    changes: readonly CacheChange[],
    position: string | null,
    asOfMs: number | null = null,
  ): Result<Applied, AppError> {
    return this.#inTransaction(() => {
      const standing = this.#book.read();
      const isOpen = standing.isSnapshotOpen;
      // Another connection may have ended it.
      this.#setCheckpoints(isOpen);
      for (const change of changes) {
        const subject = subjectOf(change);
        if (isOpen) this.#book.touch(subject);
        this.#rows.write(change, subject, { isOpen, isReplay: isOpen, standing });
      }
      this.#mark(position, asOfMs);
    });
  }

  /**
   * Applies documents that were read from their collections after everything applied before, with the position of the poll
   * that read them. What the stream has touched since an open snapshot began is left as the stream left it.
   */
  applyRead(
    changes: readonly CacheChange[],
    position: string | null,
    asOfMs: number | null = null,
  ): Result<Applied, AppError> {
    return this.#inTransaction(() => {
      const standing = this.#book.read();
      const isOpen = standing.isSnapshotOpen;
      for (const change of changes) {
        const subject = subjectOf(change);
        if (!isOpen || !this.#book.isTouched(subject))
          this.#rows.write(change, subject, { isOpen, isReplay: false, standing });
      }
      this.#mark(position, asOfMs);
    });
  }

  /**
   * Begins a snapshot: every part from its newest id. What stands stays until a page shows that it is gone; only documents
   * whose id is no text, which are in no page's range, go at once and are read anew.
   * @param position of the stream that was opened before, null where there is none
   * @param splits ids between ranges that are copied side by side; none where nothing is said
   */
  openSnapshot(position: string | null, splits: SnapshotSplits = {}): Result<void, AppError> {
    const opened = this.#inTransaction(() => {
      this.#book.open(position, splits);
      for (const subject of this.#rows.malformed.withOddIds()) this.#rows.delete(subject);
    });
    if (opened.ok) this.#setCheckpoints(true);
    return opened.ok ? ok(undefined) : opened;
  }

  /**
   * Applies pages of the open snapshot in one transaction: writes what each holds and deletes what the copy has in the same range and
   * the server has not. What the stream has touched since the snapshot was opened is left as the stream left it. With the last page
   * of the last part the snapshot ends.
   */
  applyPages(pages: readonly SnapshotPage[]): Result<Applied, AppError> {
    return this.#inTransaction(() => {
      for (const page of pages) this.#applyPage(page);
    });
  }

  /** Deletes what the copy has in a range and the server has not. For polling, where nobody tells of deletions. */
  applySweep(range: SweptRange): Result<Applied, AppError> {
    return this.#inTransaction(() => {
      const standing = new Set(range.ids);
      // With a NUL behind it an id becomes the next text after it, which turns the bounds round.
      const from = range.afterId === null ? '' : `${range.afterId}\0`;
      const to = range.throughId === null ? null : `${range.throughId}\0`;
      for (const id of this.#idsBetween(range.part, from, to)) {
        if (!standing.has(id)) this.#rows.delete({ part: range.part, id });
      }
    });
  }

  /**
   * Writes the documents of a collection whose id is no text and deletes the others of that kind. For polling, whose ranges of ids have none
   * of them.
   * @param found all that there are
   */
  applyOddOnes(part: CachedPart, found: readonly CacheChange[]): Result<Applied, AppError> {
    return this.#inTransaction(() => {
      const standing = this.#book.read();
      const ids = new Set(found.map((change) => subjectOf(change).id));
      for (const subject of this.#rows.malformed.withOddIds()) {
        if (subject.part === part && !ids.has(subject.id)) this.#rows.delete(subject);
      }
      for (const change of found) {
        this.#rows.write(change, subjectOf(change), { isOpen: false, isReplay: false, standing });
      }
    });
  }

  /** Those of the given ids that the copy has no document of. */
  lacking(part: CachedPart, ids: readonly string[]): Result<readonly string[], AppError> {
    return attemptSql(() =>
      ids.filter((id) => this.#idsFrom[part].all(id, `${id}\0`, id, `${id}\0`).every((row) => row.id !== id)),
    );
  }

  /** Notes up to when nothing is missing, where time has passed and nothing happened. */
  setAsOf(asOfMs: number): Result<void, AppError> {
    return attemptSql(() => this.#book.setAsOf(asOfMs));
  }

  /**
   * Leaves out, or takes in again, jobs that came to their end and have not changed since a time. What is outside is dropped, at
   * most about `limit` jobs at once, the longest unchanged first: the window that is kept in the file always says what is true of
   * it. A window that grows makes the copy void at once, because what belongs into it comes with the next snapshot.
   * @param keptSinceMs null keeps all
   * @returns how many jobs were dropped, and whether the window is now the one that was asked for
   */
  keepSince(keptSinceMs: number | null, limit: number): Result<Applied & { readonly isDone: boolean }, AppError> {
    let isDone = true;
    const kept = this.#inTransaction(() => {
      const { keptSinceMs: before } = this.#book.read().scope;
      if (keptSinceMs === null || (before !== null && keptSinceMs < before)) {
        this.#book.setKeptSince(keptSinceMs);
        this.#book.declareVoid();
        this.#rows.log.renew();
        return;
      }
      const { jobIds, untilMs } = this.#rows.jobs.unchangedSince(keptSinceMs, limit);
      isDone = untilMs === keptSinceMs;
      for (const id of jobIds) this.#rows.delete({ part: 'jobs', id });
      for (const subject of this.#rows.malformed.outside(untilMs)) this.#rows.delete(subject);
      this.#book.setKeptSince(untilMs);
    });
    return kept.ok ? ok({ ...kept.value, isDone }) : kept;
  }

  /**
   * Takes prompts in again with what is read from now on, and makes the copy void, which has none of what was read before. Leaving them
   * out is `withholdPrompts` of its own file.
   */
  keepPrompts(): Result<void, AppError> {
    return attemptSql(() =>
      this.#db
        .transaction(() => {
          this.#book.setPrompts(true, false);
          this.#book.declareVoid();
        })
        .immediate(),
    );
  }

  /** Bytes of the file that hold something, and all of it; what is free is used again before the file grows. */
  size(): Result<{ readonly usedBytes: number; readonly fileBytes: number }, AppError> {
    return attemptSql(() => {
      const pragma = (name: string): number => Number(this.#db.pragma(name, { simple: true }));
      const pageBytes = pragma('page_size');
      const pages = pragma('page_count');
      return { usedBytes: (pages - pragma('freelist_count')) * pageBytes, fileBytes: pages * pageBytes };
    });
  }

  /** Gives pages that hold nothing back to the disk, at most so many. */
  giveBack(pages: number): Result<void, AppError> {
    return attemptSql(() => {
      this.#db.pragma(`incremental_vacuum(${pages})`);
    });
  }

  /** Declares position and completeness void: the stream has a gap. Rows stay and can be read. */
  declareVoid(): Result<void, AppError> {
    return attemptSql(() => this.#db.transaction(() => this.#book.declareVoid()).immediate());
  }

  #setCheckpoints(isSnapshotOpen: boolean): void {
    if (isSnapshotOpen === this.#hasLongLog) return;
    this.#hasLongLog = isSnapshotOpen;
    this.#db.pragma(`wal_autocheckpoint = ${isSnapshotOpen ? CHECKPOINT_PAGES_OF_SNAPSHOT : CHECKPOINT_PAGES}`);
  }

  #inTransaction(work: () => void): Result<Applied, AppError> {
    return attemptSql(() => this.#rows.inTransaction(work));
  }

  #applyPage(page: SnapshotPage): void {
    const standing = this.#book.read();
    const { range = 0 } = page;
    const progress = standing.parts.find((one) => one.part === page.part && one.range === range);
    if (!standing.isSnapshotOpen || progress === undefined || progress.isDone) return;
    if (progress.beforeId !== page.beforeId) return;
    const lastId = lastIdOf(page.changes);
    const from = page.isLast ? progress.fromId : (lastId ?? progress.fromId);
    // Read before anything is written: a first copy finds none, and need not look for each document whether there is one.
    const gone = new Set(this.#idsBetween(page.part, from, page.beforeId));
    const isUntouched = this.#book.isUntouched;
    const origin = { isOpen: true, isReplay: false, standing };
    let rows = 0;
    for (const change of page.changes) {
      rows += 1;
      const subject = subjectOf(change);
      const hasRow = gone.delete(subject.id);
      if (!isUntouched && this.#book.isTouched(subject)) continue;
      if (hasRow || !this.#rows.insert(change, subject, origin)) this.#rows.write(change, subject, origin);
    }
    for (const id of gone) {
      const subject = { part: page.part, id };
      if (isUntouched || !this.#book.isTouched(subject)) this.#rows.delete(subject);
    }
    this.#book.advance(progress, {
      beforeId: lastId ?? page.beforeId,
      isDone: page.isLast,
      rows,
    });
    if (page.isLast && standing.parts.every((one) => one.isDone || one === progress)) {
      this.#book.close();
      this.#rows.log.begin();
      this.#setCheckpoints(false);
    }
  }

  #mark(position: string | null, asOfMs: number | null): void {
    if (position !== null) this.#book.setPosition(position);
    if (asOfMs !== null) this.#book.setAsOf(asOfMs);
  }

  #idsBetween(part: CachedPart, from: string, before: string | null): readonly string[] {
    // SQLite orders every text before every blob, so an empty blob is behind the last id.
    const to = before ?? Buffer.alloc(0);
    return this.#idsFrom[part].all(from, to, from, to).map(({ id }) => id);
  }
}

function lastIdOf(changes: SnapshotPage['changes']): string | null {
  if ('lastId' in changes) return changes.lastId;
  const last = changes.at(-1);
  return last === undefined ? null : subjectOf(last).id;
}
