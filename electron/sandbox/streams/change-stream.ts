import { Timestamp } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { DOCUMENT_BYTES_MAX, encode, isDoc, storedBytes, type Doc } from '../semantics/values.ts';
import type { Deployment } from '../deployment.ts';
import { PAGE_BYTES_MAX, type CursorPage, type PageSource } from './cursors.ts';
import type { OplogEntry } from './oplog.ts';
import { isToken, tokenOf, type StreamPlace } from './resume-tokens.ts';
import type { StreamOptions } from './stream-options.ts';
import { fragmentsOf } from './split-event.ts';
import { streamSteps, type StreamContext, type StreamSteps } from './stream-stages.ts';

const DEFAULT_WAIT_MS = 1000;
const READ_AHEAD = 500;
/** MongoDB's limit of a document that it makes itself. */
const EVENT_BYTES_MAX = DOCUMENT_BYTES_MAX + 16 * 1024;
/** Events that a stream gives only where it was asked for them. */
const EXPANDED = new Set(['create', 'createIndexes', 'dropIndexes', 'modify']);
const WITH_BEFORE = new Set(['update', 'replace', 'delete']);

/**
 * Opens a change stream. @param stages those behind `$changeStream`
 * Errors: `ChangeStreamHistoryLost`, and those of {@link streamSteps}.
 */
export function openChangeStream(
  deployment: Deployment,
  options: StreamOptions,
  stages: readonly Doc[],
  context: StreamContext,
): PageSource & { readonly resumeToken: Doc } {
  return new ChangeStream(deployment, options, stages, context);
}

/** An event as the stream gives it. */
interface Told {
  readonly document: Doc;
  /** About its size in BSON. */
  readonly bytes: number;
  readonly place: StreamPlace;
}

class ChangeStream implements PageSource {
  readonly isChangeStream = true;
  readonly #deployment: Deployment;
  readonly #options: StreamOptions;
  readonly #steps: StreamSteps;
  /** How far the log was read. */
  #position: number;
  /** What the newest resume token says. */
  #place: StreamPlace;
  /** What happened before it is not told. */
  readonly #from: Timestamp | null;
  /** The event behind which the stream goes on, until it was looked for. */
  #start: StreamPlace | null;
  /** True while the event whose token was given is missing: the first one that the stages let through then ends the stream. */
  #isUnfound = false;
  #isInvalidated = false;
  /** Events that had no place in a page. */
  readonly #queue: Told[] = [];
  readonly #closing = new AbortController();

  constructor(deployment: Deployment, options: StreamOptions, stages: readonly Doc[], context: StreamContext) {
    this.#deployment = deployment;
    this.#options = options;
    this.#steps = streamSteps(stages, context);
    this.#position = startOf(deployment, options.start);
    const { start } = options;
    const isFuture = start instanceof Timestamp && start.compare(deployment.oplog.time) > 0;
    this.#from = isFuture ? start : null;
    const given = start === null || start instanceof Timestamp ? null : start;
    // From an invalidation nobody may go on by resumeAfter, which is what drivers do with the token of a page.
    this.#place = given?.kind === 'event' ? given : { position: this.#position, kind: 'mark' };
    this.#start = given?.kind === 'mark' ? null : given;
  }

  get resumeToken(): Doc {
    return tokenOf(this.#place);
  }

  async next(batchSize: number, waitMs: number | null): Promise<CursorPage> {
    const until = performance.now() + (waitMs ?? DEFAULT_WAIT_MS);
    for (;;) {
      const page = this.#read(batchSize);
      const leftMs = until - performance.now();
      if (page.documents.length > 0 || page.isExhausted || leftMs <= 0) return page;
      await this.#deployment.oplog.nextChange(leftMs, this.#closing.signal);
      if (this.#closing.signal.aborted)
        throw new ServerError('CursorKilled', 'operation was interrupted because a client killed the cursor');
    }
  }

  close(): void {
    this.#closing.abort();
  }

  /**
   * Looks for the event that the stream goes on behind. The stages and the images come before it on MongoDB: an event that they hold back is
   * not found. Behind a change that ended the stream comes the invalidation, also where the stream begins there.
   */
  #findStart({ position, kind, fragment }: StreamPlace): void {
    const entry = this.#deployment.oplog.after(position - 1, 1)[0];
    this.#isUnfound = true;
    if (entry?.position !== position || !this.#isConcerned(entry.event)) return;
    const isEnd = this.#endsStream(entry.event);
    if (kind === 'invalidation') this.#isUnfound = !isEnd;
    else {
      this.#isUnfound = this.#passing(this.#shown(entry), entry, 'event') === null;
      if (!this.#isUnfound && fragment !== undefined) this.#goOnWith(entry, fragment);
      if (isEnd) this.#invalidate(entry);
    }
  }

  /** Gives what is behind a part of an event that was split. Error: `ChangeStreamFatalError` where it is not split now. */
  #goOnWith(entry: OplogEntry, fragment: number): void {
    if (!this.#steps.isSplitting)
      throw fatal(
        'To resume from a split event, the $changeStream pipeline must include a $changeStreamSplitLargeEvent stage',
      );
    this.#give(this.#shown(entry), entry, 'event');
    const parts = this.#queue.splice(0);
    if (!parts.some(({ place }) => place.fragment === fragment))
      throw fatal('Attempted to resume from a split event fragment, but the event in the resumed stream was not split');
    this.#queue.push(...parts.filter(({ place }) => (place.fragment ?? 0) > fragment));
  }

  #read(batchSize: number): CursorPage {
    const { oplog } = this.#deployment;
    if (this.#position + 1 < oplog.first && oplog.first > 0) throw historyLost();
    if (this.#start !== null && batchSize > 0) {
      this.#findStart(this.#start);
      this.#start = null;
    }
    const documents: Doc[] = [];
    const entries = this.#entries();
    let bytes = 0;
    while (documents.length < batchSize) {
      const told = this.#queue.shift();
      if (told === undefined) {
        const entry = this.#isInvalidated ? undefined : entries.next().value;
        if (entry === undefined) break;
        this.#tell(entry);
        continue;
      }
      bytes += told.bytes;
      if (documents.length > 0 && bytes > PAGE_BYTES_MAX) {
        this.#queue.unshift(told);
        break;
      }
      documents.push(told.document);
      this.#place = told.place;
    }
    const isExhausted = this.#isInvalidated && this.#queue.length === 0;
    if (isExhausted) this.#place = { position: this.#position, kind: 'invalidation' };
    else if (this.#queue.length === 0 && this.#place.position !== this.#position)
      this.#place = { position: this.#position, kind: 'mark' };
    return { documents, isExhausted, resumeToken: this.resumeToken };
  }

  *#entries(): Generator<OplogEntry, undefined> {
    for (;;) {
      const entries = this.#deployment.oplog.after(this.#position, READ_AHEAD);
      for (const entry of entries) {
        this.#position = entry.position;
        const time = entry.event['clusterTime'];
        const isEarly = this.#from !== null && time instanceof Timestamp && time.compare(this.#from) < 0;
        if (!isEarly) yield entry;
      }
      if (entries.length < READ_AHEAD) return undefined;
    }
  }

  #tell(entry: OplogEntry): void {
    if (!this.#isConcerned(entry.event)) return;
    const isShown = this.#options.isExpanded || !EXPANDED.has(String(entry.event['operationType']));
    if (isShown) this.#give(this.#shown(entry), entry, 'event');
    if (this.#endsStream(entry.event)) this.#invalidate(entry);
  }

  #invalidate(entry: OplogEntry): void {
    this.#isInvalidated = true;
    const { clusterTime, wallTime } = entry.event;
    this.#give({ operationType: 'invalidate', clusterTime, wallTime }, entry, 'invalidation');
  }

  /** Puts an event into the queue, as the stages leave it. Errors: `ChangeStreamFatalError`, `NoMatchingDocument`, and those of the stages. */
  #give(event: Doc, entry: OplogEntry, kind: 'event' | 'invalidation'): void {
    const passing = this.#passing(event, entry, kind);
    if (passing === null) return;
    const { document, bytes, place } = passing;
    const token = tokenOf(place);
    if (this.#isUnfound) throw notFound(token);
    if (!isToken(document['_id'], token)) throw tokenChanged(token, document['_id']);
    if (bytes <= DOCUMENT_BYTES_MAX) this.#queue.push(passing);
    else this.#queue.push(...this.#largeParts(document, place));
  }

  /** An event with its images, as the stages leave it; null where they let it not through. */
  #passing(event: Doc, entry: OplogEntry, kind: 'event' | 'invalidation'): Told | null {
    const place: StreamPlace = { position: entry.position, kind };
    const { to, ...others } = event;
    let document: Doc | null = { ...(to === undefined ? {} : { to }), _id: tokenOf(place), ...others };
    for (const step of this.#steps.before) document = document === null ? null : step(document);
    if (document === null) return null;
    let bytes = entry.bytes;
    if (kind === 'event') bytes += this.#addImages(document, entry.event);
    for (const step of this.#steps.behind) document = document === null ? null : step(document);
    return document === null ? null : { document, bytes, place };
  }

  /** What may be too large for a page, whole or in parts. Errors: `BSONObjectTooLarge`, and those of {@link fragmentsOf}. */
  #largeParts(document: Doc, place: StreamPlace): readonly Told[] {
    const { length } = encode(document);
    const parts = this.#steps.isSplitting ? fragmentsOf(document, length, place) : null;
    if (parts !== null) return parts;
    if (length > EVENT_BYTES_MAX)
      throw new ServerError(
        'BSONObjectTooLarge',
        `BSONObj size: ${length} (0x${length.toString(16).toUpperCase()}) is invalid. Size must be between 0 and ${EVENT_BYTES_MAX}(16MB)`,
      );
    return [{ document, bytes: length, place }];
  }

  /** True for a change of what is watched. Of views only streams over databases tell, and those with expanded events. */
  #isConcerned(event: Doc): boolean {
    const ns = event['ns'] as Doc;
    const { db, coll } = this.#options.watched;
    if (isOfView(event) && (coll !== null || !this.#options.isExpanded)) return false;
    if (coll === null && isOfServer(event)) return false;
    if (db === null) return ns['db'] !== 'admin' && ns['db'] !== 'local' && ns['db'] !== 'config';
    if (ns['db'] !== db) return false;
    if (coll === null) return true;
    const to = isDoc(event['to']) ? event['to']['coll'] : undefined;
    return ns['coll'] === coll || to === coll;
  }

  #endsStream(event: Doc): boolean {
    const type = event['operationType'];
    const { db, coll } = this.#options.watched;
    if (coll !== null) return type === 'drop' || type === 'rename';
    return db !== null && type === 'dropDatabase';
  }

  /** A change without its images, its fields in MongoDB's order, and without what only streams with expanded events tell. */
  #shown({ event }: OplogEntry): Doc {
    const { isExpanded } = this.#options;
    const { to, operationType, clusterTime, collectionUUID, wallTime, fullDocument, ns, documentKey } = event;
    const { operationDescription, updateDescription, stateBeforeChange } = event;
    const told = {
      to,
      operationType,
      clusterTime,
      ...(isExpanded ? { collectionUUID } : {}),
      wallTime,
      fullDocument,
      ns,
      documentKey,
      ...(isExpanded ? { operationDescription } : {}),
      updateDescription: isDoc(updateDescription) ? described(updateDescription, isExpanded) : undefined,
      stateBeforeChange,
    };
    return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  }

  /** Adds the document before and behind a change, where they were asked for. @returns the bytes that were looked up elsewhere */
  #addImages(document: Doc, event: Doc): number {
    const type = String(event['operationType']);
    const { fullDocumentBeforeChange } = event;
    const before = this.#options.fullDocumentBeforeChange;
    if (before !== 'off' && WITH_BEFORE.has(type)) {
      if (fullDocumentBeforeChange === undefined && before === 'required')
        throw imageMissing('a pre-image for all update, delete and replace events', 'pre-image');
      document['fullDocumentBeforeChange'] = fullDocumentBeforeChange ?? null;
    }
    return type === 'update' ? this.#addFullDocument(document, event) : 0;
  }

  #addFullDocument(document: Doc, event: Doc): number {
    const { postImage } = event;
    switch (this.#options.fullDocument) {
      case 'updateLookup': {
        const found = this.#lookUp(event);
        document['fullDocument'] = found;
        return found === null ? 0 : storedBytes(found).length;
      }
      case 'whenAvailable':
        document['fullDocument'] = postImage ?? null;
        return 0;
      case 'required':
        if (postImage === undefined) throw imageMissing('a post-image for all update events', 'post-image');
        document['fullDocument'] = postImage;
        return 0;
      case 'default':
        return 0;
    }
  }

  /** The changed document as it is now, in the collection that it was changed in: another one of that name has none of its documents. */
  #lookUp(event: Doc): Doc | null {
    const ns = isDoc(event['ns']) ? event['ns'] : {};
    const [db, coll] = [String(ns['db']), String(ns['coll'])];
    const { collectionUUID, documentKey } = event;
    const uuid = this.#deployment.catalog.find(db, coll)?.uuid;
    if (uuid?.toString() !== String(collectionUUID)) return null;
    const [found] = this.#deployment.find(db, coll, { filter: isDoc(documentKey) ? documentKey : {}, limit: 1 });
    return found?.document ?? null;
  }
}

/** What the server keeps in a database is told nobody who watches the database. */
function isOfServer({ ns, to }: Doc): boolean {
  const names = [ns, to].flatMap((one) => (isDoc(one) && typeof one['coll'] === 'string' ? [one['coll']] : []));
  return names.length > 0 && names.every((name) => name.startsWith('system.'));
}

/** A view has no id of its own, as whole databases have none. */
function isOfView({ operationType, collectionUUID }: Doc): boolean {
  return collectionUUID === undefined && operationType !== 'dropDatabase';
}

function described(updateDescription: Doc, isExpanded: boolean): Doc {
  const { disambiguatedPaths, ...description } = updateDescription;
  return isExpanded ? { ...description, disambiguatedPaths: disambiguatedPaths ?? {} } : description;
}

function startOf({ oplog }: Deployment, start: StreamOptions['start']): number {
  if (start === null) return oplog.last;
  if (start instanceof Timestamp) {
    if (oplog.isCut && oplog.firstTime !== null && start.compare(oplog.firstTime) < 0) throw historyLost();
    return oplog.positionBefore(start);
  }
  const { position } = start;
  if (position > oplog.last || (oplog.first > 0 && position + 1 < oplog.first)) throw historyLost();
  return position;
}

function imageMissing(required: string, image: string): ServerError {
  return new ServerError(
    'NoMatchingDocument',
    `Change stream was configured to require ${required}, but the ${image} was not found`,
  );
}

/** MongoDB marks an error from which a stream cannot go on with this label. */
const LOST = { errorLabels: ['NonResumableChangeStreamError'] };

function historyLost(): ServerError {
  return new ServerError(
    'ChangeStreamHistoryLost',
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    LOST,
  );
}

function notFound(token: Doc): ServerError {
  return fatal(`cannot resume stream; the resume token was not found. ${shownValue(token)}`);
}

function fatal(message: string): ServerError {
  return new ServerError('ChangeStreamFatalError', message, LOST);
}

function tokenChanged(expected: Doc, found: unknown): ServerError {
  return new ServerError(
    'ChangeStreamFatalError',
    `Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the unmodified _id field are allowed. Expected: ${shownValue(expected)} but found: ${shownValue(found)}`,
    LOST,
  );
}
