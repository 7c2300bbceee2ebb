import type { Statement } from 'better-sqlite3';
import { UNPLANNED, type Sqlite } from './schema.ts';

/** A document's place in a sort, and where it stands. */
export interface SortEntry {
  readonly key: Buffer;
  readonly record: number;
}

/** Entries that are sorted in memory; more go to a table of their own, on disk. */
const MEMORY_MAX = 20_000;
const PAGE = 256;

/** The tables that sorts overflow into. They are the connection's own and gone with it. */
export class SortBuffers {
  readonly #insert: Statement<[number, Buffer, number]>;
  readonly #after: Statement<[number, Buffer, number, number], SortEntry>;
  readonly #remove: Statement<[number]>;
  #lastRun = 0;

  constructor(sqlite: Sqlite) {
    sqlite.exec(
      'CREATE TEMP TABLE sorts (run INTEGER NOT NULL, key BLOB NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (run, key, record)) WITHOUT ROWID',
    );
    this.#insert = sqlite.prepare('INSERT INTO sorts (run, key, record) VALUES (?, ?, ?)');
    this.#after = sqlite.prepare(
      `SELECT key, record FROM sorts WHERE run = ${UNPLANNED} AND (key, record) > (?, ?) ORDER BY key, record LIMIT ${UNPLANNED}`,
    );
    this.#remove = sqlite.prepare('DELETE FROM sorts WHERE run = ?');
  }

  /**
   * The entries in order, read as they are taken.
   * @param keepMax only so many of the first ones are wanted; 0 for all
   */
  *sorted(entries: Iterable<SortEntry>, keepMax: number): Generator<SortEntry> {
    const inMemory: SortEntry[] = [];
    const isFew = keepMax > 0 && keepMax <= MEMORY_MAX / 2;
    let run: number | null = null;
    try {
      for (const entry of entries) {
        inMemory.push(entry);
        if (inMemory.length < MEMORY_MAX) continue;
        if (isFew) keepFirst(inMemory, keepMax);
        else {
          run ??= this.#lastRun += 1;
          for (const { key, record } of inMemory.splice(0)) this.#insert.run(run, key, record);
        }
      }
      if (run === null) {
        yield* keepFirst(inMemory, keepMax);
        return;
      }
      for (const { key, record } of inMemory.splice(0)) this.#insert.run(run, key, record);
      yield* this.#read(run);
    } finally {
      if (run !== null) this.#remove.run(run);
    }
  }

  *#read(run: number): Generator<SortEntry> {
    let at: SortEntry = { key: Buffer.alloc(0), record: 0 };
    for (;;) {
      const page = this.#after.all(run, at.key, at.record, PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      at = last;
    }
  }
}

/** Sorts in place, and forgets what is behind the first `keepMax`. */
function keepFirst(entries: SortEntry[], keepMax: number): readonly SortEntry[] {
  entries.sort((left, right) => Buffer.compare(left.key, right.key) || left.record - right.record);
  if (keepMax > 0) entries.length = Math.min(entries.length, keepMax);
  return entries;
}
