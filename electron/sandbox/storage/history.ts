import type { Timestamp } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, encode, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from './catalog.ts';
import { recordBounds } from './schema.ts';

/** How long a snapshot can be read after somebody last read one, in milliseconds: MongoDB's `minSnapshotHistoryWindowInSeconds`. */
const KEPT_MS = 300_000;
/** What documents were takes this many bytes at most; beyond it every snapshot is too old. */
const BYTES_MAX = 64 * 1024 * 1024;

/** What a record was until a change; null where it was not there. */
interface Former {
  readonly until: Timestamp;
  readonly bytes: Uint8Array | null;
}

/**
 * What documents were before they were changed, for reads of a snapshot. Nothing is kept until the first such read, which reads the
 * present; from then on every change leaves behind what was there, in memory, until nobody has read a snapshot for five minutes.
 */
export class History {
  readonly #now: () => number;
  readonly #time: () => Timestamp;
  #former = new Map<number, Former[]>();
  /** When names last came to mean another collection or none. */
  #renamed = new Map<string, Timestamp>();
  #bytes = 0;
  #since: Timestamp | null = null;
  #keptUntilMs = 0;

  /**
   * @param now the server's clock, milliseconds since 1970
   * @param time the logical time of the newest change
   */
  constructor(now: () => number, time: () => Timestamp) {
    this.#now = now;
    this.#time = time;
  }

  /**
   * Begins the read of a snapshot. @param at its time; null for the present. @returns its time
   * Errors: `SnapshotTooOld`, `InvalidOptions` for a time that has not come.
   */
  open(at: Timestamp | null): Timestamp {
    this.#forgetOld();
    const present = this.#time();
    if (at?.greaterThan(present) === true)
      throw new ServerError(
        'InvalidOptions',
        'readConcern atClusterTime value must not be greater than the current clusterTime.',
      );
    this.#since ??= present;
    this.#keptUntilMs = this.#now() + KEPT_MS;
    const opened = at ?? present;
    this.#check(opened);
    return opened;
  }

  /** Says what a record was before the change that was logged last; null where it was not there. */
  keep(record: number, before: Doc | null): void {
    if (this.#since === null) return;
    this.#forgetOld();
    const bytes = before === null ? null : encode(before);
    this.#bytes += bytes?.length ?? 0;
    if (this.#bytes > BYTES_MAX) return this.#forget();
    const formers = this.#former.get(record) ?? [];
    formers.push({ until: this.#time(), bytes });
    this.#former.set(record, formers);
  }

  /** Says that a name means no collection any more, or another one. */
  renamed(db: string, name: string): void {
    if (this.#since !== null) this.#renamed.set(`${db}.${name}`, this.#time());
  }

  /** Error: `SnapshotUnavailable` where the name meant another collection at that time. */
  checkName(db: string, name: string, at: Timestamp): void {
    if (this.#renamed.get(`${db}.${name}`)?.greaterThan(at) === true)
      throw new ServerError(
        'SnapshotUnavailable',
        `Unable to read from a snapshot due to pending collection catalog changes to collection '${db}.${name}'; please retry the operation.`,
      );
  }

  /** What a record was at a time, null where it was not there; `undefined` where it has not changed since. Error: `SnapshotTooOld`. */
  formerOf(record: number, at: Timestamp): Doc | null | undefined {
    this.#check(at);
    const former = this.#former.get(record)?.find(({ until }) => until.greaterThan(at));
    if (former === undefined) return undefined;
    return former.bytes === null ? null : decodeExact(former.bytes);
  }

  /** The records of a collection that have changed; some of them may be gone. */
  changedRecords(collection: CollectionInfo): readonly number[] {
    const [before, behind] = recordBounds(collection.id);
    return [...this.#former.keys()].filter((record) => record > before && record < behind);
  }

  #check(at: Timestamp): void {
    if (this.#since === null || at.lessThan(this.#since))
      throw new ServerError(
        'SnapshotTooOld',
        `Read timestamp Timestamp(${at.getHighBitsUnsigned()}, ${at.getLowBitsUnsigned()}) is older than the oldest available timestamp.`,
      );
  }

  #forgetOld(): void {
    if (this.#since !== null && this.#now() > this.#keptUntilMs) this.#forget();
  }

  #forget(): void {
    this.#former = new Map();
    this.#renamed = new Map();
    this.#bytes = 0;
    this.#since = null;
  }
}
