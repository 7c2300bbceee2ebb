import type { Database, Statement } from 'better-sqlite3';
import type { CachedPart } from './changes.ts';

/** The changes that are kept at least, the latest ones; up to twice as many stand before the older half is deleted. */
const KEPT_MAX = 500_000;

/** Where the log of a copy stands. A position is of use only while the epoch is the same: another file has another. */
export interface LogPosition {
  readonly epoch: string;
  readonly seq: number;
}

/** What changed in the copy since a position: each id once. */
export interface LoggedChanges {
  readonly jobIds: readonly string[];
  readonly workspaceIds: readonly string[];
  readonly entryKeys: readonly string[];
  /** The generations that changed or deleted entries belonged to before. */
  readonly generationIds: readonly string[];
}

/**
 * Notes which documents change, in the transaction that changes them, so that whoever has read the whole copy once can go on from
 * there. Begins when the copy is complete for the first time: before that nobody may have read it.
 */
export class BookLog {
  readonly #state: Statement<[], { is_on: number; oldest_seq: number }>;
  readonly #begin: Statement<[]>;
  readonly #renew: Statement<[]>;
  readonly #note: Statement<[string, string, string | null]>;
  readonly #trim: Statement<[number]>;
  readonly #setOldest: Statement<[number]>;
  #isOn: boolean | null = null;
  #lastSeq = 0;

  constructor(db: Database) {
    this.#state = db.prepare('SELECT is_on, oldest_seq FROM book_log');
    this.#begin = db.prepare('UPDATE book_log SET is_on = 1');
    this.#renew = db.prepare('UPDATE book_log SET epoch = lower(hex(randomblob(16)))');
    this.#note = db.prepare('INSERT INTO book_changes (part, id, generation) VALUES (?, ?, ?)');
    this.#trim = db.prepare('DELETE FROM book_changes WHERE seq <= ?');
    this.#setOldest = db.prepare('UPDATE book_log SET oldest_seq = ?');
  }

  /** From here on changes are noted. */
  begin(): void {
    this.#begin.run();
    this.#isOn = true;
  }

  /** Makes every earlier position void: what the copy holds is another part of the books than before. */
  renew(): void {
    this.#renew.run();
  }

  /** @param generationId the generation that an entry belonged to before; null where there was none, and for other documents */
  note(part: CachedPart, id: string, generationId: string | null): void {
    this.#isOn ??= this.#state.get()?.is_on === 1;
    if (this.#isOn) this.#lastSeq = Number(this.#note.run(part, id, generationId).lastInsertRowid);
  }

  /** Deletes what nobody is expected to go on from; belongs at the end of the transaction. */
  flush(): void {
    if (this.#lastSeq === 0) return;
    const oldest = this.#state.get()?.oldest_seq ?? 0;
    if (this.#lastSeq - oldest <= KEPT_MAX * 2) return;
    this.#trim.run(this.#lastSeq - KEPT_MAX);
    this.#setOldest.run(this.#lastSeq - KEPT_MAX);
  }

  /** Forgets what it knows of the file: the transaction may have been undone. */
  reset(): void {
    this.#isOn = null;
    this.#lastSeq = 0;
  }
}

/** Reads what {@link BookLog} notes. */
export class BookLogReader {
  readonly #position: Statement<[], { epoch: string; seq: number }>;
  readonly #oldest: Statement<[], { oldest_seq: number }>;
  readonly #since: Statement<[number, number], { part: CachedPart; id: string; generation: string | null }>;

  constructor(db: Database) {
    this.#position = db.prepare(
      `SELECT epoch, max(oldest_seq, coalesce((SELECT max(seq) FROM book_changes), 0)) AS seq
       FROM book_log WHERE is_on = 1`,
    );
    this.#oldest = db.prepare('SELECT oldest_seq FROM book_log');
    this.#since = db.prepare('SELECT part, id, generation FROM book_changes WHERE seq > ? ORDER BY seq LIMIT +?');
  }

  /** Where the log stands; null before it has begun. */
  position(): LogPosition | null {
    return this.#position.get() ?? null;
  }

  /**
   * What changed since a position of the same epoch.
   * @param changesMax the most changes that are read
   * @returns null where the log no longer reaches back that far, or there are more
   */
  since({ epoch, seq }: LogPosition, changesMax: number): LoggedChanges | null {
    const now = this.position();
    if (now === null || now.epoch !== epoch || now.seq < seq) return null;
    if (seq < (this.#oldest.get()?.oldest_seq ?? 0)) return null;
    const rows = this.#since.all(seq, changesMax + 1);
    if (rows.length > changesMax) return null;
    const idsOf = (wanted: CachedPart): readonly string[] => [
      ...new Set(rows.flatMap(({ part, id }) => (part === wanted ? [id] : []))),
    ];
    return {
      jobIds: idsOf('jobs'),
      workspaceIds: idsOf('accounts'),
      entryKeys: idsOf('ledger'),
      generationIds: [...new Set(rows.flatMap(({ generation }) => generation ?? []))],
    };
  }
}
