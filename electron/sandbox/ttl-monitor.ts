import type { Deployment } from './deployment.ts';
import type { Doc } from './semantics/values.ts';
import type { IndexInfo } from './storage/index-entries.ts';

/** MongoDB looks for what has expired once a minute. */
const EVERY_MS = 60_000;
/** Documents of one transaction; the rest follows in the next, so that clients get their turns in between. */
const BATCH = 500;

/** Deletes what TTL indexes say has expired, and logs it like any other deletion. */
export class TtlMonitor {
  readonly #deployment: Deployment;
  #everyMs = EVERY_MS;
  #timer: NodeJS.Timeout | null = null;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  start(): void {
    this.#wait(this.#everyMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Sets how often it looks from now on. @returns how often it did, in milliseconds */
  setEvery(everyMs: number): number {
    const before = this.#everyMs;
    this.#everyMs = everyMs;
    if (this.#timer !== null) {
      this.stop();
      this.start();
    }
    return before;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      // A full batch says that there may be more.
      const isMore = this.#pass() === BATCH;
      this.#wait(isMore ? 0 : this.#everyMs);
    }, ms).unref();
  }

  /** One transaction; commands run before or after it, never in between. @returns how many documents it deleted */
  #pass(): number {
    const { sqlite, catalog, disk, oplog } = this.#deployment;
    const { mark } = oplog;
    try {
      const deleted = sqlite.transaction(() => deleteExpired(this.#deployment, BATCH))();
      if (deleted > 0) {
        disk.noteCommit();
        disk.whenDurable(() => oplog.announce());
      }
      return deleted;
    } catch {
      // Nothing of it reached the disk, which is full or gone; the next pass does it again, and commands tell their clients.
      catalog.reload();
      oplog.rollBackTo(mark);
      return 0;
    }
  }
}

/** Deletes expired documents of all collections, part of the caller's transaction. @returns how many */
function deleteExpired(deployment: Deployment, max: number): number {
  let deleted = 0;
  for (const collection of deployment.catalog.list(null)) {
    for (const index of collection.indexes) {
      if (index.expireAfterSeconds === null || deleted >= max) continue;
      const filter = expiredFilter(index, index.expireAfterSeconds, deployment.now());
      if (filter === null) continue;
      // A hidden index is for no reader, but what it says of expiry counts.
      const hint = index.spec['hidden'] === true ? null : index.name;
      const request = { filter, hint, limit: max - deleted };
      for (const found of Array.from(deployment.find(collection.db, collection.name, request))) {
        deployment.remove(collection, found);
        deleted += 1;
      }
    }
  }
  return deleted;
}

/** Of a list the earliest date counts; what is no date never expires, and neither does what a partial index leaves out. */
function expiredFilter(index: IndexInfo, seconds: number, nowMs: number): Doc | null {
  const [field, ...others] = index.fields;
  if (field === undefined || others.length > 0 || !Number.isFinite(seconds)) return null;
  const isExpired = { $lte: new Date(nowMs - seconds * 1000) };
  const { partialFilter } = index;
  if (partialFilter === null) return { [field.path]: isExpired };
  const condition = partialFilter[field.path];
  if (condition === undefined) return { ...partialFilter, [field.path]: isExpired };
  return { ...partialFilter, $and: [{ [field.path]: isExpired }] };
}
