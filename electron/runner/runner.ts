import { appError, type AppError } from '#domain/errors.ts';
import type { LeasedJob } from '#domain/job.ts';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { ANNOUNCE_MS, type RunnerControl, type RunnerNode, type RunnerNodeState } from '#domain/runner-node.ts';
import { within } from '#store/within.ts';
import { HELD_BACK_MS_MAX, type LimitedJob } from '#domain/runner-limits.ts';
import type { PolicySource, RunnerStore } from '#store/ports.ts';
import type { ArtefactFolder } from './artefacts.ts';
import { runAttempt, type AttemptContext, type AttemptOutcome } from './attempt.ts';
import { LeaseBook } from './lease-book.ts';
import { patientStore } from './patient-store.ts';
import { ProgressOutbox } from './progress-outbox.ts';
import type { Provider } from './provider.ts';
import { IDLE_MS_MAX, QueuePace } from './queue-pace.ts';
import { QueueUpkeep, RESERVE_EVERY_MS, SWEEP_EVERY_MS } from './queue-upkeep.ts';
import { WriteOutbox } from './write-outbox.ts';
import { CheckThreads } from './validators/check-threads.ts';
import { validatorsWith } from './validators/validate.ts';

/** What a runner is made from. */
export interface RunnerOptions {
  readonly runnerId: string;
  readonly store: RunnerStore;
  readonly providers: readonly Provider[];
  readonly artefacts: ArtefactFolder;
  /** Asked before the first claim, and again every {@link POLICY_MS}. */
  readonly policies: PolicySource;
  /** Attempts under way at once, 1 to 1000. */
  readonly concurrency: number;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** The module of the threads that check schemas and pages; the source beside this one unless told. */
  readonly checkEntry?: URL;
  /** How long a lease holds without a heartbeat, in milliseconds; {@link LEASE_MS} unless told. */
  readonly leaseMs?: number;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly now: () => Date;
  /** Ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onStatus?: (status: RunnerState) => void;
  /** An attempt has ended, after that many milliseconds. */
  readonly onOutcome?: (job: LeasedJob, outcome: AttemptOutcome, durationMs: number) => void;
  /** What the machine bears; null where it is not measured. */
  readonly load?: () => RunnerNode['load'];
}

/** What a runner is doing. */
export interface RunnerState {
  readonly state: RunnerNodeState;
  readonly runnerId: string;
  readonly concurrency: number;
  readonly active: number;
  /** The last call to the server that failed, null since one succeeded. */
  readonly error: AppError | null;
}

const CHECK_ENTRY = new URL('./validators/check-thread.ts', import.meta.url);
/** How long a lease holds without a heartbeat, in milliseconds. */
export const LEASE_MS = 30_000;
/** Where most places are taken, those that are about to become free are waited for this long, in milliseconds, and filled together. */
const GATHER_MS = 4;
const GATHER_SHARE = 0.25;
/** A heartbeat is waited for so little of its lease that two more are sent while it holds; its late answer counts all the same. */
const BEAT_SHARE = 0.1;
/** Leases of which nothing was heard are looked for so often while one would hold. */
const DOUBT_SHARE = 20;
/** A version of the policy that is put in force is obeyed within this time, in milliseconds. */
const POLICY_MS = 2000;
/** How long the version in force is waited for, in milliseconds. */
const POLICY_ANSWER_MS_MAX = 30_000;
/** An artefact to which nothing was written for this long, in milliseconds, is no attempt's any more. */
const UNFINISHED_MS = 24 * 60 * 60_000;

/**
 * Claims jobs and drives their attempts, as many at once as it may. It coordinates with other runners through MongoDB alone:
 * any number of them may run on one queue. A server that goes away is waited for; attempts whose lease can no longer be
 * trusted are stopped, and whoever rescues them goes on.
 */
export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #leaseMs: number;
  readonly #leases: LeaseBook;
  readonly #outbox: WriteOutbox;
  readonly #progress: ProgressOutbox;
  readonly #checks: CheckThreads;
  readonly #pace: QueuePace;
  readonly #upkeep: QueueUpkeep;
  readonly #attemptContext: AttemptContext;
  readonly #attempts = new Set<Promise<void>>();
  /** What the fleet's limits count of the attempts under way. */
  readonly #active = new Map<string, LimitedJob>();
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #loops: Promise<unknown> | null = null;
  /** The claim under way: what it brings is begun, and must be waited for by whoever ends the runner. */
  #claiming: Promise<unknown> = Promise.resolve();
  #state: RunnerState['state'] = 'running';
  #concurrency: number;
  #error: AppError | null = null;
  /** The policy in force as it was read last; nothing is claimed or rescued before it is known. */
  #policy: RetryPolicy | null = null;
  /** The last revision of others' wishes that was obeyed. */
  #obeyedRevision = 0;

  constructor(given: RunnerOptions) {
    this.#leaseMs = given.leaseMs ?? LEASE_MS;
    const options = { ...given, store: patientStore(given.store, { leaseMs: this.#leaseMs, wait: given.wait }) };
    this.#options = options;
    this.#concurrency = options.concurrency;
    this.#pace = new QueuePace(options);
    this.#leases = new LeaseBook(this.#leaseMs, options.monotonicMs);
    this.#outbox = new WriteOutbox({
      store: options.store,
      onSettleFailed: (error) => this.#note(error),
      isTrusted: (lease) => this.#leases.isTrusted(lease),
      wait: options.wait,
      monotonicMs: options.monotonicMs,
    });
    this.#progress = new ProgressOutbox(options.store);
    this.#checks = new CheckThreads({ entry: options.checkEntry ?? CHECK_ENTRY });
    const policyInForce = (): RetryPolicy => {
      if (this.#policy === null) throw new Error('A runner decides nothing before it knows the policy.');
      return this.#policy;
    };
    this.#attemptContext = {
      runnerId: options.runnerId,
      providers: new Map(options.providers.map((provider) => [provider.name, provider])),
      validators: validatorsWith(this.#checks),
      schemas: this.#checks,
      artefacts: options.artefacts,
      get policy() {
        return policyInForce();
      },
      apply: (change) => this.#outbox.apply(change),
      accepted: (job, acceptanceId) => this.#outbox.accepted(job, acceptanceId),
      isCancelled: async (jobId) => {
        const cancelled = await options.store.isCancelled(jobId);
        return cancelled.ok && cancelled.value;
      },
      progress: (job, fraction, message) => this.#progress.report(job, fraction, message),
      tokensUsed: (provider, tokens) => options.store.noteTokens(provider, tokens),
      heldBack: (provider, forMs) => this.#holdBack(provider, forMs),
      random: options.random,
      now: options.now,
    };
    this.#upkeep = new QueueUpkeep(options.store, this.#attemptContext, () => this.poke());
  }

  get status(): RunnerState {
    return {
      state: this.#state,
      runnerId: this.#options.runnerId,
      concurrency: this.#concurrency,
      active: this.#attempts.size,
      error: this.#error,
    };
  }

  /** Begins to work. Calling it again changes nothing. */
  start(): void {
    if (this.#loops === null) void this.#removeUnfinished();
    this.#loops ??= Promise.all([this.#work(), this.#every(ANNOUNCE_MS, () => this.#announce())]);
  }

  async #removeUnfinished(): Promise<void> {
    try {
      await this.#options.artefacts.removeUnfinished(UNFINISHED_MS, this.#options.now());
    } catch (cause) {
      // What cannot be removed takes space and nothing else.
      this.#note(appError('internal', 'unfinished artefacts could not be removed', cause));
    }
  }

  async #work(): Promise<void> {
    while (this.#policy === null && !this.#stopping.signal.aborted) {
      const error = await this.#readPolicy();
      if (error === null) break;
      this.#note(error);
      await this.#options.wait(POLICY_MS, this.#stopping.signal);
    }
    await Promise.all([
      this.#claimLoop(),
      this.#every(this.#leaseMs / 3, () => this.#beat()),
      this.#every(this.#leaseMs / DOUBT_SHARE, () => this.#stopDoubtful()),
      this.#every(this.#leaseMs / 2, () => this.#upkeep.rescue()),
      this.#every(SWEEP_EVERY_MS, () => this.#upkeep.sweep()),
      this.#every(RESERVE_EVERY_MS, () => this.#reserveWaiting()),
      this.#every(POLICY_MS, () => this.#readPolicy()),
    ]);
  }

  /** Without an answer the version that was read last goes on; each decision says under which one it was made. */
  async #readPolicy(): Promise<AppError | null> {
    const { policies, wait } = this.#options;
    const policy = await within(policies.inForce(), POLICY_ANSWER_MS_MAX, wait);
    if (policy.ok) this.#policy = policy.value;
    return policy.ok ? null : policy.error;
  }

  /** Claims nothing more until `resume`; what is under way goes on. */
  pause(): void {
    if (this.#state === 'running') this.#become('paused');
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#become('running');
    this.poke();
  }

  /** From now on that many attempts at once; more than that which are under way are let finish. */
  setConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#tell();
    this.poke();
  }

  /** Looks at the queue now: something in it may have changed. */
  poke(): void {
    this.#wake.abort();
  }

  /** Claims nothing more, lets everything under way finish, and stops. */
  async drain(): Promise<void> {
    if (this.#state !== 'stopped') this.#become('draining');
    this.poke();
    await this.#claiming;
    await Promise.all(this.#attempts);
    await this.#end();
  }

  /** Stops at once: attempts under way are cut off and their jobs given back. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#become('draining');
    this.#leases.stopAll();
    this.poke();
    await this.#claiming;
    // Once more for what the claim under way has brought.
    this.#leases.stopAll();
    await Promise.all(this.#attempts);
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#outbox.drain();
    const isFirst = this.#state !== 'stopped';
    this.#become('stopped');
    this.#stopping.abort();
    this.poke();
    await this.#loops;
    await this.#checks.stop();
    if (isFirst) await this.#announce();
  }

  async #claimLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      await this.#gather();
      const free = this.#state === 'running' ? this.#concurrency - this.#attempts.size : 0;
      const claiming = free > 0 ? this.#claim(free) : Promise.resolve({ claimed: 0, error: null });
      this.#claiming = claiming;
      const outcome = await claiming;
      failures = outcome.error === null ? 0 : failures + 1;
      if (free > 0) this.#note(outcome.error);
      // A full hand means that there may be more: look again as soon as a place is free.
      if (outcome.claimed > 0 && outcome.claimed === free) continue;
      await this.#rest(free > 0 ? await this.#pace.restMs(failures, () => this.#nextDueInMs()) : IDLE_MS_MAX);
    }
  }

  async #claim(free: number): Promise<{ readonly claimed: number; readonly error: AppError | null }> {
    const { store, runnerId, providers, monotonicMs } = this.#options;
    const claimedAtMs = monotonicMs();
    const claimed = await store.claimBatch({
      runnerId,
      limit: Math.min(free, 1000),
      leaseMs: this.#leaseMs,
      kinds: Object.keys(JOB_KINDS),
      active: [...this.#active.values()],
      providers: providers.map((provider) => provider.name),
    });
    if (!claimed.ok) return { claimed: 0, error: claimed.error };
    for (const job of claimed.value) this.#begin(job, claimedAtMs);
    if (claimed.value.length > 0) {
      this.#pace.worked();
      this.#tell();
    }
    return { claimed: claimed.value.length, error: null };
  }

  #begin(job: LeasedJob, claimedAtMs: number): void {
    const stop = this.#leases.hold(job, claimedAtMs);
    const { kind, workspaceId, provider } = job;
    this.#active.set(job._id, { kind, workspaceId, provider: provider.name });
    const beganAtMs = this.#options.monotonicMs();
    const attempt = runAttempt(job, this.#attemptContext, stop).then(
      (outcome) => this.#finished(job, outcome, beganAtMs),
      // A throw is a bug of ours or of a validator; the job keeps its lease, and its rescue decides what becomes of it.
      (cause: unknown) =>
        this.#finished(job, { type: 'abandoned', error: { code: 'internal', detail: job._id, cause } }, beganAtMs),
    );
    const tracked = attempt.then(() => {
      this.#attempts.delete(tracked);
      this.poke();
      this.#tell();
    });
    this.#attempts.add(tracked);
  }

  #finished(job: LeasedJob, outcome: AttemptOutcome, beganAtMs: number): void {
    // What is known of a job by its id is the later attempt's where there is one.
    if (this.#leases.release(job)) {
      this.#active.delete(job._id);
      this.#progress.forget(job);
    }
    if (outcome.type === 'abandoned') this.#note(outcome.error);
    this.#options.onOutcome?.(job, outcome, this.#options.monotonicMs() - beganAtMs);
  }

  async #nextDueInMs(): Promise<number | null> {
    const due = await this.#options.store.nextDueInMs();
    return due.ok ? due.value : null;
  }

  /** Attempts that are claimed together share their round trips from there on. */
  async #gather(): Promise<void> {
    const free = this.#concurrency - this.#attempts.size;
    if (free <= 0 || free >= this.#concurrency * GATHER_SHARE) return;
    await this.#options.wait(GATHER_MS, this.#stopping.signal);
  }

  /** Beside the heartbeat, which may wait for an answer for longer than a lease holds. */
  #stopDoubtful(): Promise<AppError | null> {
    this.#leases.stopDoubtful();
    return Promise.resolve(null);
  }

  async #beat(): Promise<AppError | null> {
    const { store, runnerId, wait } = this.#options;
    const leaseMs = this.#leaseMs;
    const beaten = await within(this.#leases.beat(store), leaseMs * BEAT_SHARE, wait);
    // Places outlive a lease; the next heartbeat must not wait for them.
    const keeping = store.keepPlaces({ runnerId, active: [...this.#active.values()], leaseMs });
    const kept = await within(keeping, leaseMs * BEAT_SHARE, wait);
    if (!beaten.ok) return beaten.error;
    return kept.ok ? null : kept.error;
  }

  /** Best effort: a runner that is not told learns it from the provider itself. */
  #holdBack(provider: string, forMs: number): void {
    void this.#options.store.holdBack(provider, Math.min(forMs, HELD_BACK_MS_MAX)).then((held) => {
      if (!held.ok) this.#note(held.error);
    });
  }

  async #reserveWaiting(): Promise<AppError | null> {
    return this.#state === 'running' ? this.#upkeep.reserveWaiting() : null;
  }

  async #rest(ms: number): Promise<void> {
    await this.#options.wait(ms, AbortSignal.any([this.#wake.signal, this.#stopping.signal]));
  }

  /** Repeats a call until the runner stops; a failure is shown and the next round tries again. */
  async #every(everyMs: number, call: () => Promise<AppError | null>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const error = await call();
      if (error !== null) this.#note(error);
      await this.#options.wait(everyMs, this.#stopping.signal);
    }
  }

  async #announce(): Promise<AppError | null> {
    const { runnerId, store, host, pid, version, providers, load } = this.#options;
    const { state, active } = this.status;
    const announced = await store.announceRunner({
      _id: runnerId,
      host,
      pid,
      version,
      state,
      active,
      concurrency: Math.max(1, this.#concurrency),
      providers: providers.map((provider) => provider.name),
      kinds: Object.keys(JOB_KINDS),
      load: load?.() ?? null,
      obeyedRevision: this.#obeyedRevision,
    });
    if (!announced.ok) return announced.error;
    if (announced.value !== null) this.#obey(announced.value);
    return null;
  }

  #obey({ revision, stateRevision = revision, state, concurrency }: RunnerControl): void {
    if (revision <= this.#obeyedRevision || this.#state === 'stopped') return;
    const isStateNew = stateRevision > this.#obeyedRevision;
    this.#obeyedRevision = revision;
    if (concurrency !== null) this.setConcurrency(concurrency);
    // What was wished earlier, somebody at its own machine may have changed since.
    if (!isStateNew) return;
    if (state === 'paused') this.pause();
    else if (state === 'running') this.resume();
    // Not awaited: this is called from one of the loops whose end the drain waits for.
    else if (state === 'draining') void this.drain();
  }

  #note(error: AppError | null): void {
    const isNew = this.#error?.code !== error?.code;
    this.#error = error;
    if (isNew) this.#tell();
  }

  #become(state: RunnerState['state']): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.#options.onStatus?.(this.status);
  }
}
