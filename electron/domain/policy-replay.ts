import { failureClassSchema, isGivenBack, type Failure, type FailureClass } from './failure.ts';
import type { Attempt, HistoryEntry, Job } from './job.ts';
import type { PolicyDraft } from './policy-version.ts';
import { purchasesOf, type Purchase } from './purchases.ts';
import { attemptsUsed, decideRetry, type RetryPolicy } from './retry-policy.ts';

/**
 * What a draft of the policy would have done differently with failures of one class. Credits in the smallest unit, costs in
 * micro-USD; what jobs would have done that never happened is given as the most that it can be.
 */
export interface ReplayedClass {
  readonly failureClass: FailureClass;
  /** Attempts that failed so and that a runner decided about. */
  readonly failures: number;
  /** After how many of them the runner tried again. */
  readonly retried: number;
  /** Retries by a runner that happened and would not have. */
  readonly dropped: {
    readonly attempts: number;
    /** What their providers metered; attempts without a known cost are counted apart. */
    readonly costMicroUsd: number;
    readonly attemptsWithoutCost: number;
    /** Generations that were completed by a retry that would not have happened, and what their customers paid. */
    readonly successes: number;
    readonly credits: number;
  };
  /** Generations that ended and would have been tried again. */
  readonly added: {
    readonly generations: number;
    readonly attemptsMax: number;
    readonly costMicroUsdMax: number;
    readonly attemptsWithoutCost: number;
    /** Jobs that stand failed and would have had another try: no more than these can succeed, and pay. */
    readonly successesMax: number;
    readonly creditsMax: number;
    /** How many of them would, by how often a retry after such a failure succeeded in the same time; null where none was retried. */
    readonly successesLikely: number | null;
  };
  /** Retries that people made with the input as it was, and those that the draft would have refused. */
  readonly people: {
    readonly retried: number;
    readonly refused: number;
    readonly successesLost: number;
    readonly creditsLost: number;
  };
  /** What customers of jobs that stand failed would have paid, or got back, by the draft's rule about the charge. */
  readonly charge: { readonly keptCredits: number; readonly returnedCredits: number };
}

/** A policy's draft replayed. */
export interface Replay {
  readonly jobs: number;
  readonly classes: readonly ReplayedClass[];
}

/** The most jobs with a failure that one replay reads: more would take minutes, and tell little more. */
export const REPLAYED_JOBS_MAX = 300_000;

/** The reason that stands in a history where a person gave none. */
export const NO_REASON_GIVEN = 'retried by hand';
/** The same where the result of the last purchase was collected. */
export const COLLECTED = 'result collected by hand';
const PLAN_WITHOUT_REASON = /^plan [0-9a-f]{16}: (retried|collected)$/;

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] extends object ? Mutable<Value[Key]> : Value[Key] };
type Counted = Mutable<Pick<ReplayedClass, 'failures' | 'retried' | 'dropped' | 'people' | 'charge'>> & {
  added: { generations: number; successesMax: number; creditsMax: number };
  /** Attempts that would have been added, at most, by kind and model. */
  readonly addedAttempts: Map<string, number>;
  /** Retries that came to an end, and those of them that completed. */
  ended: number;
  succeeded: number;
};

/**
 * Replays jobs under a draft and counts where it decides otherwise than what happened. Each decision is made by the function that
 * every retry goes through; what happened stands in the jobs' own attempts and histories. In memory stand only sums.
 */
export class PolicyReplay {
  readonly #policy: RetryPolicy;
  readonly #classes = new Map<FailureClass, Counted>(failureClassSchema.options.map((name) => [name, nothing()]));
  readonly #costs = new Map<string, { sum: number; purchases: number }>();
  #jobs = 0;

  constructor(draft: PolicyDraft) {
    // The version stands in verdicts only, and none of them leaves this class.
    this.#policy = { ...draft, version: 1 };
  }

  add(job: Job): void {
    this.#jobs += 1;
    const purchases = purchasesOf(job.attempts);
    for (const purchase of purchases) this.#learnCost(job, purchase);
    for (const generation of Map.groupBy(job.attempts, ({ generationId }) => generationId).values()) {
      this.#addGeneration(job, generation, purchases);
    }
    this.#addPeople(job);
  }

  /** What was counted so far. */
  result(): Replay {
    const classes = [...this.#classes].map(([failureClass, counted]): ReplayedClass => {
      const { failures, retried, dropped, people, charge, added, addedAttempts, ended, succeeded } = counted;
      const successesLikely = ended === 0 ? null : Math.round((added.successesMax * succeeded) / ended);
      return {
        failureClass,
        failures,
        retried,
        dropped: { ...dropped },
        added: { ...added, ...this.#costOf(addedAttempts), successesLikely },
        people: { ...people },
        charge: { ...charge },
      };
    });
    return { jobs: this.#jobs, classes };
  }

  #addGeneration(job: Job, attempts: readonly Attempt[], purchases: readonly Purchase[]): void {
    const isCurrent = attempts[0]?.generationId === job.billing.generationId;
    const isOpen = isCurrent && job.state !== 'failed' && job.state !== 'completed';
    for (const [index, { failure }] of attempts.entries()) {
      // What somebody stopped was never decided by a policy, and neither is what comes after.
      if (failure === null || failure.class === 'cancelled') return;
      const counted = this.#of(failure.class);
      const next = attempts[index + 1];
      const wasRetried = next !== undefined || isOpen;
      counted.failures += 1;
      if (wasRetried) counted.retried += 1;
      if (next !== undefined && next.endedAt !== null) {
        counted.ended += 1;
        if (next.failure === null) counted.succeeded += 1;
      }
      const wouldBe = this.#wouldRetry(job, attempts.slice(0, index + 1), failure);
      if (wasRetried && !wouldBe) {
        drop(counted, job, { attempts: attempts.slice(index + 1), purchases, isCurrent });
        return;
      }
      if (!wasRetried && wouldBe) {
        this.#extend(counted, job, attemptsUsed(attempts.slice(0, index + 1), false));
      }
      if (!wasRetried && !wouldBe && isCurrent && job.state === 'failed')
        this.#chargeOtherwise(counted, job, failure.class);
    }
  }

  #wouldRetry(job: Job, attempts: readonly Attempt[], failed: Failure): boolean {
    const asked = attempts.map(({ generationId, failure }, index) => ({
      generationId,
      // The runner asks before it writes down what the attempt failed of.
      failure: index === attempts.length - 1 ? null : failure,
    }));
    const { verdict } = decideRetry({
      job: {
        state: 'running',
        maxAttempts: job.maxAttempts,
        inputHash: job.input.hash,
        attempts: asked,
        generationId: asked[0]?.generationId ?? '',
      },
      failureClass: failed.class,
      chargeStatus: 'reserved',
      pendingEntries: 0,
      asker: { type: 'runner', isGivenBack: isGivenBack(failed) },
      policy: this.#policy,
      retryAfterMs: 0,
      random: 0,
    });
    return verdict === 'retry';
  }

  #extend(counted: Counted, job: Job, attempts: number): void {
    counted.added.generations += 1;
    const key = costKey(job.kind, job.provider.model);
    counted.addedAttempts.set(key, (counted.addedAttempts.get(key) ?? 0) + job.maxAttempts - attempts);
    // What a person's retry has completed since would have been completed sooner, and once all the same.
    if (job.state !== 'failed') return;
    counted.added.successesMax += 1;
    counted.added.creditsMax += job.billing.price;
  }

  #chargeOtherwise(counted: Counted, job: Job, failureClass: FailureClass): void {
    const paid = job.billing.captured - job.billing.refunded;
    const isKept = this.#policy.classes[failureClass].charge === 'capture';
    if (isKept && paid === 0) counted.charge.keptCredits += job.billing.price;
    if (!isKept && paid > 0) counted.charge.returnedCredits += paid;
  }

  #addPeople(job: Job): void {
    const requeues = job.history.filter(
      ({ from, to, actor }) => from === 'failed' && to === 'queued' && actor.type === 'user',
    );
    for (const [index, requeue] of requeues.entries()) {
      const failed = job.attempts.findLast(({ n }) => n <= requeue.attempt)?.failure ?? null;
      // It failed before it was tried (no credit, stopped in the queue): the job does not keep of what.
      if (failed === null) continue;
      const counted = this.#of(failed.class);
      counted.people.retried += 1;
      if (this.#wouldLet(job, requeue, failed.class)) continue;
      counted.people.refused += 1;
      if (index === requeues.length - 1 && job.state === 'completed') {
        counted.people.successesLost += 1;
        counted.people.creditsLost += job.billing.captured - job.billing.refunded;
      }
    }
  }

  #wouldLet(job: Job, requeue: HistoryEntry, failureClass: FailureClass): boolean {
    const isGiven = ![NO_REASON_GIVEN, COLLECTED].includes(requeue.reason);
    const hasReason = isGiven && !PLAN_WITHOUT_REASON.test(requeue.reason);
    const { verdict } = decideRetry({
      job: { state: 'failed', maxAttempts: 1, inputHash: job.input.hash, attempts: [], generationId: '' },
      failureClass,
      chargeStatus: 'not_charged',
      pendingEntries: 0,
      asker: { type: 'person', reason: hasReason ? requeue.reason : null, editedInputHash: null },
      policy: this.#policy,
      retryAfterMs: 0,
      random: 0,
    });
    return verdict === 'retry';
  }

  #learnCost(job: Job, { costMicroUsd, boughtBy }: Purchase): void {
    if (costMicroUsd === null) return;
    const key = costKey(job.kind, boughtBy.model);
    const known = this.#costs.get(key) ?? { sum: 0, purchases: 0 };
    known.sum += costMicroUsd;
    known.purchases += 1;
    this.#costs.set(key, known);
  }

  #costOf(attempts: ReadonlyMap<string, number>): {
    readonly attemptsMax: number;
    readonly costMicroUsdMax: number;
    readonly attemptsWithoutCost: number;
  } {
    let [attemptsMax, costMicroUsdMax, attemptsWithoutCost] = [0, 0, 0];
    for (const [key, count] of attempts) {
      const known = this.#costs.get(key);
      attemptsMax += count;
      if (known === undefined) attemptsWithoutCost += count;
      else costMicroUsdMax += Math.round((known.sum / known.purchases) * count);
    }
    return { attemptsMax, costMicroUsdMax, attemptsWithoutCost };
  }

  #of(failureClass: FailureClass): Counted {
    const counted = this.#classes.get(failureClass);
    if (counted === undefined) throw new Error(`There is no class ${failureClass}.`);
    return counted;
  }
}

/** Takes off what came after a failure that the draft would have let be the end. */
function drop(
  counted: Counted,
  job: Job,
  {
    attempts,
    purchases,
    isCurrent,
  }: { readonly attempts: readonly Attempt[]; readonly purchases: readonly Purchase[]; readonly isCurrent: boolean },
): void {
  const { dropped } = counted;
  dropped.attempts += attempts.length;
  for (const { boughtBy, costMicroUsd } of purchases) {
    // What was only collected had been paid for before.
    if (!attempts.includes(boughtBy)) continue;
    if (costMicroUsd === null) dropped.attemptsWithoutCost += 1;
    else dropped.costMicroUsd += costMicroUsd;
  }
  if (!isCurrent || job.state !== 'completed') return;
  dropped.successes += 1;
  dropped.credits += job.billing.captured - job.billing.refunded;
}

function costKey(kind: string, model: string): string {
  return JSON.stringify([kind, model]);
}

function nothing(): Counted {
  return {
    failures: 0,
    retried: 0,
    dropped: { attempts: 0, costMicroUsd: 0, attemptsWithoutCost: 0, successes: 0, credits: 0 },
    added: { generations: 0, successesMax: 0, creditsMax: 0 },
    people: { retried: 0, refused: 0, successesLost: 0, creditsLost: 0 },
    charge: { keptCredits: 0, returnedCredits: 0 },
    addedAttempts: new Map(),
    ended: 0,
    succeeded: 0,
  };
}
