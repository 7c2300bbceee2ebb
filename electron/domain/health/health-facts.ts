import type { FailureClass } from '../failure.ts';
import type { Job, JobState } from '../job.ts';
import { costOfPurchases, purchasesOf, type Purchase } from '../purchases.ts';

/** What the health of generation is computed from, of one job. Times in milliseconds since 1970, credits in the smallest unit. */
export interface HealthFacts {
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly workspace: string;
  readonly user: string;
  readonly state: JobState;
  readonly failureClass: FailureClass | null;
  readonly createdMs: number;
  /** When its first attempt began; null where none has. */
  readonly startedMs: number | null;
  /** When it came to the end that it is at; null while it is at none. */
  readonly endedMs: number | null;
  readonly attempts: number;
  readonly priceCredits: number;
  /** Captured less refunded. */
  readonly earnedCredits: number;
  /** What its attempts cost at the provider, in micro-USD, as far as it was metered. */
  readonly costMicroUsd: number;
  /** True where it came to more than that: of something that it bought nobody knows the cost. */
  readonly isCostUnknown: boolean;
}

/**
 * More credits or micro-USD of one job do not count: sums over millions of jobs have to stay exact integers, whatever one broken
 * document says.
 */
const JOB_FIGURE_MAX = 2 ** 32;

/** The facts of a job. */
export function healthFactsOf(job: Job): HealthFacts {
  const hasEnded = job.state === 'completed' || job.state === 'failed';
  const purchases = purchasesOf(job.attempts);
  return {
    kind: job.kind,
    provider: job.provider.name,
    model: job.provider.model,
    workspace: job.workspaceId,
    user: job.userId,
    state: job.state,
    failureClass: job.failure?.class ?? null,
    createdMs: job.createdAt.getTime(),
    startedMs: (job.attempts[0]?.startedAt ?? job.history.find(({ to }) => to === 'running')?.at)?.getTime() ?? null,
    endedMs: hasEnded ? (job.history.at(-1)?.at ?? job.updatedAt).getTime() : null,
    attempts: job.attempts.length > 0 ? job.attempts.length : job.attempt,
    priceCredits: job.billing.price,
    earnedCredits: bounded(job.billing.captured - job.billing.refunded),
    costMicroUsd: bounded(costOfPurchases(purchases)),
    isCostUnknown: lacksAttempts(job) || purchases.some((purchase) => lacksCost(purchase, hasEnded)),
  };
}

/** True where a job was generated and its document, which others wrote, keeps no attempt to tell what that cost. */
function lacksAttempts({ state, attempt, attempts }: Job): boolean {
  return attempts.length === 0 && (state === 'completed' || (state === 'failed' && attempt > 0));
}

function lacksCost({ costMicroUsd, lastBy }: Purchase, hasEnded: boolean): boolean {
  // Of an attempt under way the cost is told when it ends.
  return costMicroUsd === null && (hasEnded || lastBy.endedAt !== null);
}

function bounded(figure: number): number {
  return Math.max(-JOB_FIGURE_MAX, Math.min(JOB_FIGURE_MAX, figure));
}

/** Figures that are summed up. Each job counts where something happened to it: its arrival, its first start, its end. */
export const HEALTH_COUNTERS = [
  'arrived',
  'started',
  'completed',
  /** Without the cancelled ones. */
  'failed',
  /** Of `failed`: for what the customer gave or could not pay, whatever the state of generation. */
  'failedByCustomer',
  'cancelled',
  /** Attempts of the jobs that ended. */
  'attempts',
  /** Credits captured less refunded, of the jobs that ended. */
  'earnedCredits',
  /** The price of failed jobs, less what was kept of it. */
  'lostCredits',
  /** What the jobs that ended cost at the provider, in micro-USD. */
  'costMicroUsd',
  /** Of `costMicroUsd`: for jobs that failed or were cancelled. */
  'lostCostMicroUsd',
  /** Of the jobs that ended: those that cost more at the provider than is known. */
  'unknownCosts',
  /** Of `unknownCosts`: those that failed or were cancelled. */
  'lostUnknownCosts',
] as const;
export type HealthCounter = (typeof HEALTH_COUNTERS)[number];

/** What a job adds to the figures of one moment. */
export interface HealthContribution {
  readonly atMs: number;
  readonly counters: Partial<Readonly<Record<HealthCounter, number>>>;
  /** How long it waited from its creation to its first start. */
  readonly queueMs: number | null;
  /** How long it took from its creation to its completion. */
  readonly finishMs: number | null;
}

const CUSTOMER_CLASSES: ReadonlySet<FailureClass> = new Set(['input', 'policy', 'credit']);

/** What a job adds to health; taking the same away again leaves no trace of it. */
export function healthContributionsOf(facts: HealthFacts): readonly HealthContribution[] {
  const all: HealthContribution[] = [
    { atMs: facts.createdMs, counters: { arrived: 1 }, queueMs: null, finishMs: null },
  ];
  if (facts.startedMs !== null) {
    const queueMs = facts.startedMs - facts.createdMs;
    all.push({ atMs: facts.startedMs, counters: { started: 1 }, queueMs, finishMs: null });
  }
  if (facts.endedMs !== null) all.push(endOf(facts, facts.endedMs));
  return all;
}

/** What is not earned as long as a job stays as it is, in credits: its price less what was kept; nothing where it was cancelled. */
export function creditsAtRiskOf(facts: Pick<HealthFacts, 'failureClass' | 'priceCredits' | 'earnedCredits'>): number {
  return facts.failureClass === 'cancelled' ? 0 : bounded(Math.max(0, facts.priceCredits - facts.earnedCredits));
}

function endOf(facts: HealthFacts, endedMs: number): HealthContribution {
  const isCompleted = facts.state === 'completed';
  const isCancelled = facts.failureClass === 'cancelled';
  const hasFailed = !isCompleted && !isCancelled;
  const isCustomers = hasFailed && facts.failureClass !== null && CUSTOMER_CLASSES.has(facts.failureClass);
  return {
    atMs: endedMs,
    counters: {
      completed: isCompleted ? 1 : 0,
      failed: hasFailed ? 1 : 0,
      failedByCustomer: isCustomers ? 1 : 0,
      cancelled: isCancelled ? 1 : 0,
      attempts: facts.attempts,
      earnedCredits: facts.earnedCredits,
      lostCredits: hasFailed ? creditsAtRiskOf(facts) : 0,
      costMicroUsd: facts.costMicroUsd,
      lostCostMicroUsd: isCompleted ? 0 : facts.costMicroUsd,
      unknownCosts: facts.isCostUnknown ? 1 : 0,
      lostUnknownCosts: facts.isCostUnknown && !isCompleted ? 1 : 0,
    },
    queueMs: null,
    finishMs: isCompleted ? endedMs - facts.createdMs : null,
  };
}
