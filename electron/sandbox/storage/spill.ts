import type { Statement } from 'better-sqlite3';
import { approximateBytes, type KeyedDoc, type Spill, type Spooled } from '../semantics/stages/memory.ts';
import { decodeExact, encode, workingDoc, type Doc } from '../semantics/values.ts';
import { UNPLANNED, type Sqlite } from './schema.ts';
import type { SortBuffers, SortEntry } from './sort-buffer.ts';

const PAGE = 64;

interface SpilledRow {
  readonly place: number;
  readonly bson: Buffer;
}

/** Puts what stages hold beyond their memory into a table of the connection's own, on disk, which is gone with it. */
export class DiskSpill implements Spill {
  readonly bytesMax: number;
  readonly #sorts: SortBuffers;
  readonly #insert: Statement<[number, Uint8Array]>;
  readonly #read: Statement<[number], { bson: Buffer }>;
  readonly #page: Statement<[number, number, number], SpilledRow>;
  readonly #remove: Statement<[number]>;
  #lastRun = 0;

  constructor(sqlite: Sqlite, sorts: SortBuffers, bytesMax: number) {
    sqlite.exec('CREATE TEMP TABLE spilled (place INTEGER PRIMARY KEY, run INTEGER NOT NULL, bson BLOB NOT NULL)');
    sqlite.exec('CREATE INDEX temp.spilled_by_run ON spilled (run, place)');
    this.#sorts = sorts;
    this.#insert = sqlite.prepare('INSERT INTO spilled (run, bson) VALUES (?, ?)');
    this.#read = sqlite.prepare('SELECT bson FROM spilled WHERE place = ?');
    this.#page = sqlite.prepare(
      `SELECT place, bson FROM spilled WHERE run = ${UNPLANNED} AND place > ? ORDER BY place LIMIT ${UNPLANNED}`,
    );
    this.#remove = sqlite.prepare('DELETE FROM spilled WHERE run = ?');
    this.bytesMax = bytesMax;
  }

  *sorted(entries: Iterable<KeyedDoc>): Generator<KeyedDoc> {
    const inMemory: KeyedDoc[] = [];
    const iterator = entries[Symbol.iterator]();
    let bytes = 0;
    for (;;) {
      const next = iterator.next();
      if (next.done === true) {
        inMemory.sort((left, right) => Buffer.compare(left.key, right.key));
        yield* inMemory;
        return;
      }
      inMemory.push(next.value);
      bytes += approximateBytes(next.value.document) + next.value.key.length;
      if (bytes > this.bytesMax) break;
    }
    yield* this.#sortedOnDisk(inMemory, iterator);
  }

  *#sortedOnDisk(first: KeyedDoc[], rest: Iterator<KeyedDoc>): Generator<KeyedDoc> {
    const run = (this.#lastRun += 1);
    const place = ({ key, document }: KeyedDoc): SortEntry => ({ key, record: this.#put(run, document) });
    const places = function* (): Generator<SortEntry> {
      for (const entry of first.splice(0)) yield place(entry);
      for (let next = rest.next(); next.done !== true; next = rest.next()) yield place(next.value);
    };
    try {
      for (const { key, record } of this.#sorts.sorted(places(), 0)) {
        const row = this.#read.get(record);
        if (row !== undefined) yield { key, document: workingDoc(decodeExact(row.bson)) };
      }
    } finally {
      this.#remove.run(run);
    }
  }

  spool(documents: Iterable<Doc>): Spooled {
    const inMemory: Doc[] = [];
    let bytes = 0;
    let run: number | null = null;
    for (const document of documents) {
      if (run === null) {
        inMemory.push(document);
        bytes += approximateBytes(document);
        if (bytes > this.bytesMax) run = this.#lastRun += 1;
      } else this.#put(run, document);
    }
    return {
      read: () => this.#readAll(inMemory, run),
      close: () => {
        if (run !== null) this.#remove.run(run);
      },
    };
  }

  *#readAll(inMemory: readonly Doc[], run: number | null): Generator<Doc> {
    yield* inMemory;
    if (run === null) return;
    for (let place = 0; ;) {
      const page = this.#page.all(run, place, PAGE);
      for (const row of page) yield workingDoc(decodeExact(row.bson));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      place = last.place;
    }
  }

  #put(run: number, document: Doc): number {
    return Number(this.#insert.run(run, encode(document)).lastInsertRowid);
  }
}
