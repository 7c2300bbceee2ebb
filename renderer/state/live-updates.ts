import { hashKey, type Query, type QueryClient } from '@tanstack/react-query';
import type { CopyTask } from '#contract/copy-views.ts';
import type { EngineEvent } from '#contract/events.ts';
import type { ReconciliationState } from '#contract/reconciliation-views.ts';
import type { EngineStatus } from '#contract/status.ts';
import type { ErrorCode } from '#domain/errors.ts';
import type { EngineClient } from './engine-client.ts';
import { toWireError } from './engine-failure.ts';
import { queryKeys } from './engine-queries.tsx';

/** The least time between two refreshes, in milliseconds, however many changes arrive. */
const REFRESH_MS = 400;
const STATUS_HASH = hashKey(queryKeys.status);

/**
 * Keeps what is on screen up with the engine's events. Refreshes never overlap: changes that arrive during one start the
 * next, so a flood of changes costs one refresh at a time.
 */
export class LiveUpdates {
  readonly #client: EngineClient;
  readonly #queries: QueryClient;
  #unsubscribe: (() => void)[] = [];
  #changedIds = new Set<string>();
  #hasChanges = false;
  #hasMore = false;
  #isRefreshing = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wasLost = false;
  #place: string | null = null;

  constructor(client: EngineClient, queries: QueryClient) {
    this.#client = client;
    this.#queries = queries;
  }

  /** Begins to listen. */
  start(): void {
    if (this.#unsubscribe.length > 0) return;
    this.#unsubscribe = [
      this.#client.subscribe((events) => events.forEach((event) => this.#take(event))),
      this.#queries.getQueryCache().subscribe(({ type, query }) => {
        if (type !== 'updated') return;
        this.#forgetRefused(query.queryHash);
        if (query.queryHash !== STATUS_HASH) return;
        this.#watchPlace();
        this.#watchEngine(query.state.status);
      }),
    ];
  }

  /** Ends listening; may be called twice. */
  stop(): void {
    this.#unsubscribe.forEach((unsubscribe) => unsubscribe());
    this.#unsubscribe = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #take(event: EngineEvent): void {
    if (event.name === 'status.changed') {
      const before = this.#queries.getQueryData<EngineStatus>(queryKeys.status);
      this.#queries.setQueryData<EngineStatus>(queryKeys.status, event.status);
      if (before !== undefined && before.counts.malformed !== event.status.counts.malformed) {
        void this.#queries.invalidateQueries({ queryKey: queryKeys.malformed });
      }
      // What was refused or hidden under one role may be answered under another, and the other way round.
      if (before !== undefined && seenAs(before) !== seenAs(event.status)) {
        this.#forgetUnseen();
        void this.#readAnew(({ queryKey }) => queryKey[0] !== queryKeys.status[0]);
      }
      // What was refused until then is answered from now on.
      if (before !== undefined && before.copyUpgrade !== null && event.status.copyUpgrade === null) {
        void this.#readAnew(({ queryKey }) => queryKey[0] !== queryKeys.status[0]);
      }
      return;
    }
    if (event.name === 'copy.task') {
      this.#queries.setQueryData<CopyTask | null>(queryKeys.copyTask, event.task);
      if (event.task === null) void this.#queries.invalidateQueries({ queryKey: queryKeys.copy });
      return;
    }
    if (event.name === 'reconciliation.changed') {
      this.#queries.setQueryData<ReconciliationState>(queryKeys.reconciliation, event.state);
      return;
    }
    if (event.name === 'alerts.changed') {
      void this.#queries.invalidateQueries({ queryKey: queryKeys.alerts });
      return;
    }
    event.jobIds.forEach((id) => this.#changedIds.add(id));
    this.#hasMore ||= event.hasMore;
    this.#hasChanges = true;
    this.#schedule();
  }

  /** Nothing of one deployment may be left on the screen of another, drawn or remembered: then the page begins anew. */
  #watchPlace(): void {
    const status = this.#queries.getQueryData<EngineStatus>(queryKeys.status);
    if (status === undefined || status.connection.label === '') return;
    const place = JSON.stringify([status.profile.id, status.profile.kind, status.connection.label]);
    const isElsewhere = this.#place !== null && this.#place !== place;
    this.#place = place;
    if (isElsewhere) location.reload();
  }

  /** Events of the time in which the engine was gone are lost: when it is back, everything is read anew. */
  #watchEngine(status: Query['state']['status']): void {
    if (status === 'error') this.#wasLost = true;
    if (status !== 'success' || !this.#wasLost) return;
    this.#wasLost = false;
    void this.#readAnew(({ queryKey }) => queryKey[0] !== queryKeys.status[0]);
  }

  /** Of itself the store keeps showing what it knew beside the failure of a later read. */
  #forgetRefused(queryHash: string): void {
    const query = this.#queries.getQueryCache().get(queryHash);
    if (query?.state.status !== 'error' || query.state.data === undefined) return;
    if (REFUSALS.has(toWireError(query.state.error).code)) query.setState({ data: undefined });
  }

  /** What nobody looks at would stand on its screen again before it is asked for anew. */
  #forgetUnseen(): void {
    this.#queries.removeQueries({
      predicate: (query) => query.getObserversCount() === 0 && !TOLD.has(query.queryKey[0]),
    });
  }

  #schedule(): void {
    if (this.#timer !== null || this.#isRefreshing) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#refresh();
    }, REFRESH_MS);
  }

  async #refresh(): Promise<void> {
    const [changedIds, hasMore] = [this.#changedIds, this.#hasMore];
    this.#changedIds = new Set();
    this.#hasMore = this.#hasChanges = false;
    this.#isRefreshing = true;
    const isTouched = (query: Query): boolean => isTouchedBy(query, changedIds, hasMore);
    // An answer that was already under way may be from before the change, so what it answers is asked once more.
    const isUnderWay = this.#queries.isFetching({ predicate: isTouched, type: 'active' }) > 0;
    await this.#readAnew(isTouched);
    this.#isRefreshing = false;
    if (isUnderWay) {
      changedIds.forEach((id) => this.#changedIds.add(id));
      this.#hasMore ||= hasMore;
      this.#hasChanges = true;
    }
    if (this.#hasChanges && this.#unsubscribe.length > 0) this.#schedule();
  }

  /** Marks answers as old and asks again for those on screen; the others are asked for when they are looked at. */
  async #readAnew(predicate: (query: Query) => boolean): Promise<void> {
    await this.#queries.invalidateQueries({ predicate, refetchType: 'none' });
    await this.#queries.refetchQueries({ predicate, type: 'active' }, { cancelRefetch: false });
  }
}

/** Answers that any change of a job may touch. */
const ALL_JOBS: ReadonlySet<unknown> = new Set([
  queryKeys.jobPages[0],
  queryKeys.latestJobs[0],
  queryKeys.jobCounts[0],
  queryKeys.foundJobs[0],
  queryKeys.foundOwners[0],
  queryKeys.owners[0],
  queryKeys.ownerLedger[0],
]);

function isTouchedBy({ queryKey }: Query, changedIds: ReadonlySet<string>, hasMore: boolean): boolean {
  const [name, id] = queryKey;
  if (ALL_JOBS.has(name)) return true;
  return name === queryKeys.jobs[0] && (hasMore || (typeof id === 'string' && changedIds.has(id)));
}

/** Answers that events alone bring: asking does not bring them back. */
const TOLD: ReadonlySet<unknown> = new Set([queryKeys.status[0], queryKeys.copyTask[0]]);
/** By these an answer is refused to who sits here: what it said before was for another person or role. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['permission_denied', 'search_hidden']);

/** What decides of what the engine shows: who sits here, and what is hidden from them. */
function seenAs({ person, redaction }: EngineStatus): string {
  return JSON.stringify([person, redaction]);
}
