import type { Job, LeasedJob, MalformedJob } from '#domain/job.ts';
import type { Actor, CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import type { LimitedJob, LimitsInForce, RunnerLimits } from '#domain/runner-limits.ts';
import type { RunnerAnnouncement, RunnerControl, RunnerNode, RunnerWish } from '#domain/runner-node.ts';
import type { JobChange } from '#domain/transition.ts';
import type { Listed } from './parsed.ts';
import type { ReleasedJob, ReleaseOwed } from './stranded-release.ts';

/** What the deployment is, as far as it matters: what it can do and how to name it. */
export interface Topology {
  readonly kind: 'standalone' | 'replica_set' | 'sharded';
  readonly hasChangeStreams: boolean;
  /** Product and version for people, for example `MongoDB 7.0.14`. */
  readonly server: string;
}

/** A parsed document of the job collection with the document as it came, or why it is no job. */
export type JobDocument =
  | { readonly type: 'job'; readonly job: Job; readonly document: Readonly<Record<string, unknown>> }
  | {
      readonly type: 'malformed';
      readonly malformed: MalformedJob;
      readonly document: Readonly<Record<string, unknown>>;
    };

/** Reads and nothing else; a read-only connection has only this. All reads are of majority-committed data. */
export interface ReadableStore {
  readonly topology: Topology;
  /** Answers when the server does. */
  ping(): Promise<Result<void, AppError>>;
  /** The server's clock. */
  serverNow(): Promise<Result<Date, AppError>>;
  readJob(jobId: string): Promise<Result<JobDocument | null, AppError>>;
  readAccount(workspaceId: string): Promise<Result<CreditAccount | null, AppError>>;
  /** Every ledger entry of a generation, oldest first. */
  readGenerationEntries(generationId: string): Promise<Result<readonly LedgerEntry[], AppError>>;
  /** Every document of the job collection, in no order, in bounded memory. Throws the driver's error when the server goes away. */
  iterateJobs(signal?: AbortSignal): AsyncIterable<JobDocument>;
  /**
   * Every ledger entry, or those of some workspaces; at most a few hundred of them. Throws the driver's error, and one that `toAppError`
   * tells as `malformed_document`, with the id, at an entry that does not parse.
   */
  iterateLedger(signal?: AbortSignal, workspaceIds?: readonly string[]): AsyncIterable<LedgerEntry>;
  /** Every account. One that does not parse is told to `onMalformed` and passed over; without that it ends the iteration as an entry does. */
  iterateAccounts(signal?: AbortSignal, onMalformed?: (error: AppError) => void): AsyncIterable<CreditAccount>;
  /** The fleet's limits and what is left of them. */
  readLimits(): Promise<Result<LimitsInForce, AppError>>;
  listRunners(): Promise<Result<Listed<RunnerNode>, AppError>>;
  /** Every version of the retry policy that was written, the one in force first. */
  readPolicies(): Promise<Result<readonly RetryPolicy[], AppError>>;
}

/** Where the retry policy that is in force is read from. */
export interface PolicySource {
  inForce(): Promise<Result<RetryPolicy, AppError>>;
}

/** Which jobs a runner wants. */
export interface ClaimOptions {
  readonly runnerId: string;
  /** At most this many, 1 to 1000. */
  readonly limit: number;
  readonly leaseMs: number;
  readonly kinds?: readonly string[];
  /** Only jobs of these providers, by name; left out for all. */
  readonly providers?: readonly string[];
  /** What this runner has under way, which counts against the fleet's limits. */
  readonly active?: readonly LimitedJob[];
}

/** A runner and what it has under way, as the fleet's limits count it. */
export interface LimitHolder {
  readonly runnerId: string;
  readonly active: readonly LimitedJob[];
  readonly leaseMs: number;
}

/** What names a lease: the job and the token that it was claimed with. */
export interface LeaseKey {
  readonly jobId: string;
  readonly token: number;
}

/** What is written for a job: a change of its state, or what a provider has accepted under a lease. */
export type JobWrite =
  | { readonly type: 'change'; readonly change: JobChange }
  | { readonly type: 'acceptance'; readonly lease: LeaseKey; readonly acceptanceId: string };

/** What a reservation round did. */
export interface ReservationOutcome {
  readonly reserved: number;
  /** Jobs whose workspace cannot pay; they stay queued and are marked. */
  readonly blocked: number;
}

/** What a sweep did, or would do. */
export interface SweepOutcome {
  /** Jobs whose pending entries were posted. */
  readonly settled: number;
}

/** What a runner does to the collections. Every method is safe to repeat after a lost reply. */
export interface RunnerStore {
  /**
   * Reserves the price of queued jobs that have been due for `dueForMs` (0 unless told): intent, account, ledger, job. A claim
   * reserves by itself; this tells those who wait longer for a place whether they can pay, and asks again who could not.
   */
  reserveDue(options: {
    readonly limit: number;
    readonly dueForMs?: number;
  }): Promise<Result<ReservationOutcome, AppError>>;
  /**
   * Claims due jobs, workspaces taking turns within each priority, once their price stands reserved; each comes running, with
   * a lease of this runner and an open attempt.
   */
  claimBatch(options: ClaimOptions): Promise<Result<readonly LeasedJob[], AppError>>;
  /** Keeps the places that a runner's attempts under way hold of the fleet's limits, and gives back the others. */
  keepPlaces(holder: LimitHolder): Promise<Result<void, AppError>>;
  /** Notes how many tokens a request of a provider took; the fleet's rate is put right with the next claim or heartbeat. */
  noteTokens(provider: string, tokens: number): void;
  /** Says for the whole fleet that a provider wants to be left alone for that long, in milliseconds. */
  holdBack(provider: string, forMs: number): Promise<Result<void, AppError>>;
  /** Prolongs leases by `leaseMs` from the server's now. @returns the leases that are no longer held, or that the server refuses to prolong */
  heartbeat(leases: readonly LeaseKey[], leaseMs: number): Promise<Result<readonly LeaseKey[], AppError>>;
  /** Stores the provider's id the moment it has accepted; `lease_lost` where the lease is another's. */
  recordAcceptance(lease: LeaseKey, acceptanceId: string): Promise<Result<void, AppError>>;
  /** True where the job was cancelled, by whomever. */
  isCancelled(jobId: string): Promise<Result<boolean, AppError>>;
  recordProgress(
    reports: readonly (LeaseKey & { readonly fraction: number; readonly message: string })[],
  ): Promise<Result<void, AppError>>;
  /**
   * Applies changes in one round trip, each on its own and stamped with the server's clock. A change that was already applied
   * (its reply was lost) counts as applied.
   * @returns for each change in order: done, or `lease_lost` / `write_conflict` with nothing written
   */
  applyChanges(changes: readonly JobChange[]): Promise<Result<readonly Result<void, AppError>[], AppError>>;
  /**
   * The same for changes and acceptances, in order. Writes of one job that follow from one another go as one, all of them or
   * none; an acceptance is kept also where the change that went with it was refused.
   */
  applyWrites(writes: readonly JobWrite[]): Promise<Result<readonly Result<void, AppError>[], AppError>>;
  /** Posts what these jobs owe (steps 2 to 4 of the charge protocol). */
  settle(jobIds: readonly string[]): Promise<Result<number, AppError>>;
  /** Gives jobs whose lease ran out back: `retrying`, or `failed` where the policy says so. @returns how many */
  rescueExpired(options: {
    readonly limit: number;
    readonly decide: (job: LeasedJob) => JobChange | null;
  }): Promise<Result<number, AppError>>;
  /** Posts whatever has been pending for longer than `olderThanMs`. */
  sweep(options: {
    readonly limit: number;
    readonly olderThanMs: number;
    readonly isDryRun: boolean;
  }): Promise<Result<SweepOutcome, AppError>>;
  /** Says what a runner is and does. @returns what is wished of it, null where nothing is */
  announceRunner(node: RunnerAnnouncement): Promise<Result<RunnerControl | null, AppError>>;
  /** When the earliest waiting job is due, in milliseconds from the server's now; null where none waits. */
  nextDueInMs(): Promise<Result<number | null, AppError>>;
}

/** Everything that may be written, for parts that are allowed to. */
export interface WritableStore extends RunnerStore {
  /** Inserts new jobs. Error: `document_too_large` where one is larger than an order may be, with nothing inserted. @returns how many were new */
  insertJobs(jobs: readonly Job[]): Promise<Result<number, AppError>>;
  /** Posts one entry of its own (a grant, an adjustment); posting it again changes nothing. Creates the account. */
  postEntry(entry: LedgerEntry): Promise<Result<'posted' | 'already_posted', AppError>>;
  /**
   * Replaces the fleet's limits that stand at a revision; every runner obeys them within half a second. `write_conflict` where
   * they were changed since.
   */
  setLimits(limits: RunnerLimits, revision: number, by: Actor): Promise<Result<void, AppError>>;
  /** Lets jobs that waited for credit be reserved again. @returns how many */
  unblock(workspaceId: string): Promise<Result<number, AppError>>;
  /**
   * Moves a job at its end on to another version, where it is still the one that was looked at: whatever else was decided by that version
   * is refused from then on. @returns whether this call moved it
   */
  moveOn(job: Job): Promise<Result<boolean, AppError>>;
  /** Lets a job at its end owe a release, where it is still what was judged. @returns whether it owes it now */
  oweRelease(job: ReleasedJob, release: ReleaseOwed, actor: Actor): Promise<Result<boolean, AppError>>;
  /**
   * Leaves a wish for a runner, wherever it runs; it obeys when it next announces itself. Error: `not_found` where there is no
   * such runner, or it has ended.
   */
  controlRunner(runnerId: string, wish: RunnerWish, by: Actor): Promise<Result<RunnerNode, AppError>>;
  /** Creates the collections and indexes that are missing. @returns the names of what was created */
  createIndexes(): Promise<Result<readonly string[], AppError>>;
}
