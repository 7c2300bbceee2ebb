import type { ChangeStream, ChangeStreamDocument, Db, FindCursor } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { idKeyOf } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import { z } from 'zod';
import { readChangedPage, type ChangedPlace } from './changed-pages.ts';
import { COLLECTION_NAMES, DURABLE, eventsOf, type Collections, type RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { toChange, toRawDocument } from './parsed-changes.ts';
import type { JobDocument, Topology } from './ports.ts';
import type { ServerClock } from './server-clock.ts';
import { readSome, readSomeOf } from './some-documents.ts';
import { readStatePage, type StatePage } from './state-changes.ts';

/** The collections that the monitor copies. */
export type FollowedPart = 'jobs' | 'accounts' | 'ledger';

/** What became of one document. A document that parses as nothing it should be is named in `unreadable`. */
export type StoreChange =
  | { readonly type: 'job'; readonly job: JobDocument }
  | { readonly type: 'account'; readonly account: CreditAccount }
  | { readonly type: 'entry'; readonly entry: LedgerEntry }
  | { readonly type: 'deleted'; readonly part: FollowedPart; readonly id: string; readonly hasTextId?: false }
  | {
      readonly type: 'unreadable';
      readonly part: FollowedPart;
      readonly id: string;
      /** False where `id` only tells of an id that is no text. */
      readonly hasTextId: boolean;
      readonly reason: string;
    };

/** Changes in the order in which they happened, with the position behind the last one. */
export interface ChangeBatch {
  readonly changes: readonly StoreChange[];
  /** A resume token as text, opaque. */
  readonly position: string;
  /** True where a followed collection was dropped or renamed: what is known of it is void. */
  readonly isInvalidated: boolean;
  /** When the last of them happened, by the server's clock to the second, in milliseconds since 1970; null where there is none or it does not say. */
  readonly lastAtMs: number | null;
}

/** What of a collection is read: a part of its ids, and of jobs those of a window. */
export interface ReadWithin {
  /** The lowest id, included; left out, all. */
  readonly fromId?: string;
  /** Jobs that came to their end and have not changed since are left out; null or left out, none are. Milliseconds since 1970. */
  readonly keptSinceMs?: number | null;
}

/** Documents of a page, of which there are fewer than were asked for also where they are large. */
export interface ChangesPage {
  readonly changes: readonly StoreChange[];
  /** True where nothing comes behind it. */
  readonly isLast: boolean;
}

/** Documents of a page as the server sent them, one behind the other in the order of the page. */
export interface PageBytes extends Pick<ChangesPage, 'isLast'> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The id of the last one; null where there is none. */
  readonly lastId: string | null;
}

/** Reads a page of a collection in the order of `_id`, descending, from below an id. */
export type PageBytesRead = (
  part: FollowedPart,
  before: string,
  limit: number,
  within: ReadWithin,
) => Promise<Result<PageBytes, AppError>>;

/** What changed at and after a place, in that order. */
export interface ChangedPage {
  readonly changes: readonly StoreChange[];
  /** Where the next page begins; null where this is all there is. */
  readonly next: ChangedPlace | null;
}

/** An open change stream. */
export interface ChangeFollower {
  /** The next changes, an empty batch when there was none within about a second. Errors: the driver's. */
  next(): Promise<Result<ChangeBatch, AppError>>;
  close(): Promise<void>;
}

/** The most changes that one batch carries. */
const BATCH_CHANGES_MAX = 1000;
const AWAIT_MS = 1000;
/** A collection is parted only where each range has about this many documents. */
const SPLIT_DOCUMENTS_MIN = 2000;
const SAMPLES_PER_RANGE = 20;
const PARTS = ['jobs', 'accounts', 'ledger'] as const;
const PART_OF_COLLECTION = new Map<string, FollowedPart>(PARTS.map((part) => [COLLECTION_NAMES[part], part]));

/** What the monitor reads: ranges of the collections, and the changes of all three in one order. */
export class ChangeSource {
  readonly topology: Topology;
  /** A page as the bytes that the server sent; null over a foreign collection, whose documents are none of ours. Errors: the driver's. */
  readonly pageBytes: PageBytesRead | null;
  readonly #db: Db;
  readonly #collections: Collections;
  readonly #clock: ServerClock;

  constructor(
    db: Db,
    collections: Collections,
    clock: ServerClock,
    { topology, isMapped }: { readonly topology: Topology; readonly isMapped: boolean },
  ) {
    this.pageBytes = isMapped ? null : (...page) => this.#readBytes(...page);
    this.#db = db;
    this.#collections = collections;
    this.#clock = clock;
    this.topology = topology;
  }

  /** The server's clock. */
  now(): Promise<Result<Date, AppError>> {
    return this.#clock.now();
  }

  /** Roughly how many documents there are, for progress. */
  async estimate(): Promise<Result<number, AppError>> {
    return attemptCall(async () => {
      const counts = await Promise.all(PARTS.map((part) => this.#collections[part].estimatedDocumentCount()));
      return counts.reduce((sum, count) => sum + count, 0);
    });
  }

  /**
   * One change stream over all three collections, so that their changes come in the order in which they happened.
   * @param position where to go on, null for from now on
   */
  async follow(position: string | null): Promise<Result<ChangeFollower, AppError>> {
    const watched = await attemptCall(async () =>
      this.#db.watch<RawDocument, ChangeStreamDocument<RawDocument>>([eventsOf([...PART_OF_COLLECTION.keys()])], {
        // The only one that a stream can have, whatever the address says.
        readConcern: DURABLE.readConcern,
        fullDocument: 'updateLookup',
        maxAwaitTimeMS: AWAIT_MS,
        batchSize: BATCH_CHANGES_MAX,
        ...(position === null ? {} : { resumeAfter: { _data: position } }),
      }),
    );
    if (!watched.ok) return watched;
    const follower = new StreamFollower(watched.value);
    const opened = await follower.open();
    if (opened.ok) return ok(follower);
    const closed = await attemptCall(() => follower.close());
    return closed.ok ? opened : closed;
  }

  /**
   * Ids that part a collection into ranges of about the same number of documents, ascending; none where it is small or the
   * server takes no samples. Ids that are no text are left out.
   */
  async splits(part: FollowedPart, ranges: number): Promise<Result<readonly string[], AppError>> {
    return attemptCall(async () => {
      const collection = this.#collections[part];
      if ((await collection.estimatedDocumentCount()) < ranges * SPLIT_DOCUMENTS_MIN) return [];
      const sample = await collection
        .aggregate<{ _id: unknown }>([{ $sample: { size: ranges * SAMPLES_PER_RANGE } }, { $project: { _id: 1 } }])
        .toArray();
      const ids = sample
        .flatMap(({ _id }) => (typeof _id === 'string' ? [Buffer.from(_id)] : []))
        .sort((left, right) => Buffer.compare(left, right));
      const bounds = Array.from({ length: ranges - 1 }, (_, n) => ids[Math.floor(((n + 1) * ids.length) / ranges)]);
      return [...new Set(bounds.flatMap((id) => (id === undefined ? [] : [id.toString()])))];
    });
  }

  /** A page of a collection in the order of `_id`, descending; newest first where ids grow with time. */
  async page(
    part: FollowedPart,
    before: string | null,
    limit: number,
    within: ReadWithin = {},
  ): Promise<Result<ChangesPage, AppError>> {
    return attemptCall(async () => {
      const { documents, isFull } = await readSome(this.#pageOf(part, before, limit, within), limit);
      return { changes: documents.map((document) => toChange(part, document)), isLast: !isFull };
    });
  }

  async #readBytes(...[part, before, limit, within]: Parameters<PageBytesRead>): ReturnType<PageBytesRead> {
    return attemptCall(async () => {
      const cursor: AsyncIterable<unknown> = this.#pageOf(part, before, limit, within, { raw: true });
      const read = await readSomeOf(cursor, limit, (raw) => (raw instanceof Uint8Array ? raw.length : 0));
      const documents = read.documents.filter((raw) => raw instanceof Uint8Array);
      const last = documents.at(-1);
      // A copy of its own, which can be handed to another thread: each of these is a piece of the reply that it came in.
      const bytes = new Uint8Array(documents.reduce((size, document) => size + document.length, 0));
      let at = 0;
      for (const document of documents) {
        bytes.set(document, at);
        at += document.length;
      }
      return {
        bytes,
        isLast: !read.isFull,
        lastId: last === undefined ? null : idKeyOf(toRawDocument(last)._id),
      };
    });
  }

  #pageOf(
    part: FollowedPart,
    before: string | null,
    limit: number,
    within: ReadWithin,
    options: { readonly raw?: true } = {},
  ): FindCursor<RawDocument> {
    const ids = {
      ...(before === null ? {} : { $lt: before }),
      ...(within.fromId === undefined || within.fromId === '' ? {} : { $gte: within.fromId }),
    };
    const filter = { ...(Object.keys(ids).length === 0 ? {} : { _id: ids }), ...windowFilter(part, within) };
    // Without a size of its own a first reply has 101 documents, and the rest is asked for once more.
    return this.#collections[part].find(filter, options).sort({ _id: -1 }).limit(limit).batchSize(limit);
  }

  /** Documents whose id is no text, at most `limit` of those before all text in the order of ids and as many of those behind it. */
  async oddOnes(part: FollowedPart, limit: number): Promise<Result<readonly StoreChange[], AppError>> {
    return attemptCall(async () => {
      const odd: RawDocument[] = [];
      for (const direction of [1, -1] as const) {
        const read = (rows: number): Promise<RawDocument[]> =>
          this.#collections[part].find().sort({ _id: direction }).limit(rows).toArray();
        // Nearly always there are none, and the one at the end says so.
        const [first] = await read(1);
        if (first === undefined || typeof first._id === 'string') continue;
        const found = await read(limit);
        const ids: readonly unknown[] = found.map(({ _id }) => _id);
        const end = ids.findIndex((id) => typeof id === 'string');
        odd.push(...(end < 0 ? found : found.slice(0, end)));
      }
      // Where there is no text between, both directions meet the same ones, and applying one twice changes nothing.
      return odd.map((document) => toChange(part, document));
    });
  }

  /** A page of the documents changed at and after a place: jobs by `updatedAt`, entries by `at`. Errors: the driver's. */
  async changedSince(
    part: 'jobs' | 'ledger',
    from: ChangedPlace,
    limit: number,
  ): Promise<Result<ChangedPage, AppError>> {
    return attemptCall(async () => {
      const field = part === 'jobs' ? 'updatedAt' : 'at';
      const { documents, next } = await readChangedPage(this.#collections[part], from, { field, limit });
      return { changes: documents.map((document) => toChange(part, document)), next };
    });
  }

  /** A page of what jobs say of their states, those that were changed at and after a place. Errors: the driver's. */
  statesSince(
    from: ChangedPlace,
    within: { readonly workspaceId: string | null; readonly limit: number },
  ): Promise<Result<StatePage, AppError>> {
    return readStatePage(this.#collections.jobs, from, within);
  }

  /** The ids of a range of a collection, ascending: what is not among them has been deleted. */
  async idsAfter(
    part: FollowedPart,
    after: string | null,
    limit: number,
    within: Pick<ReadWithin, 'keptSinceMs'> = {},
  ): Promise<Result<readonly string[], AppError>> {
    return attemptCall(async () => {
      const documents = await this.#collections[part]
        .find({ ...(after === null ? {} : { _id: { $gt: after } }), ...windowFilter(part, within) })
        .project<{ _id: unknown }>({ _id: 1 })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return documents.map((document) => idKeyOf(document._id));
    });
  }
}

/** The same as the copy's own rule of what its window leaves out. */
function windowFilter(part: FollowedPart, { keptSinceMs = null }: Pick<ReadWithin, 'keptSinceMs'>): object {
  if (part !== 'jobs' || keptSinceMs === null) return {};
  return { $nor: [{ state: { $in: ['completed', 'failed'] }, updatedAt: { $lt: new Date(keptSinceMs) } }] };
}

const tokenSchema = z.object({ _data: z.string() });

class StreamFollower implements ChangeFollower {
  readonly #stream: ChangeStream<RawDocument, ChangeStreamDocument<RawDocument>>;
  /** What was asked for when the stream was opened, until somebody takes it. */
  #asked: Promise<Result<ChangeStreamDocument<RawDocument> | null, AppError>> | null = null;

  constructor(stream: ChangeStream<RawDocument, ChangeStreamDocument<RawDocument>>) {
    this.#stream = stream;
  }

  /**
   * Resolves once the stream stands on the server. The driver's first look opens it and, where nothing has happened, waits for the
   * first change as well: that is left to whoever asks for it. A server tells where an empty stream begins as it opens it.
   */
  async open(): Promise<Result<void, AppError>> {
    const opened = Promise.withResolvers<Result<void, AppError>>();
    this.#stream.once('resumeTokenChanged', () => opened.resolve(ok(undefined)));
    this.#asked = attemptCall(() => this.#stream.tryNext());
    void this.#asked.then((first) => opened.resolve(first.ok ? ok(undefined) : first));
    return opened.promise;
  }

  async next(): Promise<Result<ChangeBatch, AppError>> {
    const asked = this.#asked ?? attemptCall(() => this.#stream.tryNext());
    this.#asked = null;
    const first = await asked;
    return first.ok ? attemptCall(() => this.#batchFrom(first.value)) : first;
  }

  async #batchFrom(first: ChangeStreamDocument<RawDocument> | null): Promise<ChangeBatch> {
    const events: ChangeStreamDocument<RawDocument>[] = [];
    if (first !== null) {
      events.push(first);
      // What the driver already holds is taken in one go; asking further would wait.
      while (this.#stream.bufferedCount() > 0 && events.length < BATCH_CHANGES_MAX) {
        const more = await this.#stream.tryNext();
        if (more !== null) events.push(more);
      }
    }
    return {
      changes: events.flatMap(changesOf),
      position: tokenSchema.parse(this.#stream.resumeToken)._data,
      isInvalidated: events.some((event) =>
        ['invalidate', 'drop', 'rename', 'dropDatabase'].includes(event.operationType),
      ),
      lastAtMs: timeOf(events.at(-1)),
    };
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }
}

function timeOf(event: ChangeStreamDocument<RawDocument> | undefined): number | null {
  const time = event?.clusterTime;
  return time === undefined ? null : time.getHighBitsUnsigned() * 1000;
}

function changesOf(event: ChangeStreamDocument<RawDocument>): StoreChange[] {
  if (!('documentKey' in event) || !('coll' in event.ns)) return [];
  const part = PART_OF_COLLECTION.get(event.ns.coll);
  if (part === undefined) return [];
  if (event.operationType === 'delete') {
    const id: unknown = event.documentKey._id;
    return [{ type: 'deleted', part, id: idKeyOf(id), ...(typeof id === 'string' ? {} : { hasTextId: false }) }];
  }
  // Null where the document was gone when it was looked up: its deletion comes as an event of its own.
  const document = 'fullDocument' in event ? event.fullDocument : undefined;
  return document === undefined || document === null ? [] : [toChange(part, document)];
}
