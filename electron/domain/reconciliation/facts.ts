import type { FailureClass } from '../failure.ts';
import { finalCreditsOfJob, type Job } from '../job.ts';
import type { EntryType } from '../ledger.ts';
import { costOfPurchases, purchasesOf } from '../purchases.ts';

/**
 * How a generation stands, as far as its charge goes.
 *
 * - `open` it is still to come to its end: nothing may be captured yet
 * - `completed` it delivered: its price is to be captured, once
 * - `released` it failed in a class whose charge is given back: nothing may stay captured
 * - `captured` it failed in a class whose charge is kept
 * - `unknown` its job cannot be read, so that nothing can be said of it
 */
export type GenerationOutcome = 'open' | 'completed' | 'released' | 'captured' | 'unknown';

/** What reconciliation needs to know of a generation. Credits in the smallest unit, cost in micro-USD. */
export interface GenerationFacts {
  readonly id: string;
  readonly outcome: GenerationOutcome;
  /** Null for a generation that was replaced by a later one: its price is no longer kept. */
  readonly priceCredits: number | null;
  /** What is captured for it once it is delivered: the price, or less where that is found by what was bought. Null where the price is. */
  readonly dueCredits: number | null;
  /** When it was asked for: the job's creation, or the requeue that started it. */
  readonly startedAtMs: number;
  /** What its attempts cost at the providers, as far as it is known. */
  readonly providerCostMicroUsd: number;
}

/** An entry that a job says it still owes. */
export interface PendingFacts {
  readonly generationId: string;
  readonly key: string;
  readonly type: EntryType;
  readonly credits: number;
  readonly atMs: number;
}

/** What reconciliation needs to know of a job. */
export interface JobFacts {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly isOver: boolean;
  readonly createdAtMs: number;
  /** When the lease that it has runs out; null where it has none. */
  readonly leaseExpiresAtMs: number | null;
  /** The current generation last. */
  readonly generations: readonly GenerationFacts[];
  /** Without the reservation of a job that waits for credit: it is owed for as long as the customer has none, and by nobody's fault. */
  readonly pending: readonly PendingFacts[];
}

/** What the retry policy of a version says about the charge of a failed generation. */
export type ChargeRule = (failureClass: FailureClass, policyVersion: number | null) => 'release' | 'capture';

/** Takes from a job what its reconciliation needs. */
export function jobFactsOf(job: Job, chargeRule: ChargeRule): JobFacts {
  const { billing } = job;
  const earlier = new Set(job.attempts.map((attempt) => attempt.generationId));
  earlier.delete(billing.generationId);
  return {
    id: job._id,
    workspaceId: job.workspaceId,
    kind: job.kind,
    isOver: job.state === 'completed' || job.state === 'failed',
    createdAtMs: job.createdAt.getTime(),
    leaseExpiresAtMs: job.lease === null ? null : job.lease.expiresAt.getTime(),
    generations: [
      ...[...earlier].map((id) => earlierGeneration(job, id, chargeRule)),
      currentGeneration(job, chargeRule),
    ],
    pending: job.state === 'queued' && billing.blocked !== null ? [] : pendingOf(job),
  };
}

function pendingOf({ billing }: Job): readonly PendingFacts[] {
  return billing.pending.map((entry) => ({
    generationId: billing.generationId,
    key: entry.key,
    type: entry.type,
    credits: entry.credits,
    atMs: entry.at.getTime(),
  }));
}

function currentGeneration(job: Job, chargeRule: ChargeRule): GenerationFacts {
  const { generationId, price } = job.billing;
  const asked = job.history.findLast((entry) => entry.to === 'queued');
  return {
    id: generationId,
    outcome: currentOutcome(job, chargeRule),
    priceCredits: price,
    dueCredits: dueOf(job),
    startedAtMs: (asked?.at ?? job.createdAt).getTime(),
    providerCostMicroUsd: costOf(job, generationId),
  };
}

function dueOf(job: Job): number {
  const { price } = job.billing;
  const last = job.attempts.at(-1);
  if (job.state !== 'completed' || last === undefined) return price;
  return Math.min(finalCreditsOfJob(job, last.providerCost, last.acceptanceId) ?? price, price);
}

function currentOutcome(job: Job, chargeRule: ChargeRule): GenerationOutcome {
  if (job.state === 'completed') return 'completed';
  if (job.state !== 'failed') return 'open';
  const policyVersion = job.history.at(-1)?.policyVersion ?? null;
  return chargeRule(job.failure.class, policyVersion) === 'capture' ? 'captured' : 'released';
}

/** A generation that a requeue replaced: only a failed job is requeued, so that it failed as its last attempt did, or was cancelled. */
function earlierGeneration(job: Job, id: string, chargeRule: ChargeRule): GenerationFacts {
  const attempts = job.attempts.filter((attempt) => attempt.generationId === id);
  const last = attempts.at(-1);
  // The first one: a later generation that ended before its first attempt has the number of this one's.
  const failed = job.history.find((entry) => entry.to === 'failed' && entry.attempt === last?.n);
  // While it waited nothing was under way that could fail.
  const isCancelled = failed?.from === 'retrying' || failed?.from === 'queued';
  const failureClass = isCancelled ? 'cancelled' : (last?.failure?.class ?? null);
  const isKept = failureClass !== null && chargeRule(failureClass, failed?.policyVersion ?? null) === 'capture';
  return {
    id,
    outcome: isKept ? 'captured' : 'released',
    priceCredits: null,
    dueCredits: null,
    startedAtMs: (attempts[0]?.startedAt ?? job.createdAt).getTime(),
    providerCostMicroUsd: costOf(job, id),
  };
}

function costOf(job: Job, generationId: string): number {
  const ofGeneration = purchasesOf(job.attempts).filter(({ boughtBy }) => boughtBy.generationId === generationId);
  return costOfPurchases(ofGeneration);
}
