import { Timestamp } from 'bson';
import { matcherOf } from '../semantics/matching.ts';
import { isStage, runPipeline, unknownStage } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { Deployment } from '../deployment.ts';
import type { CursorPage, PageSource } from './cursors.ts';
import type { OplogEntry } from './oplog.ts';

/** What a stream watches: one collection, a database (`coll` null) or the whole deployment (`db` null). */
export interface Watched {
  readonly db: string | null;
  readonly coll: string | null;
}

const DEFAULT_WAIT_MS = 1000;
const READ_AHEAD = 500;
const STAGES_ALLOWED = new Set([
  '$match',
  '$project',
  '$addFields',
  '$set',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
  '$redact',
  '$changeStreamSplitLargeEvent',
]);
/** Events that a stream gives only where it was asked for them. */
const EXPANDED = new Set(['create', 'createIndexes', 'dropIndexes', 'modify']);
const TOKEN = /^82([0-9A-F]{16})(00|01)$/;

/** Opens a change stream from its `$changeStream` stage and the stages behind it. */
export function openChangeStream(
  deployment: Deployment,
  watched: Watched,
  stages: readonly Doc[],
): PageSource & { readonly resumeToken: Doc } {
  const [first, ...rest] = stages;
  const options = first?.['$changeStream'];
  if (!isDoc(options)) throw new ServerError('FailedToParse', 'the $changeStream stage must be an object');
  for (const stage of rest) {
    const name = Object.keys(stage)[0] ?? '';
    if (!STAGES_ALLOWED.has(name) && !isStage(name)) throw unknownStage(name);
    if (!STAGES_ALLOWED.has(name))
      throw new ServerError('IllegalOperation', `${name} is not permitted in a $changeStream pipeline`);
  }
  return new ChangeStream(
    deployment,
    watched,
    options,
    rest.filter((stage) => !('$changeStreamSplitLargeEvent' in stage)),
  );
}

class ChangeStream implements PageSource {
  readonly isChangeStream = true;
  readonly #deployment: Deployment;
  readonly #watched: Watched;
  readonly #stages: readonly Doc[];
  readonly #options: Doc;
  #position: number;
  #invalidatedAt: number | null = null;
  readonly #closing = new AbortController();

  constructor(deployment: Deployment, watched: Watched, options: Doc, stages: readonly Doc[]) {
    this.#deployment = deployment;
    this.#watched = watched;
    this.#options = options;
    this.#stages = stages;
    this.#position = startOf(deployment, options);
    // Refuses a wrong pipeline now, and not with the first event.
    runPipeline(stages, [], { variables: {}, collection: () => [] });
  }

  get #isExpanded(): boolean {
    return this.#options['showExpandedEvents'] === true;
  }

  get resumeToken(): Doc {
    return tokenOf(this.#position, false);
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

  #read(batchSize: number): CursorPage {
    const { oplog } = this.#deployment;
    if (this.#position + 1 < oplog.first && oplog.first > 0) throw historyLost();
    const documents: Doc[] = [];
    if (this.#invalidatedAt !== null)
      return { documents, isExhausted: true, resumeToken: tokenOf(this.#invalidatedAt, true) };
    while (documents.length < batchSize) {
      const entries = oplog.after(this.#position, READ_AHEAD);
      for (const entry of entries) {
        this.#position = entry.position;
        documents.push(...this.#eventsOf(entry));
        if (this.#invalidatedAt !== null || documents.length >= batchSize) break;
      }
      if (this.#invalidatedAt !== null || entries.length < READ_AHEAD) break;
    }
    const isEnd = this.#invalidatedAt !== null;
    return { documents, isExhausted: isEnd, resumeToken: tokenOf(this.#position, isEnd) };
  }

  #eventsOf(entry: OplogEntry): readonly Doc[] {
    if (!this.#isWatched(entry.event)) return [];
    const events = [this.#complete(entry)];
    if (this.#endsStream(entry.event)) {
      this.#invalidatedAt = entry.position;
      events.push({
        _id: tokenOf(entry.position, true),
        operationType: 'invalidate',
        clusterTime: entry.event['clusterTime'],
        wallTime: entry.event['wallTime'],
      });
    }
    return this.#stages.length === 0 ? events : this.#transformed(events);
  }

  #transformed(events: readonly Doc[]): readonly Doc[] {
    const onlyMatches = this.#stages.every((stage) => isDoc(stage['$match']));
    const results = onlyMatches
      ? events.filter((event) => this.#stages.every((stage) => matcherOf(stage['$match'] as Doc)(event)))
      : runPipeline(this.#stages, events, { variables: {}, collection: () => [] });
    for (const result of results) {
      if (!isDoc(result['_id']) || !('_data' in result['_id'])) {
        throw new ServerError(
          'ChangeStreamFatalError',
          'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the unmodified _id field are allowed.',
          { errorLabels: ['NonResumableChangeStreamError'] },
        );
      }
    }
    return results;
  }

  #isWatched(event: Doc): boolean {
    const ns = event['ns'] as Doc;
    const { db, coll } = this.#watched;
    if (EXPANDED.has(String(event['operationType'])) && !this.#isExpanded) return false;
    if (db === null) return ns['db'] !== 'admin' && ns['db'] !== 'local' && ns['db'] !== 'config';
    if (ns['db'] !== db) return false;
    if (coll === null) return true;
    const to = isDoc(event['to']) ? event['to']['coll'] : undefined;
    return ns['coll'] === coll || to === coll;
  }

  #endsStream(event: Doc): boolean {
    const type = event['operationType'];
    if (this.#watched.coll !== null) return type === 'drop' || type === 'rename';
    return this.#watched.db !== null && type === 'dropDatabase';
  }

  #complete(entry: OplogEntry): Doc {
    const { fullDocumentBeforeChange, postImage, ...event } = entry.event;
    const complete: Doc = { _id: tokenOf(entry.position, false), ...this.#shown(event) };
    const type = String(event['operationType']);
    if (type === 'update') {
      const fullDocument = this.#fullDocument(event, postImage);
      if (fullDocument !== undefined) complete['fullDocument'] = fullDocument;
    }
    const before = this.#options['fullDocumentBeforeChange'];
    if ((before === 'whenAvailable' || before === 'required') && ['update', 'replace', 'delete'].includes(type)) {
      if (fullDocumentBeforeChange === undefined && before === 'required')
        throw imageMissing('a pre-image for all update, delete and replace events', 'pre-image');
      complete['fullDocumentBeforeChange'] = fullDocumentBeforeChange ?? null;
    }
    return complete;
  }

  /** Without what only streams with expanded events tell. */
  #shown(event: Doc): Doc {
    const { updateDescription } = event;
    if (this.#isExpanded) {
      if (!isDoc(updateDescription)) return event;
      return {
        ...event,
        updateDescription: { ...updateDescription, disambiguatedPaths: updateDescription['disambiguatedPaths'] ?? {} },
      };
    }
    const { collectionUUID: _uuid, operationDescription: _description, ...shown } = event;
    if (!isDoc(updateDescription)) return shown;
    const { disambiguatedPaths: _paths, ...described } = updateDescription;
    return { ...shown, updateDescription: described };
  }

  /** What an update's event says of the document behind it; `undefined` where nothing was asked for. */
  #fullDocument(event: Doc, postImage: unknown): unknown {
    switch (this.#options['fullDocument']) {
      case 'updateLookup': {
        const ns = isDoc(event['ns']) ? event['ns'] : {};
        const filter = isDoc(event['documentKey']) ? event['documentKey'] : {};
        const [found] = this.#deployment.find(String(ns['db']), String(ns['coll']), { filter, limit: 1 });
        return found?.document ?? null;
      }
      case 'whenAvailable':
        return postImage ?? null;
      case 'required':
        if (postImage === undefined) throw imageMissing('a post-image for all update events', 'post-image');
        return postImage;
      default:
        return undefined;
    }
  }
}

function imageMissing(required: string, image: string): ServerError {
  return new ServerError(
    'NoMatchingDocument',
    `Change stream was configured to require ${required}, but the ${image} was not found`,
  );
}

function startOf(deployment: Deployment, options: Doc): number {
  const { oplog } = deployment;
  const given = options['resumeAfter'] ?? options['startAfter'];
  if (given !== undefined) {
    const token = positionOf(given);
    if (token.isInvalidate && options['resumeAfter'] !== undefined) {
      throw new ServerError(
        'InvalidResumeToken',
        "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.",
      );
    }
    if (token.position > oplog.last || (oplog.first > 0 && token.position + 1 < oplog.first)) throw historyLost();
    return token.position;
  }
  const time = options['startAtOperationTime'];
  return time instanceof Timestamp ? oplog.positionBefore(time) : oplog.last;
}

/** MongoDB marks an error from which a stream cannot go on with this label. */
function historyLost(): ServerError {
  return new ServerError(
    'ChangeStreamHistoryLost',
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    {
      errorLabels: ['NonResumableChangeStreamError'],
    },
  );
}

function tokenOf(position: number, isInvalidate: boolean): Doc {
  return { _data: `82${position.toString(16).toUpperCase().padStart(16, '0')}${isInvalidate ? '01' : '00'}` };
}

function positionOf(token: unknown): { readonly position: number; readonly isInvalidate: boolean } {
  const parts = isDoc(token) && typeof token['_data'] === 'string' ? TOKEN.exec(token['_data']) : null;
  if (parts === null)
    throw new ServerError('InvalidResumeToken', 'invalid resume token: it was not given out by this server');
  return { position: Number.parseInt(parts[1] ?? '0', 16), isInvalidate: parts[2] === '01' };
}
