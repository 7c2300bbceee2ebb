import { setImmediate } from 'node:timers/promises';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import type { CachedPart } from '#cache/changes.ts';
import { subjectOf } from '#cache/changes.ts';
import { isOutside } from '#cache/copy-scope.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DEFAULT_LIMITS, type ChangesPort, type MonitorOptions } from '#monitor/ports.ts';
import type {
  ChangeBatch,
  ChangedPage,
  ChangeFollower,
  ChangesPage,
  PageBytesRead,
  ReadWithin,
  StoreChange,
} from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import { attemptCall } from '#store/driver-errors.ts';
import type { Topology } from '#store/ports.ts';
import { NOW_MS } from '../../support/cache-world.ts';

/** What happened on the server, in the order in which it did. */
interface LoggedChange {
  /** Null where the document was gone when it was looked up. */
  readonly change: StoreChange | null;
  readonly isInvalidating: boolean;
  readonly atMs: number;
}

/** Waits that pass at once, and are told; those for an answer last until it is there, because this server answers always. */
export function passing(onWait: (ms: number) => void): MonitorOptions['wait'] {
  const forAnswers: readonly number[] = [DEFAULT_LIMITS.answerMs, DEFAULT_LIMITS.streamAnswerMs];
  return async (ms, signal) => {
    if (forAnswers.includes(ms)) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return;
    }
    onWait(ms);
    await setImmediate();
  };
}

/** An error as the driver throws it when the server answers with a code. */
export function serverError(code: number, message = `code ${code}`): MongoServerError {
  return new MongoServerError({ message, code });
}

/** The connection is gone. */
export function networkError(): MongoNetworkError {
  return new MongoNetworkError('connection closed');
}

/** A server in memory behind the port that the monitor reads, which fails when a test says so. */
export class FakeServer implements ChangesPort {
  readonly topology: Topology;
  readonly calls: string[] = [];
  /** Errors that the next calls of a name meet, first come first served. */
  readonly faults: { readonly call: string; readonly error: AppError }[] = [];
  readonly followFaults: Error[] = [];
  /** The oldest position that a stream may still be taken up at. */
  oldestPosition = 0;
  /** With what every stream is refused that is to be taken up at a position. */
  refusedPositions: AppError | null = null;
  nowMs = NOW_MS;
  openStreams = 0;
  /** A call of this name answers only once {@link answerHung} lets it. */
  hangingCall: string | null = null;
  /** The most documents that a read of changes was asked for. */
  largestRead = 0;
  /** How many calls have not answered. */
  hung = 0;
  readonly #hanging = Promise.withResolvers<void>();
  readonly #documents = new Map<CachedPart, Map<string, StoreChange>>([
    ['jobs', new Map()],
    ['accounts', new Map()],
    ['ledger', new Map()],
  ]);
  /** How pages are read as bytes; none are unless a test says so. */
  pageBytes: PageBytesRead | null = null;
  /** So many of its documents are all that a page may hold, whatever is asked for. */
  pageRowsMax = Number.POSITIVE_INFINITY;
  /** Where a large collection is parted. */
  splitIds: readonly string[] = [];
  readonly #log: LoggedChange[] = [];

  constructor(hasChangeStreams: boolean) {
    this.topology = { kind: hasChangeStreams ? 'replica_set' : 'standalone', hasChangeStreams, server: 'Fake 1.0' };
  }

  put(...changes: readonly StoreChange[]): void {
    for (const change of changes) {
      const { part, id } = subjectOf(change);
      this.#documents.get(part)?.set(id, change);
      this.#log.push({ change, isInvalidating: false, atMs: this.nowMs });
    }
  }

  delete(part: CachedPart, id: string): void {
    this.#documents.get(part)?.delete(id);
    this.#log.push({ change: { type: 'deleted', part, id }, isInvalidating: false, atMs: this.nowMs });
  }

  /** A document changed that is gone before anybody looks it up: its event brings nothing. */
  changeUnseen(): void {
    this.#log.push({ change: null, isInvalidating: false, atMs: this.nowMs });
  }

  /** Drops a collection: the stream says that it is void and nothing of the single documents. */
  drop(part: CachedPart): void {
    this.#documents.get(part)?.clear();
    this.#log.push({ change: { type: 'deleted', part, id: '' }, isInvalidating: true, atMs: this.nowMs });
  }

  /** Forgets the changes up to now, as an oplog does that is too small. */
  forgetHistory(): void {
    this.oldestPosition = this.#log.length;
  }

  documentsOf(part: CachedPart): readonly StoreChange[] {
    return [...(this.#documents.get(part)?.values() ?? [])];
  }

  countCalls(name: string): number {
    return this.calls.filter((call) => call.startsWith(name)).length;
  }

  now(): Promise<Result<Date, AppError>> {
    return this.#call('now', () => new Date(this.nowMs));
  }

  estimate(): Promise<Result<number, AppError>> {
    return this.#call('estimate', () =>
      [...this.#documents.values()].reduce((rows, documents) => rows + documents.size, 0),
    );
  }

  async follow(position: string | null): Promise<Result<ChangeFollower, AppError>> {
    const from = position === null ? this.#log.length : Number(position);
    const opened = await this.#call(`follow ${position ?? 'now'}`, () => from);
    if (!opened.ok) return opened;
    if (position !== null && this.refusedPositions !== null) return err(this.refusedPositions);
    if (from < this.oldestPosition) {
      return err(appError('server_error', 'history lost', serverError(286)));
    }
    this.openStreams += 1;
    return ok(this.#follower(from));
  }

  splits(part: CachedPart, ranges: number): Promise<Result<readonly string[], AppError>> {
    return this.#call(`splits ${part} ${ranges}`, () => this.splitIds);
  }

  page(
    part: CachedPart,
    before: string | null,
    limit: number,
    within: ReadWithin = {},
  ): Promise<Result<ChangesPage, AppError>> {
    return this.#call(`page ${part} ${before === null || before > '\u{10FFFE}' ? 'top' : before}`, () => {
      const changes = this.#ordered(part)
        .filter((change) => before === null || (hasTextId(change) && subjectOf(change).id < before))
        .filter((change) => subjectOf(change).id >= (within.fromId ?? '') && isWithin(change, within))
        .toReversed()
        .slice(0, Math.min(limit, this.pageRowsMax));
      return { changes, isLast: changes.length < Math.min(limit, this.pageRowsMax) };
    });
  }

  changedSince(
    part: 'jobs' | 'ledger',
    { atMs, fromId }: ChangedPlace,
    limit: number,
  ): Promise<Result<ChangedPage, AppError>> {
    return this.#call(`changedSince ${part}`, () => {
      this.largestRead = Math.max(this.largestRead, limit);
      const isBehind = (change: StoreChange): boolean => {
        const time = timeOf(change)?.getTime() ?? Number.NaN;
        if (time !== atMs || fromId === null) return time >= atMs;
        return hasTextId(change) && subjectOf(change).id >= fromId;
      };
      const changes = this.#ordered(part)
        .filter(isBehind)
        .sort((left, right) => Number(timeOf(left)) - Number(timeOf(right)))
        .slice(0, limit);
      const last = changes.at(-1);
      if (last === undefined || changes.length < limit) return { changes, next: null };
      const next = { atMs: Number(timeOf(last)), fromId: hasTextId(last) ? `${subjectOf(last).id}\0` : '' };
      return { changes, next };
    });
  }

  oddOnes(part: CachedPart, limit: number): Promise<Result<readonly StoreChange[], AppError>> {
    return this.#call(`oddOnes ${part}`, () =>
      this.#ordered(part)
        .filter((change) => !hasTextId(change))
        .slice(0, limit),
    );
  }

  idsAfter(
    part: CachedPart,
    after: string | null,
    limit: number,
    within: ReadWithin = {},
  ): Promise<Result<readonly string[], AppError>> {
    return this.#call(`idsAfter ${part}`, () =>
      this.#ordered(part)
        .filter((change) => (after === null || hasTextId(change)) && isWithin(change, within))
        .map((change) => subjectOf(change).id)
        .filter((id) => after === null || id > after)
        .slice(0, limit),
    );
  }

  /** Text ids in their order, and other ids behind them, as MongoDB orders most of those. */
  #ordered(part: CachedPart): StoreChange[] {
    const rank = (change: StoreChange): string => `${hasTextId(change) ? 0 : 1}${subjectOf(change).id}`;
    return [...this.documentsOf(part)].sort((left, right) => (rank(left) < rank(right) ? -1 : 1));
  }

  async #call<Value>(name: string, answer: () => Value): Promise<Result<Value, AppError>> {
    this.calls.push(name);
    await setImmediate();
    if (this.hangingCall !== null && name.startsWith(this.hangingCall)) await this.#hang();
    const index = this.faults.findIndex((fault) => name.startsWith(fault.call));
    const [fault] = index < 0 ? [] : this.faults.splice(index, 1);
    return fault === undefined ? ok(answer()) : err(fault.error);
  }

  /** Lets every call answer that was made to hang, for good. */
  answerHung(): void {
    this.hangingCall = null;
    this.#hanging.resolve();
  }

  #hang(): Promise<void> {
    this.hung += 1;
    return this.#hanging.promise;
  }

  #follower(from: number): ChangeFollower {
    let position = from;
    let isClosed = false;
    return {
      next: () =>
        attemptCall(async (): Promise<ChangeBatch> => {
          this.calls.push('next');
          await setImmediate();
          const fault = this.followFaults.shift();
          if (fault !== undefined) throw fault;
          if (isClosed) throw new MongoNetworkError('the stream is closed');
          // What answers late brings what came meanwhile, also where the stream was closed behind it.
          if (this.hangingCall === 'next') await this.#hang();
          const events = this.#log.slice(position, position + 3);
          position += events.length;
          return {
            changes: events.flatMap(({ change, isInvalidating }) =>
              isInvalidating || change === null ? [] : [change],
            ),
            position: String(position),
            isInvalidated: events.some(({ isInvalidating }) => isInvalidating),
            lastAtMs: events.at(-1)?.atMs ?? null,
          };
        }),
      close: () => {
        if (!isClosed) this.openStreams -= 1;
        isClosed = true;
        return Promise.resolve();
      },
    };
  }
}

function isWithin(change: StoreChange, { keptSinceMs = null }: ReadWithin): boolean {
  return change.type !== 'job' || !isOutside(change.job.document, keptSinceMs);
}

function hasTextId(change: StoreChange): boolean {
  return change.type !== 'job' || typeof change.job.document['_id'] === 'string';
}

function timeOf(change: StoreChange): Date | null {
  if (change.type === 'entry') return change.entry.at;
  const time = change.type === 'job' ? change.job.document['updatedAt'] : null;
  return time instanceof Date ? time : null;
}
