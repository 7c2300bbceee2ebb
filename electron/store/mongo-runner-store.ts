import type { AnyBulkWriteOperation, Document } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { isLeased, PROGRESS_MESSAGE_LENGTH_MAX, type Job, type LeasedJob } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RunnerAnnouncement, RunnerControl } from '#domain/runner-node.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { JobChange } from '#domain/transition.ts';
import { applyWrites } from './applied-changes.ts';
import { guardOf, leaseFilter, pipelineOf, pipelineWhere, stamped } from './change-update.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import type { FleetLimits } from './fleet-limits.ts';
import { endOfTooLarge, writeEnding, type EndingStatement } from './full-documents.ts';
import { chooseJobs, findJobs } from './job-choice.ts';
import { CandidateWindow } from './candidate-window.ts';
import { claimBatch, type ClaimParts } from './job-claims.ts';
import { LEASE_AHEAD_MS, LeasesAhead } from './leases-ahead.ts';
import { intendReservations } from './reservations.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import type {
  ClaimOptions,
  JobWrite,
  LeaseKey,
  LimitHolder,
  ReservationOutcome,
  RunnerStore,
  SweepOutcome,
} from './ports.ts';
import { sweepPending } from './pending-sweep.ts';
import { announceRunner } from './runner-nodes.ts';
import { settleJobs } from './settlement.ts';
import { writeEach, type EachWritten } from './update-each.ts';

/** A job that could not pay is asked again after this long, so that a top-up made elsewhere is noticed. */
const BLOCKED_RECHECK_MS = 15_000;

/** Of how many workspaces it is remembered when they last had a turn; above that, everybody begins anew. */
const SERVED_WORKSPACES_MAX = 10_000;

/** How long a job that a sweep could not settle is passed over by the next ones, in milliseconds, and how many of them are remembered. */
const LEFT_OWING_MS = 60_000;
const LEFT_OWING_MAX = 5000;

/** How far the measured server clock may be off; a lease counts as run out only when it is over by more than this. */
const CLOCK_ERROR_MS_MAX = 500;

/** What is owed since so long after now, in milliseconds, is so by a clock that was set back since. */
const PENDING_AHEAD_MS = 60_000;

/** What the store needs besides the collections. */
export interface RunnerStoreOptions {
  readonly collections: Collections;
  readonly poster: LedgerPoster;
  readonly limits: FleetLimits;
  readonly newId: () => string;
  /** The server's clock, as a value that may be some milliseconds old: used to choose, never to decide. */
  readonly serverNow: () => Promise<Result<Date, AppError>>;
  readonly monotonicMs: () => number;
}

/** What a runner does to MongoDB; see {@link RunnerStore} for what each method promises. */
export class MongoRunnerStore implements RunnerStore {
  readonly #collections: Collections;
  readonly #poster: LedgerPoster;
  readonly #newId: () => string;
  readonly #serverNow: RunnerStoreOptions['serverNow'];
  readonly #claimParts: ClaimParts;
  readonly #limits: FleetLimits;
  /** When each workspace last had a turn here, counted in turns. */
  readonly #servedAt = new Map<string, number>();
  #turns = 0;
  /** The workspace behind which reserving looks on. */
  #reservedBehind = '';
  readonly #ahead: LeasesAhead;
  /** Jobs that a sweep could not settle, and when: what cannot be settled must not hide what can. */
  readonly #leftOwing = new Map<string, number>();

  constructor(options: RunnerStoreOptions) {
    this.#collections = options.collections;
    this.#poster = options.poster;
    this.#newId = options.newId;
    this.#serverNow = options.serverNow;
    const { collections, poster, limits, monotonicMs } = options;
    this.#limits = limits;
    this.#ahead = new LeasesAhead(monotonicMs);
    const window = new CandidateWindow(collections, monotonicMs);
    this.#claimParts = { collections, poster, limits, window, reserved: new Map() };
  }

  async reserveDue(options: {
    readonly limit: number;
    readonly dueForMs?: number;
  }): Promise<Result<ReservationOutcome, AppError>> {
    const now = await this.#serverNow();
    if (!now.ok) return now;
    const nowMs = now.value.getTime();
    const recheckBefore = new Date(nowMs - BLOCKED_RECHECK_MS);
    // Nobody was refused later than now but by a clock that was set back since, whose time would be waited for.
    const recheckBehind = new Date(nowMs + BLOCKED_RECHECK_MS);
    const found = await chooseJobs(
      this.#collections,
      {
        state: 'queued',
        notBefore: { $lte: new Date(nowMs - (options.dueForMs ?? 0)) },
        'billing.price': { $gt: 0 },
        'billing.reserved': 0,
        $or: [
          { 'billing.pending': { $size: 0 }, 'billing.blocked': null },
          { 'billing.blocked.at': { $lte: recheckBefore } },
          { 'billing.blocked.at': { $gte: recheckBehind } },
        ],
      },
      { limit: options.limit, behind: this.#reservedBehind },
    );
    if (!found.ok) return found;
    this.#reservedBehind = found.value.endsAt;
    const ids = found.value.jobs.map((job) => job._id);
    const intended = await intendReservations(this.#collections, ids);
    if (!intended.ok) return intended;
    const settled = await settleJobs(this.#collections, this.#poster, ids);
    return settled.ok ? ok({ reserved: settled.value.settledJobs, blocked: settled.value.blockedJobs }) : settled;
  }

  async claimBatch(options: ClaimOptions): Promise<Result<readonly LeasedJob[], AppError>> {
    const now = await this.#serverNow();
    if (!now.ok) return now;
    const turn = { claimId: this.#newId(), now: now.value, servedAt: this.#servedAt };
    const claimed = await claimBatch(this.#claimParts, options, turn);
    this.#limits.claimEnded();
    if (claimed.ok) this.#noteServed(claimed.value);
    return claimed;
  }

  #noteServed(jobs: readonly LeasedJob[]): void {
    if (this.#servedAt.size > SERVED_WORKSPACES_MAX) this.#servedAt.clear();
    for (const job of jobs) this.#servedAt.set(job.workspaceId, (this.#turns += 1));
  }

  async keepPlaces(holder: LimitHolder): Promise<Result<void, AppError>> {
    const now = await this.#serverNow();
    return now.ok ? this.#limits.keep(holder, now.value) : now;
  }

  noteTokens(provider: string, tokens: number): void {
    this.#limits.noteTokens(provider, tokens);
  }

  holdBack(provider: string, forMs: number): Promise<Result<void, AppError>> {
    return this.#limits.holdBack(provider, forMs);
  }

  async heartbeat(leases: readonly LeaseKey[], leaseMs: number): Promise<Result<readonly LeaseKey[], AppError>> {
    if (leases.length === 0) return ok([]);
    const set = {
      'lease.expiresAt': { $add: ['$$NOW', leaseMs] },
      'lease.heartbeatAt': '$$NOW',
      updatedAt: '$$NOW',
    };
    const written = await this.#writeLeased(leases.map((lease) => ({ lease, set })));
    if (!written.ok) return written;
    const { modified, refused } = written.value;
    if (modified === leases.length) return ok([]);
    const held = await attemptCall(() =>
      this.#collections.jobs
        .find({ $or: leases.map(leaseFilter) })
        .project<{ _id: string }>({ _id: 1 })
        .toArray(),
    );
    if (!held.ok) return held;
    const stillHeld = new Set(held.value.map((job) => job._id));
    return ok(leases.filter((lease, at) => refused.has(at) || !stillHeld.has(lease.jobId)));
  }

  async recordAcceptance(lease: LeaseKey, acceptanceId: string): Promise<Result<void, AppError>> {
    const written = await this.applyWrites([{ type: 'acceptance', lease, acceptanceId }]);
    return written.ok ? (written.value[0] ?? ok(undefined)) : written;
  }

  async isCancelled(jobId: string): Promise<Result<boolean, AppError>> {
    const filter = { _id: jobId, state: 'failed', 'failure.class': 'cancelled' };
    const found = await attemptCall(() => this.#collections.jobs.findOne(filter, { projection: { _id: 1 } }));
    return found.ok ? ok(found.value !== null) : found;
  }

  async recordProgress(
    reports: readonly (LeaseKey & { readonly fraction: number; readonly message: string })[],
  ): Promise<Result<void, AppError>> {
    if (reports.length === 0) return ok(undefined);
    const written = await this.#writeLeased(
      reports.map(({ jobId, token, fraction, message }) => ({
        lease: { jobId, token },
        set: { progress: stamped(withinLimits({ fraction, message })), updatedAt: '$$NOW' },
      })),
    );
    return written.ok ? ok(undefined) : written;
  }

  applyChanges(changes: readonly JobChange[]): Promise<Result<readonly Result<void, AppError>[], AppError>> {
    return this.applyWrites(changes.map((change) => ({ type: 'change', change })));
  }

  applyWrites(writes: readonly JobWrite[]): Promise<Result<readonly Result<void, AppError>[], AppError>> {
    return applyWrites(this.#collections.jobs, writes);
  }

  async settle(jobIds: readonly string[]): Promise<Result<number, AppError>> {
    const settled = await settleJobs(this.#collections, this.#poster, jobIds);
    return settled.ok ? ok(settled.value.settledJobs) : settled;
  }

  async moveOn({ _id, version, state }: Job): Promise<Result<boolean, AppError>> {
    const move = { version: { $add: ['$version', 1] }, updatedAt: '$$NOW' };
    const moved = await attemptCall(() => this.#collections.jobs.updateOne({ _id, version, state }, [{ $set: move }]));
    return moved.ok ? ok(moved.value.modifiedCount === 1) : moved;
  }

  async rescueExpired(options: {
    readonly limit: number;
    readonly decide: (job: LeasedJob) => JobChange | null;
  }): Promise<Result<number, AppError>> {
    const now = await this.#serverNow();
    if (!now.ok) return now;
    const nowMs = now.value.getTime();
    const expired = await this.#findLeased({ $lt: new Date(nowMs - CLOCK_ERROR_MS_MAX) }, options.limit);
    if (!expired.ok) return expired;
    const ahead = await this.#findLeased({ $gt: new Date(nowMs + LEASE_AHEAD_MS) }, options.limit);
    if (!ahead.ok) return ahead;
    // The server itself compares with its clock, because the measured one is wrong for a while after a clock was set.
    const over = [
      ...expired.value.map((job) => ({ job, isOver: { $lt: ['$lease.expiresAt', '$$NOW'] } })),
      ...this.#ahead.silent(ahead.value).map((job) => ({ job, isOver: { $gt: ['$lease.heartbeatAt', '$$NOW'] } })),
    ];
    const rescues = over.flatMap(({ job, isOver }) => {
      const change = options.decide(job);
      return change === null ? [] : [{ change, isOver, expiresAt: job.lease.expiresAt }];
    });
    // The very expiry that was found to be over is part of the guard: a heartbeat in between keeps the job with its runner.
    const statementOf = ({ change, isOver, expiresAt }: (typeof rescues)[number]): EndingStatement => ({
      filter: { ...guardOf(change), 'lease.expiresAt': expiresAt },
      pipelineFor: (pipeline) => pipelineWhere(isOver, pipeline),
    });
    const operations = rescues.map((rescue) => {
      const { filter, pipelineFor } = statementOf(rescue);
      return { updateOne: { filter, update: [...pipelineFor(pipelineOf(rescue.change))] } };
    });
    if (operations.length === 0) return ok(0);
    const written = await writeEach(this.#collections.jobs, operations);
    if (!written.ok) return written;
    const ended: JobChange[] = [];
    for (const at of written.value.refused.keys()) {
      const rescue = rescues[at];
      const change = rescue === undefined ? null : await this.#planFull(rescue.change.jobId);
      if (rescue === undefined || change === null) continue;
      const isEnded = await writeEnding(this.#collections.jobs, change, statementOf({ ...rescue, change }));
      if (isEnded.ok) ended.push(change);
    }
    const owing = [...rescues.map((rescue) => rescue.change), ...ended].filter((change) => change.owes.length > 0);
    const settled = await this.settle(owing.map((change) => change.jobId));
    return settled.ok ? ok(written.value.modified + ended.length) : settled;
  }

  /** Jobs whose leases end then. */
  async #findLeased(expiresAt: Document, limit: number): Promise<Result<readonly LeasedJob[], AppError>> {
    const filter = { state: { $in: ['running', 'validating'] }, 'lease.expiresAt': expiresAt };
    const found = await findJobs(this.#collections, filter, limit);
    return found.ok ? ok(found.value.filter(isLeased)) : found;
  }

  /** The end of a job that is too large for what was to be written; null where it is not, or is no job. */
  async #planFull(jobId: string): Promise<JobChange | null> {
    const found = await attemptCall(() => this.#collections.jobs.findOne({ _id: jobId }));
    return found.ok && found.value !== null ? endOfTooLarge(found.value) : null;
  }

  async sweep(options: {
    readonly limit: number;
    readonly olderThanMs: number;
    readonly isDryRun: boolean;
  }): Promise<Result<SweepOutcome, AppError>> {
    const now = await this.#serverNow();
    if (!now.ok) return now;
    const nowMs = now.value.getTime();
    for (const [id, atMs] of this.#leftOwing) if (Math.abs(nowMs - atMs) > LEFT_OWING_MS) this.#leftOwing.delete(id);
    const before = new Date(nowMs - options.olderThanMs);
    const ahead = new Date(nowMs + PENDING_AHEAD_MS);
    const passedOver = options.isDryRun ? [] : [...this.#leftOwing.keys()];
    const swept = await sweepPending(this.#collections, this.#poster, { ...options, before, ahead, passedOver });
    if (!swept.ok) return swept;
    const { settled, leftOwing, refusal } = swept.value;
    for (const id of leftOwing) if (this.#leftOwing.size < LEFT_OWING_MAX) this.#leftOwing.set(id, nowMs);
    return refusal === null ? ok({ settled }) : err(refusal);
  }

  announceRunner(node: RunnerAnnouncement): Promise<Result<RunnerControl | null, AppError>> {
    return announceRunner(this.#collections.runners, node);
  }

  async nextDueInMs(): Promise<Result<number | null, AppError>> {
    const now = await this.#serverNow();
    if (!now.ok) return now;
    const found = await attemptCall(() =>
      this.#collections.jobs
        .find({ state: { $in: ['queued', 'retrying'] }, notBefore: { $gt: now.value } })
        .project<RawDocument>({ notBefore: 1 })
        .sort({ notBefore: 1 })
        .limit(1)
        .toArray(),
    );
    if (!found.ok) return found;
    // A list of times meets the filter too, and so does a time that no `Date` can be.
    const due = safeParse(z.date(), found.value[0]?.['notBefore']);
    return ok(due.success ? due.data.getTime() - now.value.getTime() : null);
  }

  /** Writes to jobs whose lease is still the one given. */
  #writeLeased(
    writes: readonly { readonly lease: LeaseKey; readonly set: Document }[],
  ): Promise<Result<EachWritten, AppError>> {
    const operations: AnyBulkWriteOperation<RawDocument>[] = writes.map(({ lease, set }) => ({
      updateOne: { filter: leaseFilter(lease), update: [{ $set: set }] },
    }));
    return writeEach(this.#collections.jobs, operations);
  }
}

/** A report as a document can hold it: what a provider says of its progress never turns a job into something that is none. */
function withinLimits(report: { readonly fraction: number; readonly message: string }): typeof report {
  const fraction = Number.isFinite(report.fraction) ? Math.min(Math.max(report.fraction, 0), 1) : 0;
  return { fraction, message: report.message.slice(0, PROGRESS_MESSAGE_LENGTH_MAX) };
}
