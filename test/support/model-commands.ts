import fc from 'fast-check';
import { MongoServerError } from 'mongodb';
import type { FailureClass } from '#domain/failure.ts';
import { parseJob, type Job, type LeasedJob } from '#domain/job.ts';
import { DEFAULT_RETRY_POLICY, decideRetry } from '#domain/retry-policy.ts';
import { isLegalChange } from '#domain/state-machine.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { failureEvent } from '#runner/attempt.ts';
import { grant, queuedJob } from './job-builder.ts';
import { cloned, ModelDeployment } from './model-collections.ts';
import type { Gate } from './model-driver.ts';
import { openModelStore } from './model-store.ts';
import { acceptanceOf, ModelWatch } from './model-watch.ts';

/** What the model knows: where each job stands, what each workspace was given, and what each generation may cost. */
export interface CommandModel {
  readonly states: Map<string, Job['state']>;
  readonly granted: Map<string, number>;
  readonly grantKeys: Set<string>;
}

/** The deployment that the program's own code runs on, and what its runners hold in their memory. */
export interface CommandWorld {
  readonly deployment: ModelDeployment;
  readonly watch: ModelWatch;
  /** Jobs as each runner claimed them; a runner that crashed forgets them, one that was stopped for a while does not. */
  readonly held: Map<string, LeasedJob[]>;
  readonly monotonic: { ms: number };
  ids: number;
}

/** What the model knows before anything was done. */
export function emptyModel(): CommandModel {
  return { states: new Map(), granted: new Map(), grantKeys: new Set() };
}

/** A deployment in which nothing was done yet. */
export function emptyWorld(): CommandWorld {
  const deployment = new ModelDeployment(new Date('2026-10-01T08:00:00Z').getTime());
  return { deployment, watch: new ModelWatch(deployment), held: new Map(), monotonic: { ms: 0 }, ids: 0 };
}

type Store = ReturnType<typeof openModelStore>;

const RUNNERS = ['r1', 'r2'] as const;
const JOBS = ['j1', 'j2', 'j3'] as const;
const PERSON = 'person';
const LEASE_MS = 10_000;
const POLICY = DEFAULT_RETRY_POLICY;

/** A process of one command: its store, and its death, after which whatever it still awaits never comes. */
interface MortalProcess {
  readonly store: Store;
  readonly died: Promise<void>;
}

/** A store whose process dies when it has made so many calls; each call may be delivered twice. */
function openStore(world: CommandWorld, fate: Fate): MortalProcess {
  let left = fate.callsUntilCrash;
  const death = Promise.withResolvers<void>();
  const gate: Gate = async <Value>(_operation: string, apply: () => Value): Promise<Value> => {
    if (left === 0) {
      death.resolve();
      return new Promise<Value>(() => {});
    }
    left -= 1;
    if (fate.isDeliveredTwice) applyUnseen(apply);
    await Promise.resolve();
    return apply();
  };
  const newId = (): string => `id-${(world.ids += 1)}`;
  const store = openModelStore(world.deployment, { gate, newId, monotonicMs: () => world.monotonic.ms });
  return { store, died: death.promise };
}

/** The first of two deliveries has no reply that anybody sees, a refusal included. */
function applyUnseen(apply: () => unknown): void {
  try {
    apply();
  } catch (cause) {
    if (!(cause instanceof MongoServerError)) throw cause;
  }
}

/** What becomes of the process that runs a command: it dies before its n-th call (never for a large n). */
export interface Fate {
  readonly callsUntilCrash: number;
  readonly isDeliveredTwice: boolean;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  callsUntilCrash: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat({ max: 8 }) }),
  isDeliveredTwice: fc.boolean(),
});

/** One thing that somebody does. After it, whatever became of its process, every invariant is looked at. */
abstract class Step implements fc.AsyncCommand<CommandModel, CommandWorld> {
  readonly fate: Fate;

  constructor(given: Fate) {
    this.fate = given;
  }

  check(): boolean {
    return true;
  }

  async run(model: CommandModel, world: CommandWorld): Promise<void> {
    const { store, died } = openStore(world, this.fate);
    await Promise.race([this.act(store, world, model), died]);
    const wrong = [...world.watch.look(), ...illegalSteps(model, world)];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }

  abstract act(store: Store, world: CommandWorld, model: CommandModel): Promise<void>;

  toString(): string {
    const { fate: given, ...fields } = this as Record<string, unknown> & { readonly fate: Fate };
    const twice = given.isDeliveredTwice ? ' twice' : '';
    const crash = given.callsUntilCrash < 1000 ? ` dies before call ${given.callsUntilCrash + 1}` : '';
    return `${this.constructor.name}(${JSON.stringify(fields)})${twice}${crash}`;
  }
}

/** The changes between what the model knew and what stands now, each of which the table must have. */
function illegalSteps(model: CommandModel, world: CommandWorld): string[] {
  return world.watch.books().jobs.flatMap((job) => {
    const before = model.states.get(job._id);
    model.states.set(job._id, job.state);
    if (before === undefined || before === job.state) return [];
    const since = job.history.findLastIndex((entry) => entry.from === before);
    const path = job.history.slice(since);
    const isLegal = path.every((entry) => entry.from !== null && isLegalChange(entry.from, entry.to));
    return isLegal ? [] : [`${job._id} went from ${before} to ${job.state}`];
  });
}

class Insert extends Step {
  readonly job: (typeof JOBS)[number];
  readonly priceCredits: number;
  constructor(given: Fate, job: (typeof JOBS)[number], priceCredits: number) {
    super(given);
    this.job = job;
    this.priceCredits = priceCredits;
  }
  async act(store: Store, world: CommandWorld): Promise<void> {
    const createdAt = new Date(world.deployment.nowMs);
    await store.insertJobs([queuedJob({ id: this.job, priceCredits: this.priceCredits, maxAttempts: 3, createdAt })]);
  }
}

class TopUp extends Step {
  readonly credits: number;
  readonly n: number;
  constructor(given: Fate, credits: number, n: number) {
    super(given);
    this.credits = credits;
    this.n = n;
  }
  async act(store: Store): Promise<void> {
    // The amount goes with the key: a key that came back with another amount would be refused.
    await store.postEntry(grant('w1', this.credits * this.n, this.n));
    await store.unblock('w1');
  }
}

class Claim extends Step {
  readonly runner: string;
  readonly limit: number;
  constructor(given: Fate, runner: string, limit: number) {
    super(given);
    this.runner = runner;
    this.limit = limit;
  }
  async act(store: Store, world: CommandWorld): Promise<void> {
    await store.reserveDue({ limit: 5 });
    const claimed = await store.claimBatch({ runnerId: this.runner, limit: this.limit, leaseMs: LEASE_MS });
    if (claimed.ok) world.held.set(this.runner, [...(world.held.get(this.runner) ?? []), ...claimed.value]);
  }
}

/** A runner goes on with a job as it remembers it, however long ago that was. */
class Attempt extends Step {
  readonly runner: string;
  readonly pick: number;
  readonly outcome: 'complete' | FailureClass;
  readonly isSettled: boolean;
  constructor(
    given: Fate,
    runner: string,
    pick: number,
    end: { outcome: 'complete' | FailureClass; isSettled: boolean },
  ) {
    super(given);
    this.runner = runner;
    this.pick = pick;
    this.outcome = end.outcome;
    this.isSettled = end.isSettled;
  }
  async act(store: Store, world: CommandWorld): Promise<void> {
    const held = world.held.get(this.runner) ?? [];
    const job = held[this.pick % Math.max(held.length, 1)];
    if (job === undefined) return;
    const lease = { jobId: job._id, token: job.lease.token };
    await store.recordAcceptance(lease, acceptanceOf(lease.jobId, lease.token));
    await store.heartbeat([lease], LEASE_MS);
    const change =
      this.outcome === 'complete' ? await this.#complete(store, job) : planFailure(this.runner, job, this.outcome);
    if (change === null) return;
    await store.applyChanges([change]);
    if (this.isSettled) await store.settle([job._id]);
  }
  async #complete(store: Store, job: LeasedJob): Promise<JobChange | null> {
    const generated = plan(this.runner, job, { type: 'generated' });
    if (generated === null) return null;
    const [applied] = orNone(await store.applyChanges([generated]));
    const validating = applied?.ok === true ? applyChange(job, generated, new Date(0)) : null;
    return validating === null ? null : plan(this.runner, validating, COMPLETE);
  }
}

function orNone<Value>(result: { ok: true; value: readonly Value[] } | { ok: false }): readonly Value[] {
  return result.ok ? result.value : [];
}

const COMPLETE: JobEvent = {
  type: 'complete',
  output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
  validation: { passed: true, checks: [] },
  providerCost: 1,
  finalCredits: null,
};

function plan(actorId: string, job: Job, event: JobEvent): JobChange | null {
  const actor = { type: actorId === PERSON ? 'user' : 'runner', id: actorId } as const;
  const change = planChange(job, event, { actor, reason: event.type, policyVersion: 1 });
  return change.ok ? change.value : null;
}

function planFailure(runner: string, job: LeasedJob, failureClass: FailureClass): JobChange | null {
  const failure = { class: failureClass, code: 'c', message: 'm' };
  const what = { retryAfterMs: 0, providerCost: null, validation: null };
  return plan(runner, job, failureEvent(job, failure, what, { policy: POLICY, random: () => 0.5 }).event);
}

class Rescue extends Step {
  async act(store: Store): Promise<void> {
    await store.rescueExpired({ limit: 5, decide: (job) => planFailure('rescuer', job, 'temporary') });
  }
}

class Sweep extends Step {
  async act(store: Store): Promise<void> {
    await store.sweep({ limit: 5, olderThanMs: -1000, isDryRun: false });
  }
}

/** Two people press the same button, or one presses it twice. */
class Click extends Step {
  readonly job: string;
  readonly clicks: number;
  constructor(given: Fate, job: string, clicks: number) {
    super(given);
    this.job = job;
    this.clicks = clicks;
  }
  async act(store: Store, world: CommandWorld): Promise<void> {
    const document = world.deployment.jobs.documents.get(this.job);
    const parsed = document === undefined ? null : parseJob(cloned(document));
    if (parsed?.ok !== true) return;
    const change = parsed.value.state === 'failed' ? requeue(parsed.value) : cancel(parsed.value);
    if (change === null) return;
    await Promise.all(Array.from({ length: this.clicks }, () => store.applyChanges([change])));
    await store.settle([this.job]);
  }
}

function cancel(job: Job): JobChange | null {
  const failure = { class: 'cancelled', code: 'cancelled', message: 'm' } as const;
  return plan(PERSON, job, { type: 'fail', failure, charge: 'release', providerCost: null, validation: null });
}

function requeue(job: Extract<Job, { state: 'failed' }>): JobChange | null {
  const verdict = decideRetry({
    job: { ...job, inputHash: job.input.hash, generationId: job.billing.generationId },
    failureClass: job.failure.class,
    chargeStatus: job.billing.status,
    pendingEntries: job.billing.pending.length,
    asker: { type: 'person', reason: 'again', editedInputHash: 'another' },
    policy: POLICY,
    retryAfterMs: 0,
    random: 0,
  });
  const event: JobEvent = {
    type: 'requeue',
    generationId: `${job._id}-g${job.version}`,
    priceCredits: job.billing.price,
  };
  return verdict.verdict === 'retry' ? plan(PERSON, job, event) : null;
}

/** Time goes by; or the server's clock alone is set, forwards or back. */
class Time extends Step {
  readonly byMs: number;
  readonly isClockSet: boolean;
  constructor(given: Fate, byMs: number, isClockSet: boolean) {
    super(given);
    this.byMs = byMs;
    this.isClockSet = isClockSet;
  }
  act(_store: Store, world: CommandWorld): Promise<void> {
    world.deployment.nowMs += this.byMs;
    if (!this.isClockSet) world.monotonic.ms += Math.abs(this.byMs);
    if (!this.isClockSet && this.byMs < 0) world.deployment.nowMs -= 2 * this.byMs;
    return Promise.resolve();
  }
}

class ForgetRunner extends Step {
  readonly runner: string;
  constructor(given: Fate, runner: string) {
    super(given);
    this.runner = runner;
  }
  act(_store: Store, world: CommandWorld): Promise<void> {
    world.held.delete(this.runner);
    return Promise.resolve();
  }
}

const runner = fc.constantFrom(...RUNNERS);
const outcome = fc.constantFrom<'complete' | FailureClass>(
  'complete',
  'complete',
  'temporary',
  'input',
  'validation',
  'unknown',
);
const attemptEnd = fc.record({ outcome, isSettled: fc.boolean() });

/** Every command there is. */
export const commands: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(fate, fc.constantFrom(...JOBS), fc.constantFrom(0, 50, 100)).map((args) => new Insert(...args)),
  fc.tuple(fate, fc.constantFrom(60, 100), fc.integer({ min: 1, max: 3 })).map((args) => new TopUp(...args)),
  fc.tuple(fate, runner, fc.integer({ min: 1, max: 3 })).map((args) => new Claim(...args)),
  fc.tuple(fate, runner, fc.nat({ max: 3 }), attemptEnd).map((args) => new Attempt(...args)),
  fc.tuple(fate, runner, fc.nat({ max: 3 }), attemptEnd).map((args) => new Attempt(...args)),
  fate.map((given) => new Rescue(given)),
  fate.map((given) => new Sweep(given)),
  fc.tuple(fate, fc.constantFrom(...JOBS), fc.integer({ min: 1, max: 3 })).map((args) => new Click(...args)),
  fc.tuple(fate, fc.integer({ min: -600_000, max: 600_000 }), fc.boolean()).map((args) => new Time(...args)),
  fc.tuple(fate, runner).map((args) => new ForgetRunner(...args)),
];

const NO_FATE: Fate = { callsUntilCrash: 1000, isDeliveredTwice: false };

/** Lets everything come to its end: sweeps, rescues and a runner that completes what it gets. @returns what is wrong then */
export async function comeToRest(model: CommandModel, world: CommandWorld): Promise<readonly string[]> {
  for (let round = 0; round < 12; round += 1) {
    for (const step of [
      new Time(NO_FATE, 700_000, false),
      new Rescue(NO_FATE),
      new Sweep(NO_FATE),
      new ForgetRunner(NO_FATE, 'r1'),
      new Claim(NO_FATE, 'r1', 3),
      ...[0, 1, 2].map((pick) => new Attempt(NO_FATE, 'r1', pick, { outcome: 'complete', isSettled: true })),
    ])
      await step.run(model, world);
    if (restless(world).length === 0) return [];
  }
  return restless(world);
}

/** What still has to happen. */
function restless(world: CommandWorld): readonly string[] {
  const { jobs, accounts } = world.watch.books();
  return [
    ...jobs.flatMap((job) => {
      const isOver = job.state === 'completed' || job.state === 'failed';
      const isWaiting = job.state === 'queued' && job.billing.blocked !== null;
      const isSettled = isWaiting || job.billing.pending.length === 0;
      return (isOver || isWaiting) && isSettled
        ? []
        : [`${job._id} is ${job.state}, owing ${job.billing.pending.length}`];
    }),
    ...accounts.flatMap((account) => (account.held === 0 ? [] : [`${account._id} still holds ${account.held}`])),
  ];
}
