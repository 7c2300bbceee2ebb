import type { Database, Statement } from 'better-sqlite3';
import { CACHED_PARTS, type CachedPart, type ChangeSubject } from './changes.ts';

/** How far the snapshot of one collection is. */
export interface SnapshotPart {
  readonly part: CachedPart;
  /** Everything from this id upwards has been copied; null at the beginning. */
  readonly beforeId: string | null;
  readonly isDone: boolean;
  readonly rowsDone: number;
}

/** Where the copy stands. */
export interface Standing {
  /** What the copy is of, null until somebody said so. */
  readonly source: string | null;
  /** Where following goes on, opaque; null where it begins anew. */
  readonly position: string | null;
  /** Nothing that happened before this time is missing, once `isComplete`. */
  readonly asOfMs: number | null;
  /** True once a snapshot came to its end, and until what is known is declared void. */
  readonly isComplete: boolean;
  readonly isSnapshotOpen: boolean;
  readonly parts: readonly SnapshotPart[];
}

interface StandingColumns {
  readonly source: string | null;
  readonly position: string | null;
  readonly as_of_ms: number | null;
  readonly is_complete: number;
  readonly is_snapshot_open: number;
}

interface PartColumns {
  readonly part: CachedPart;
  readonly before_id: string | null;
  readonly is_done: number;
  readonly rows_done: number;
}

/** Reads where the copy stands. */
export class StandingReader {
  readonly #standing: Statement<[], StandingColumns>;
  readonly #parts: Statement<[], PartColumns>;

  constructor(db: Database) {
    this.#standing = db.prepare('SELECT source, position, as_of_ms, is_complete, is_snapshot_open FROM standing');
    this.#parts = db.prepare('SELECT part, before_id, is_done, rows_done FROM snapshot_parts ORDER BY part');
  }

  read(): Standing {
    const columns = this.#standing.get();
    if (columns === undefined) throw new Error('the table standing has one row from its creation on');
    return {
      source: columns.source,
      position: columns.position,
      asOfMs: columns.as_of_ms,
      isComplete: columns.is_complete === 1,
      isSnapshotOpen: columns.is_snapshot_open === 1,
      parts: this.#parts.all().map((part) => ({
        part: part.part,
        beforeId: part.before_id,
        isDone: part.is_done === 1,
        rowsDone: part.rows_done,
      })),
    };
  }
}

/** Keeps the books of a snapshot: what is copied and what the stream knows better. Every method belongs into a transaction. */
export class SnapshotBook {
  readonly #reader: StandingReader;
  readonly #setPosition: Statement<[string]>;
  readonly #setAsOf: Statement<[number]>;
  readonly #open: Statement<[string | null]>;
  readonly #resetPart: Statement<[string]>;
  readonly #advance: Statement<[string | null, number, number, string]>;
  readonly #touch: Statement<[string, string]>;
  readonly #isTouched: Statement<[string, string], { one: number }>;
  readonly #forgetTouched: Statement<[]>;
  readonly #close: Statement<[]>;
  readonly #void: Statement<[]>;

  constructor(db: Database) {
    this.#reader = new StandingReader(db);
    this.#setPosition = db.prepare('UPDATE standing SET position = ?');
    this.#setAsOf = db.prepare('UPDATE standing SET as_of_ms = ?');
    this.#open = db.prepare('UPDATE standing SET position = ?, is_snapshot_open = 1');
    this.#resetPart = db.prepare(
      `INSERT INTO snapshot_parts VALUES (?, NULL, 0, 0)
       ON CONFLICT (part) DO UPDATE SET before_id = NULL, is_done = 0, rows_done = 0`,
    );
    this.#advance = db.prepare(
      'UPDATE snapshot_parts SET before_id = ?, is_done = ?, rows_done = rows_done + ? WHERE part = ?',
    );
    this.#touch = db.prepare('INSERT INTO touched VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#isTouched = db.prepare('SELECT 1 AS one FROM touched WHERE part = ? AND id = ?');
    this.#forgetTouched = db.prepare('DELETE FROM touched');
    this.#close = db.prepare('UPDATE standing SET is_snapshot_open = 0, is_complete = 1');
    this.#void = db.prepare('UPDATE standing SET position = NULL, is_complete = 0, is_snapshot_open = 0');
  }

  read(): Standing {
    return this.#reader.read();
  }

  setPosition(position: string): void {
    this.#setPosition.run(position);
  }

  setAsOf(asOfMs: number): void {
    this.#setAsOf.run(asOfMs);
  }

  open(position: string | null): void {
    this.#open.run(position);
    this.#forgetTouched.run();
    for (const part of CACHED_PARTS) this.#resetPart.run(part);
  }

  touch(subject: ChangeSubject): void {
    this.#touch.run(subject.part, subject.id);
  }

  isTouched(subject: ChangeSubject): boolean {
    return this.#isTouched.get(subject.part, subject.id) !== undefined;
  }

  advance(part: CachedPart, to: { readonly beforeId: string | null; readonly isDone: boolean; readonly rows: number }) {
    this.#advance.run(to.beforeId, to.isDone ? 1 : 0, to.rows, part);
  }

  /** Ends the snapshot: the copy is complete. */
  close(): void {
    this.#close.run();
    this.#forgetTouched.run();
  }

  /** Declares void what is known of completeness and position; the rows stay and can be read. */
  declareVoid(): void {
    this.#void.run();
    this.#forgetTouched.run();
  }
}
