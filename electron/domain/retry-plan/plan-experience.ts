import type { FailureClass } from '../failure.ts';
import type { Job } from '../job.ts';
import type { PlanExperience } from './plan-draft.ts';

/** The attempts of a kind and model whose costs are averaged, those that are told first. */
const COSTS_MAX = 50;

interface Rate {
  readonly retried: number;
  readonly succeeded: number;
}

/** What earlier jobs tell of one more attempt, as data that crosses to another thread. Costs in micro-USD. */
export interface ExperienceFigures {
  /** The mean cost of a completed attempt, by kind and model. */
  readonly costs: readonly (readonly [key: string, microUsd: number])[];
  /** By kind, model and class of failure. */
  readonly rates: readonly (readonly [key: string, rate: Rate])[];
  /** What the figures rest on, for people. */
  readonly basis: string;
}

/** Gathers what earlier jobs tell: what an attempt cost, and how often one that followed a failure completed. */
export class ExperienceTally {
  readonly #costs = new Map<string, number[]>();
  readonly #rates = new Map<string, { retried: number; succeeded: number }>();

  /** Takes in what every attempt of a job tells. */
  addJob({ kind, attempts }: Pick<Job, 'kind' | 'attempts'>): void {
    for (const [index, { model, endedAt, failure, providerCost }] of attempts.entries()) {
      if (endedAt !== null && failure === null && providerCost !== null) this.addCost(kind, model, providerCost);
      const next = attempts[index + 1];
      if (failure !== null && next !== undefined && next.endedAt !== null) {
        this.#addRetry(keyOf(kind, model, failure.class), next.failure === null);
      }
    }
  }

  /** Takes in what one completed attempt cost, in micro-USD. */
  addCost(kind: string, model: string, microUsd: number): void {
    const key = keyOf(kind, model);
    const known = this.#costs.get(key);
    if (known === undefined) this.#costs.set(key, [microUsd]);
    else if (known.length < COSTS_MAX) known.push(microUsd);
  }

  /** @param basis what was taken in, for people */
  figures(basis: string): ExperienceFigures {
    const mean = (all: readonly number[]): number => Math.round(all.reduce((sum, cost) => sum + cost, 0) / all.length);
    return { costs: [...this.#costs].map(([key, all]) => [key, mean(all)] as const), rates: [...this.#rates], basis };
  }

  #addRetry(key: string, isCompleted: boolean): void {
    const rate = this.#rates.get(key) ?? { retried: 0, succeeded: 0 };
    rate.retried += 1;
    if (isCompleted) rate.succeeded += 1;
    this.#rates.set(key, rate);
  }
}

/** The experience that figures tell of. */
export function experienceFrom(figures: ExperienceFigures): PlanExperience {
  const costs = new Map(figures.costs);
  const rates = new Map(figures.rates);
  return {
    costOf: (kind, model) => costs.get(keyOf(kind, model)) ?? null,
    rateOf: ({ kind, model, failureClass }) =>
      (failureClass === null ? undefined : rates.get(keyOf(kind, model, failureClass))) ?? { retried: 0, succeeded: 0 },
    basis: figures.basis,
  };
}

function keyOf(kind: string, model: string, failureClass: FailureClass | '' = ''): string {
  return `${kind}\0${model}\0${failureClass}`;
}
