import type { FailureClass } from '#domain/failure.ts';
import type { Job } from '#domain/job.ts';
import type { PlanExperience } from '#domain/retry-plan/plan-draft.ts';

/** The latest attempts of a kind and model whose costs are averaged. */
const COSTS_MAX = 50;

interface Tally {
  retried: number;
  succeeded: number;
}

/** What recent jobs tell of one more attempt: what an attempt cost, and how often one that followed such a failure completed. */
export function experienceOf(jobs: readonly Job[]): PlanExperience {
  const costs = new Map<string, number[]>();
  const rates = new Map<string, Tally>();
  for (const job of jobs) {
    for (const [index, attempt] of job.attempts.entries()) {
      const isCompleted = attempt.endedAt !== null && attempt.failure === null;
      if (isCompleted && attempt.providerCost !== null) {
        const known = costs.get(keyOf(job.kind, attempt.model)) ?? [];
        if (known.length < COSTS_MAX) known.push(attempt.providerCost);
        costs.set(keyOf(job.kind, attempt.model), known);
      }
      const next = job.attempts[index + 1];
      if (attempt.failure === null || next === undefined || next.endedAt === null) continue;
      const key = keyOf(job.kind, attempt.model, attempt.failure.class);
      const tally = rates.get(key) ?? { retried: 0, succeeded: 0 };
      tally.retried += 1;
      if (next.failure === null) tally.succeeded += 1;
      rates.set(key, tally);
    }
  }
  const means = new Map(
    [...costs].map(([key, all]) => [key, Math.round(all.reduce((sum, cost) => sum + cost, 0) / all.length)]),
  );
  return {
    costOf: (kind, model) => means.get(keyOf(kind, model)) ?? null,
    rateOf: ({ kind, model, failureClass }) =>
      (failureClass === null ? undefined : rates.get(keyOf(kind, model, failureClass))) ?? { retried: 0, succeeded: 0 },
    basis: `attempts that followed such a failure among the ${jobs.length} jobs changed last`,
  };
}

function keyOf(kind: string, model: string, failureClass: FailureClass | null = null): string {
  return JSON.stringify([kind, model, failureClass]);
}
