import type { Attempt, Job } from '../job.ts';
import { periodOf, type LedgerEntry } from '../ledger.ts';
import { purchasesOf } from '../purchases.ts';
import type { CountedMonths } from './counted-month.ts';
import { compareText } from './finding.ts';

/** What was earned and what it cost, of one kind, provider and model in one month. Credits in the smallest unit, cost in micro-USD. */
export interface Margin {
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  /** Generations that were paid for. */
  readonly generations: number;
  /** Attempts that ended. */
  readonly attempts: number;
  /** Captured, less what was refunded in the same month. */
  readonly earnedCredits: number;
  readonly costMicroUsd: number;
  /** Attempts that ended, that collected nothing, and whose cost nobody knows. */
  readonly unknownCosts: number;
}

/** The words for an entry whose generation no job knows. */
const NO_JOB = '(no job)';

/**
 * Adds up the margin of a month: every job first, then every entry. A cost counts in the month in which the attempt ended that bought,
 * once however often it was collected, as it is known now; a charge in the month that counts its entry, under the provider and model of the generation's last attempt.
 */
export class MarginBook {
  readonly #period: string;
  readonly #months: Pick<CountedMonths, 'of'>;
  readonly #lines = new Map<string, MarginDraft>();
  readonly #lineOfGeneration = new Map<string, LineName>();

  /** @param period the month, for example `2026-10` */
  constructor(period: string, months: Pick<CountedMonths, 'of'>) {
    this.#period = period;
    this.#months = months;
  }

  addJob(job: Job): void {
    const name = (provider: string, model: string): LineName => ({ kind: job.kind, provider, model });
    this.#lineOfGeneration.set(job.billing.generationId, name(job.provider.name, job.provider.model));
    for (const attempt of job.attempts) {
      const line = name(attempt.provider, attempt.model);
      this.#lineOfGeneration.set(attempt.generationId, line);
      if (this.#isOfMonth(attempt)) this.#line(line).attempts += 1;
    }
    for (const { boughtBy, costMicroUsd } of purchasesOf(job.attempts)) {
      if (!this.#isOfMonth(boughtBy)) continue;
      const sum = this.#line(name(boughtBy.provider, boughtBy.model));
      sum.costMicroUsd += costMicroUsd ?? 0;
      if (costMicroUsd === null) sum.unknownCosts += 1;
    }
  }

  #isOfMonth({ endedAt }: Attempt): boolean {
    return endedAt !== null && periodOf(endedAt) === this.#period;
  }

  addEntry(entry: LedgerEntry): void {
    if ((entry.type !== 'capture' && entry.type !== 'refund') || this.#months.of(entry) !== this.#period) return;
    const known = entry.generationId === null ? undefined : this.#lineOfGeneration.get(entry.generationId);
    const sum = this.#line(known ?? { kind: NO_JOB, provider: NO_JOB, model: NO_JOB });
    sum.earnedCredits += entry.type === 'capture' ? entry.credits : -entry.credits;
    if (entry.type === 'capture') sum.generations += 1;
  }

  /** By kind, provider and model, in the order of their names. */
  lines(): readonly Margin[] {
    return [...this.#lines.values()].toSorted(
      (left, right) =>
        compareText(left.kind, right.kind) ||
        compareText(left.provider, right.provider) ||
        compareText(left.model, right.model),
    );
  }

  #line(name: LineName): MarginDraft {
    const key = JSON.stringify([name.kind, name.provider, name.model]);
    const standing = this.#lines.get(key);
    if (standing !== undefined) return standing;
    const line = { ...name, generations: 0, attempts: 0, earnedCredits: 0, costMicroUsd: 0, unknownCosts: 0 };
    this.#lines.set(key, line);
    return line;
  }
}

type LineName = Pick<Margin, 'kind' | 'provider' | 'model'>;
type MarginDraft = { -readonly [Field in keyof Margin]: Margin[Field] };
