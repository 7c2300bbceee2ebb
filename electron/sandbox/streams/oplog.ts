import type { Statement } from 'better-sqlite3';
import { Timestamp, type UUID } from 'bson';
import { decodeExact, encode, type Doc } from '../semantics/values.ts';
import type { Sqlite } from '../storage/schema.ts';

/** A change with its place in the order of all changes. */
export interface OplogEntry {
  readonly position: number;
  readonly event: Doc;
}

/** What is written into the log: a change event as streams give it, but for its `_id`. */
export interface ChangeRecord {
  readonly operationType:
    | 'insert'
    | 'update'
    | 'replace'
    | 'delete'
    | 'drop'
    | 'rename'
    | 'dropDatabase'
    | 'create'
    | 'createIndexes'
    | 'dropIndexes'
    | 'modify';
  readonly db: string;
  readonly coll: string | null;
  /** The collection's own id; none for a whole database. */
  readonly uuid?: UUID;
  readonly fields: Doc;
}

/** How many new entries pass between two looks at the log's size. */
const TRIM_EVERY = 2000;

/** A timer of more than this many milliseconds would run out at once. */
const TIMER_MS_MAX = 0x7fffffff;

/** The bounded, ordered log of all changes: what change streams read. */
export class Oplog {
  readonly #append: Statement<[number, Buffer]>;
  readonly #after: Statement<[number, number], { position: number; event: Buffer }>;
  readonly #bounds: Statement<[], { first: number | null; last: number | null }>;
  readonly #sqlite: Sqlite;
  readonly #bytesMax: number;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  #last: number;
  #clock: { seconds: number; count: number } = { seconds: 0, count: 0 };

  constructor(sqlite: Sqlite, bytesMax: number, now: () => number) {
    this.#sqlite = sqlite;
    this.#bytesMax = bytesMax;
    this.#now = now;
    this.#append = sqlite.prepare('INSERT INTO oplog (position, event) VALUES (?, ?)');
    this.#after = sqlite.prepare('SELECT position, event FROM oplog WHERE position > ? ORDER BY position LIMIT ?');
    this.#bounds = sqlite.prepare('SELECT min(position) AS first, max(position) AS last FROM oplog');
    this.#last = this.#bounds.get()?.last ?? 0;
    const latest = this.#after.get(this.#last - 1, 1);
    const at = latest === undefined ? null : decodeExact(latest.event)['clusterTime'];
    if (at instanceof Timestamp) this.#clock = { seconds: at.t, count: at.i };
  }

  /** The position of the newest change. */
  get last(): number {
    return this.#last;
  }

  /** The position of the oldest change that is still there; 0 where the log was never cut. */
  get first(): number {
    return this.#bounds.get()?.first ?? 0;
  }

  /** The logical time of the newest change. */
  get time(): Timestamp {
    return new Timestamp({ t: this.#clock.seconds || Math.floor(this.#now() / 1000), i: this.#clock.count || 1 });
  }

  /** Appends a change; part of the caller's transaction. */
  append(record: ChangeRecord): void {
    const seconds = Math.max(Math.floor(this.#now() / 1000), this.#clock.seconds);
    this.#clock = { seconds, count: seconds === this.#clock.seconds ? this.#clock.count + 1 : 1 };
    this.#last += 1;
    const event: Doc = {
      operationType: record.operationType,
      clusterTime: new Timestamp({ t: seconds, i: this.#clock.count }),
      wallTime: new Date(this.#now()),
      ns: record.coll === null ? { db: record.db } : { db: record.db, coll: record.coll },
      ...(record.uuid === undefined ? {} : { collectionUUID: record.uuid }),
      ...record.fields,
    };
    this.#append.run(this.#last, Buffer.from(encode(event)));
    if (this.#last % TRIM_EVERY === 0) this.#trim();
  }

  /** After a rollback the log is shorter than the counter says. */
  reload(): void {
    this.#last = this.#bounds.get()?.last ?? 0;
  }

  /** Changes behind a position, oldest first. */
  after(position: number, limit: number): readonly OplogEntry[] {
    return this.#after.all(position, limit).map((row) => ({ position: row.position, event: decodeExact(row.event) }));
  }

  /** The position behind which changes at or after a logical time begin. */
  positionBefore(time: Timestamp): number {
    let position = this.first - 1;
    for (;;) {
      const page = this.after(position, 500);
      for (const entry of page) {
        const at = entry.event['clusterTime'];
        if (at instanceof Timestamp && at.compare(time) >= 0) return entry.position - 1;
      }
      const last = page.at(-1);
      if (last === undefined) return this.#last;
      position = last.position;
    }
  }

  /** Wakes whoever waits; called once the changes are durable. */
  announce(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves with the next announced change, after `waitMs`, or when `signal` says so. */
  async nextChange(waitMs: number, signal: AbortSignal): Promise<void> {
    if (waitMs <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(waitMs, TIMER_MS_MAX));
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #trim(): void {
    const size =
      this.#sqlite.prepare<[], { bytes: number | null }>('SELECT sum(length(event)) AS bytes FROM oplog').get()
        ?.bytes ?? 0;
    if (size <= this.#bytesMax) return;
    const { first } = this;
    const keepFrom = first + Math.ceil((this.#last - first) * (1 - this.#bytesMax / size));
    this.#sqlite.prepare('DELETE FROM oplog WHERE position < ?').run(keepFrom);
  }
}
