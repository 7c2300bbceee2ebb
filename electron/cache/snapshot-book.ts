import type { Database, Statement } from 'better-sqlite3';
import { CACHED_PARTS, type CachedPart, type ChangeSubject } from './changes.ts';
import type { CopyScope } from './copy-scope.ts';

/** The ids between two ranges of each collection that a snapshot copies side by side. */
export type SnapshotSplits = Readonly<Partial<Record<CachedPart, readonly string[]>>>;

/** How far the snapshot of one range of a collection is. */
export interface SnapshotPart {
  readonly part: CachedPart;
  /** 0 is the range of the highest ids, which are the newest where ids grow with time. */
  readonly range: number;
  /** Where the range ends downwards, included; empty for the lowest. */
  readonly fromId: string;
  /** From here upwards the range has been copied; null at the beginning of the highest. */
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
  readonly scope: CopyScope;
  /** True from when prompts are to go until nothing is left of them. */
  readonly isWiping: boolean;
  /** By collection, the highest ids first. */
  readonly parts: readonly SnapshotPart[];
}

interface StandingColumns {
  readonly source: string | null;
  readonly position: string | null;
  readonly as_of_ms: number | null;
  readonly is_complete: number;
  readonly is_snapshot_open: number;
  readonly kept_since_ms: number | null;
  readonly keeps_prompts: number;
  readonly is_wiping: number;
}

interface PartColumns {
  readonly part: CachedPart;
  readonly range: number;
  readonly from_id: string;
  readonly before_id: string | null;
  readonly is_done: number;
  readonly rows_done: number;
}

/** Reads where the copy stands. */
export class StandingReader {
  readonly #standing: Statement<[], StandingColumns>;
  readonly #parts: Statement<[], PartColumns>;

  constructor(db: Database) {
    this.#standing = db.prepare('SELECT * FROM standing');
    this.#parts = db.prepare('SELECT * FROM snapshot_ranges ORDER BY part, range');
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
      scope: { keptSinceMs: columns.kept_since_ms, keepsPrompts: columns.keeps_prompts === 1 },
      isWiping: columns.is_wiping === 1,
      parts: this.#parts.all().map((part) => ({
        part: part.part,
        range: part.range,
        fromId: part.from_id,
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
  readonly #dropRanges: Statement<[]>;
  readonly #addRange: Statement<[string, number, string, string | null]>;
  readonly #advance: Statement<[string | null, number, number, string, number]>;
  readonly #setKeptSince: Statement<[number | null]>;
  readonly #setPrompts: Statement<[number, number]>;
  readonly #touch: Statement<[string, string]>;
  readonly #isTouched: Statement<[string, string], { one: number }>;
  readonly #anyTouched: Statement<[], { one: number }>;
  readonly #forgetTouched: Statement<[]>;
  readonly #close: Statement<[]>;
  readonly #void: Statement<[]>;

  constructor(db: Database) {
    this.#reader = new StandingReader(db);
    this.#setPosition = db.prepare('UPDATE standing SET position = ?');
    this.#setAsOf = db.prepare('UPDATE standing SET as_of_ms = ?');
    this.#open = db.prepare('UPDATE standing SET position = ?, is_snapshot_open = 1');
    this.#dropRanges = db.prepare('DELETE FROM snapshot_ranges');
    this.#addRange = db.prepare('INSERT INTO snapshot_ranges VALUES (?, ?, ?, ?, 0, 0)');
    this.#setKeptSince = db.prepare('UPDATE standing SET kept_since_ms = ?');
    this.#setPrompts = db.prepare('UPDATE standing SET keeps_prompts = ?, is_wiping = ?');
    this.#advance = db.prepare(
      'UPDATE snapshot_ranges SET before_id = ?, is_done = ?, rows_done = rows_done + ? WHERE part = ? AND range = ?',
    );
    this.#touch = db.prepare('INSERT INTO touched VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#isTouched = db.prepare('SELECT 1 AS one FROM touched WHERE part = ? AND id = ?');
    this.#anyTouched = db.prepare('SELECT 1 AS one FROM touched LIMIT 1');
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

  /** @param splits the ids between two ranges of a collection, in any order; none makes it one range */
  open(position: string | null, splits: SnapshotSplits): void {
    this.#open.run(position);
    this.#forgetTouched.run();
    this.#dropRanges.run();
    for (const part of CACHED_PARTS) {
      const bounds = [...new Set(splits[part])]
        .filter((id) => id !== '')
        .sort(byBytes)
        .reverse();
      [...bounds, ''].forEach((fromId, range) => this.#addRange.run(part, range, fromId, bounds[range - 1] ?? null));
    }
  }

  setKeptSince(keptSinceMs: number | null): void {
    this.#setKeptSince.run(keptSinceMs);
  }

  setPrompts(keepsPrompts: boolean, isWiping: boolean): void {
    this.#setPrompts.run(keepsPrompts ? 1 : 0, isWiping ? 1 : 0);
  }

  touch(subject: ChangeSubject): void {
    this.#touch.run(subject.part, keyOf(subject));
  }

  /** True where the stream has touched nothing since the snapshot was opened. */
  get isUntouched(): boolean {
    return this.#anyTouched.get() === undefined;
  }

  isTouched(subject: ChangeSubject): boolean {
    return this.#isTouched.get(subject.part, keyOf(subject)) !== undefined;
  }

  advance(
    { part, range }: Pick<SnapshotPart, 'part' | 'range'>,
    to: { readonly beforeId: string | null; readonly isDone: boolean; readonly rows: number },
  ): void {
    this.#advance.run(to.beforeId, to.isDone ? 1 : 0, to.rows, part, range);
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

/** Apart from every id that is a text: none begins so that anybody wrote. */
function keyOf({ id, hasTextId }: ChangeSubject): string {
  return hasTextId === false ? `\0${id}` : id;
}

/** The order of SQLite and MongoDB alike: texts by their UTF-8 bytes. */
function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
