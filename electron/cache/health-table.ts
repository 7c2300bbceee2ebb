import type { Database, Statement } from 'better-sqlite3';
import { decode } from './document-encoding.ts';
import { HEALTH_COLUMN_NAMES, HealthSums } from './health-sums.ts';

type Key = readonly (string | number)[];

/** What is counted of one bucket. */
export interface BucketSums {
  readonly bucket: number;
  /** What beside the bucket makes the row, and the same as one text. */
  readonly dimensions: readonly string[];
  readonly name: string;
  readonly sums: HealthSums;
}

/** Sums by bucket and dimensions. */
export class KeyedSums {
  readonly #sums = new Map<string, BucketSums>();

  /** How many buckets there are. */
  get size(): number {
    return this.#sums.size;
  }

  /** @param name the dimensions as one text, put together by the caller once for several buckets */
  at(bucket: number, name: string, dimensions: readonly string[]): HealthSums {
    const key = `${bucket}\0${name}`;
    let found = this.#sums.get(key);
    if (found === undefined) this.#sums.set(key, (found = { bucket, dimensions, name, sums: new HealthSums() }));
    return found.sums;
  }

  values(): Iterable<BucketSums> {
    return this.#sums.values();
  }

  /** The same in buckets that are so many times as long. */
  coarser(times: number): KeyedSums {
    const coarse = new KeyedSums();
    for (const { bucket, name, dimensions, sums } of this.values()) {
      coarse.at(Math.floor(bucket / times), name, dimensions).addSums(sums);
    }
    return coarse;
  }

  /** Everything of each bucket. */
  whole(): KeyedSums {
    const whole = new KeyedSums();
    for (const { bucket, sums } of this.values()) whole.at(bucket, '', NO_DIMENSIONS).addSums(sums);
    return whole;
  }
}

const NO_DIMENSIONS = ['', '', ''];

/** One table of buckets: adds to its rows, and drops those that hold nothing any more. */
export class HealthTable {
  readonly #find: Statement<unknown[], unknown[]>;
  readonly #replace: Statement<unknown[]>;
  readonly #delete: Statement<unknown[]>;

  constructor(db: Database, table: string, keyColumns: readonly string[]) {
    const isRow = keyColumns.map((column) => `${column} = ?`).join(' AND ');
    const columns = [...keyColumns, ...HEALTH_COLUMN_NAMES];
    this.#find = db.prepare<unknown[], unknown[]>(
      `SELECT ${HEALTH_COLUMN_NAMES.join(', ')} FROM ${table} WHERE ${isRow}`,
    );
    this.#find.raw();
    this.#replace = db.prepare(
      `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE ${isRow}`);
  }

  add(key: Key, sums: HealthSums): void {
    if (sums.isEmpty) return;
    const standing = this.#find.get(...key);
    if (standing !== undefined) sums.addRow(standing, 0);
    if (sums.isEmpty) this.#delete.run(...key);
    else {
      const times = decode(() => sums.encodedTimes());
      this.#replace.run(...key, ...sums.counters, ...times);
    }
  }
}

/** Adds sums to the rows of a table that begins with grain and bucket. */
export function writeSums(table: HealthTable, grain: number, rows: KeyedSums): void {
  for (const { bucket, dimensions, sums } of rows.values()) table.add([grain, bucket, ...dimensions], sums);
}
