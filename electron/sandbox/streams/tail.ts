import { ServerError } from '../semantics/server-error.ts';
import { matcherOf } from '../semantics/matching.ts';
import { storedBytes, type Doc } from '../semantics/values.ts';
import type { Deployment } from '../deployment.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import type { ReadRequest } from '../storage/query.ts';
import { PAGE_BYTES_MAX, type CursorPage, type PageSource } from './cursors.ts';

const DEFAULT_WAIT_MS = 1000;

/** What a cursor that stays behind the last document of a capped collection is opened with. */
export interface TailOptions {
  readonly collection: CollectionInfo;
  readonly request: ReadRequest;
  readonly shown: (document: Doc) => Doc;
  /** Whether a page without documents waits for some. */
  readonly awaitsData: boolean;
}

/** Reads a capped collection in the order of insertion, and goes on when it has grown. */
export class Tail implements PageSource {
  readonly isChangeStream = false;
  readonly awaitsData: boolean;
  readonly #deployment: Deployment;
  readonly #collection: CollectionInfo;
  readonly #request: ReadRequest;
  readonly #shown: (document: Doc) => Doc;
  readonly #matches: (document: Doc) => boolean;
  readonly #closing = new AbortController();
  /** The last place that was looked at. */
  #last: number | null = null;
  #toSkip: number;
  #taken = 0;

  constructor(deployment: Deployment, { collection, request, shown, awaitsData }: TailOptions) {
    this.#deployment = deployment;
    this.#collection = collection;
    this.#request = request;
    this.#shown = shown;
    this.awaitsData = awaitsData;
    this.#matches = matcherOf(request.filter, request.variables, request.collation);
    this.#toSkip = request.skip ?? 0;
  }

  next(batchSize: number, waitMs: number | null): CursorPage | Promise<CursorPage> {
    const page = this.#read(batchSize);
    const longestMs = this.awaitsData ? (waitMs ?? DEFAULT_WAIT_MS) : 0;
    return page.documents.length > 0 || page.isExhausted || longestMs === 0 ? page : this.#wait(batchSize, longestMs);
  }

  close(): void {
    this.#closing.abort();
  }

  async #wait(batchSize: number, waitMs: number): Promise<CursorPage> {
    const until = performance.now() + waitMs;
    for (;;) {
      await this.#deployment.oplog.nextChange(until - performance.now(), this.#closing.signal);
      if (this.#closing.signal.aborted)
        throw new ServerError('CursorKilled', 'operation was interrupted because a client killed the cursor');
      const page = this.#read(batchSize);
      if (page.documents.length > 0 || performance.now() >= until) return page;
    }
  }

  #read(batchSize: number): CursorPage {
    const { records } = this.#deployment;
    const collection = this.#current();
    const documents: Doc[] = [];
    let bytes = 0;
    for (const record of records.behind(collection, this.#last)) {
      if (documents.length >= batchSize || this.#isFull()) break;
      const document = records.read(record);
      if (document === null || !this.#matches(document)) {
        this.#last = record;
        continue;
      }
      if (this.#toSkip > 0) this.#toSkip -= 1;
      else {
        bytes += storedBytes(document).length;
        if (documents.length > 0 && bytes > PAGE_BYTES_MAX) break;
        documents.push(this.#shown(document));
        this.#taken += 1;
      }
      this.#last = record;
    }
    // MongoDB tails no collection without documents.
    return { documents, isExhausted: records.count(collection) === 0 };
  }

  #isFull(): boolean {
    const { limit = 0 } = this.#request;
    return limit > 0 && this.#taken >= limit;
  }

  /** Errors: `QueryPlanKilled` where the collection is gone, `CappedPositionLost` where the place is. */
  #current(): CollectionInfo {
    const { db, name, uuid } = this.#collection;
    const { catalog, records } = this.#deployment;
    const now = catalog.find(db, name);
    if (now?.uuid.equals(uuid) !== true)
      throw new ServerError('QueryPlanKilled', `collection dropped or renamed: ${db}.${name}. UUID ${uuid.toString()}`);
    if (this.#last !== null && !records.has(this.#last))
      throw new ServerError(
        'CappedPositionLost',
        `CollectionScan died due to position in capped collection being deleted. Last seen record id: RecordId(${this.#last})`,
      );
    return now;
  }
}
