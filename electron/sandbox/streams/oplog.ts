import type { Statement } from 'better-sqlite3';
import { Timestamp, type UUID } from 'bson';
import { decodeExact, encode, type Doc } from '../semantics/values.ts';
import { UNPLANNED, type Sqlite } from '../storage/schema.ts';
import { InsertEvents } from './insert-event.ts';

/** A change with its place in the order of all changes. */
export interface OplogEntry {
  readonly position: number;
  readonly event: Doc;
  /** The event's size in BSON. */
  readonly bytes: number;
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
  /** The document of an insert or a replacement as BSON: it was written a moment ago, and is not written out again. */
  readonly fullDocument?: Uint8Array;
}

/** Where a log stands. */
export interface OplogMark {
  readonly last: number;
  /** The size of all entries. */
  readonly bytes: number;
}

/** How many new entries pass between two looks at the log's size. */
const TRIM_EVERY = 100;
/** How much of the size that the log may have is left when it is cut. */
const KEPT_SHARE = 0.9;

/** A timer of more than this many milliseconds would run out at once. */
const TIMER_MS_MAX = 0x7fffffff;

/** The bounded, ordered log of all changes: what change streams read. */
export class Oplog {
  readonly #append: Statement<[number, Uint8Array]>;
  readonly #after: Statement<[number, number], { position: number; event: Buffer }>;
  readonly #bounds: Statement<[], { first: number | null; last: number | null }>;
  readonly #sqlite: Sqlite;
  readonly #bytesMax: number;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  readonly #inserts = new InsertEvents();
  #last: number;
  /** The size of all entries. */
  #bytes: number;
  #clock: { seconds: number; count: number } = { seconds: 0, count: 0 };

  constructor(sqlite: Sqlite, bytesMax: number, now: () => number) {
    this.#sqlite = sqlite;
    this.#bytesMax = bytesMax;
    this.#now = now;
    this.#append = sqlite.prepare('INSERT INTO oplog (position, event) VALUES (?, ?)');
    this.#after = sqlite.prepare(
      `SELECT position, event FROM oplog WHERE position > ? ORDER BY position LIMIT ${UNPLANNED}`,
    );
    this.#bounds = sqlite.prepare(
      // Both in one SELECT would read the whole log; each alone is one look at its end.
      'SELECT (SELECT min(position) FROM oplog) AS first, (SELECT max(position) FROM oplog) AS last',
    );
    this.#last = this.#bounds.get()?.last ?? 0;
    this.#bytes = this.#size();
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

  /** Whether the oldest changes are gone. */
  get isCut(): boolean {
    return this.first > 1;
  }

  /** The logical time of the oldest change that is still there; null where there is none. */
  get firstTime(): Timestamp | null {
    const time = this.after(this.first - 1, 1)[0]?.event['clusterTime'];
    return time instanceof Timestamp ? time : null;
  }

  /** The logical time of the newest change. */
  get time(): Timestamp {
    return new Timestamp({ t: this.#clock.seconds || Math.floor(this.#now() / 1000), i: this.#clock.count || 1 });
  }

  /** The logical time that the next change will have. */
  get nextTime(): Timestamp {
    const seconds = Math.max(Math.floor(this.#now() / 1000), this.#clock.seconds);
    return new Timestamp({ t: seconds, i: seconds === this.#clock.seconds ? this.#clock.count + 1 : 1 });
  }

  /** Appends a change; part of the caller's transaction. */
  append(record: ChangeRecord): void {
    const nowMs = this.#now();
    const seconds = Math.max(Math.floor(nowMs / 1000), this.#clock.seconds);
    this.#clock = { seconds, count: seconds === this.#clock.seconds ? this.#clock.count + 1 : 1 };
    this.#last += 1;
    const time = new Timestamp({ t: seconds, i: this.#clock.count });
    const bytes = this.#plainInsert(record, time, nowMs) ?? bytesOf(record, time, nowMs);
    this.#append.run(this.#last, bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax && this.#last % TRIM_EVERY === 0) this.#trim();
  }

  #plainInsert(
    { operationType, db, coll, uuid, fullDocument }: ChangeRecord,
    time: Timestamp,
    wallMs: number,
  ): Buffer | null {
    if (operationType !== 'insert' || coll === null || uuid === undefined || fullDocument === undefined) return null;
    return this.#inserts.write({ db, coll, uuid }, { time, wallMs }, fullDocument);
  }

  /** Where the log stands, for {@link rollBackTo}. */
  get mark(): OplogMark {
    return { last: this.#last, bytes: this.#bytes };
  }

  /** After a rollback the log is shorter than the counters say. @param mark where it stood when what was taken back began */
  rollBackTo({ last, bytes }: OplogMark): void {
    this.#last = last;
    this.#bytes = bytes;
  }

  /** Changes behind a position, oldest first. */
  after(position: number, limit: number): readonly OplogEntry[] {
    return this.#after.all(position, limit).map(({ position, event }) => ({
      position,
      event: decodeExact(event),
      bytes: event.length,
    }));
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
    // Somewhat more than must go, so that the log is not looked through at every turn.
    const { first } = this;
    const keptShare = (KEPT_SHARE * this.#bytesMax) / this.#bytes;
    const keepFrom = first + Math.ceil((this.#last - first) * (1 - keptShare));
    const doomed = this.#sqlite.prepare<[number], { bytes: number | null }>(
      'SELECT sum(length(event)) AS bytes FROM oplog WHERE position < ?',
    );
    this.#bytes -= doomed.get(keepFrom)?.bytes ?? 0;
    this.#sqlite.prepare('DELETE FROM oplog WHERE position < ?').run(keepFrom);
  }

  #size(): number {
    const statement = this.#sqlite.prepare<[], { bytes: number | null }>(
      'SELECT sum(length(event)) AS bytes FROM oplog',
    );
    return statement.get()?.bytes ?? 0;
  }
}

function bytesOf(record: ChangeRecord, clusterTime: Timestamp, wallMs: number): Uint8Array {
  const event: Doc = {
    operationType: record.operationType,
    clusterTime,
    wallTime: new Date(wallMs),
    ns: record.coll === null ? { db: record.db } : { db: record.db, coll: record.coll },
    ...(record.uuid === undefined ? {} : { collectionUUID: record.uuid }),
    ...record.fields,
  };
  const head = encode(event);
  return record.fullDocument === undefined ? head : withField(head, 'fullDocument', record.fullDocument);
}

/** A document as BSON with one more field behind the others, whose value is a document as BSON. */
function withField(head: Uint8Array, name: string, value: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(head.length + 1 + Buffer.byteLength(name) + 1 + value.length);
  result.set(head);
  result.writeInt32LE(result.length, 0);
  let at = head.length - 1;
  result[at] = 3;
  at += 1 + result.write(name, at + 1);
  result[at] = 0;
  result.set(value, at + 1);
  result[result.length - 1] = 0;
  return result;
}
