import {
  addEncodedDurations,
  DurationCounts,
  durationSlotOf,
  encodeDurations,
} from '#domain/health/duration-histogram.ts';
import { HEALTH_COUNTERS, type HealthContribution, type HealthCounter } from '#domain/health/health-facts.ts';
import { decode } from './document-encoding.ts';

/** The column of each counter, in the order of {@link HEALTH_COUNTERS}. */
const COUNTER_COLUMNS = {
  arrived: 'arrived',
  started: 'started',
  completed: 'completed',
  failed: 'failed',
  failedByCustomer: 'failed_by_customer',
  cancelled: 'cancelled',
  attempts: 'attempts',
  earnedCredits: 'earned',
  lostCredits: 'lost',
  costMicroUsd: 'cost',
  lostCostMicroUsd: 'lost_cost',
  unknownCosts: 'unknown_costs',
  lostUnknownCosts: 'lost_unknown_costs',
} as const satisfies Record<HealthCounter, string>;

/** The columns of figures, as rows give them: the counters, and both histograms. */
export const HEALTH_COLUMN_NAMES: readonly string[] = [
  ...HEALTH_COUNTERS.map((counter) => COUNTER_COLUMNS[counter]),
  'queue_times',
  'finish_times',
];

/** The histogram of what holds no duration, as it is written. */
const NO_DURATIONS = encodeDurations(new DurationCounts());

/** Figures of one or more buckets, or what a transaction changes of them. */
export class HealthSums {
  readonly counters: number[] = HEALTH_COUNTERS.map(() => 0);
  // Made when a duration comes: most rows that a writer gathers have none, and it gathers ten for each job.
  #queueTimes: DurationCounts | null = null;
  #finishTimes: DurationCounts | null = null;

  get queueTimes(): DurationCounts {
    return (this.#queueTimes ??= new DurationCounts());
  }

  get finishTimes(): DurationCounts {
    return (this.#finishTimes ??= new DurationCounts());
  }

  get isEmpty(): boolean {
    const hasTimes = this.#queueTimes?.isEmpty === false || this.#finishTimes?.isEmpty === false;
    return !hasTimes && this.counters.every((sum) => sum === 0);
  }

  addContribution(contribution: HealthContribution, by: 1 | -1): void {
    for (let index = 0; index < HEALTH_COUNTERS.length; index += 1) {
      const figure = contribution.counters[HEALTH_COUNTERS[index] ?? 'arrived'];
      if (figure !== undefined) this.counters[index] = (this.counters[index] ?? 0) + by * figure;
    }
    if (contribution.queueMs !== null) this.queueTimes.add(durationSlotOf(contribution.queueMs), by);
    if (contribution.finishMs !== null) this.finishTimes.add(durationSlotOf(contribution.finishMs), by);
  }

  addSums(sums: HealthSums, by: 1 | -1 = 1): void {
    for (let index = 0; index < sums.counters.length; index += 1) {
      this.counters[index] = (this.counters[index] ?? 0) + by * (sums.counters[index] ?? 0);
    }
    if (sums.#queueTimes !== null) this.queueTimes.addCounts(sums.#queueTimes, by);
    if (sums.#finishTimes !== null) this.finishTimes.addCounts(sums.#finishTimes, by);
  }

  /**
   * Adds a row as SQLite gives it, or takes it away.
   * @param at where the columns of {@link HEALTH_COLUMN_NAMES} begin in it
   */
  addRow(row: readonly unknown[], at: number, by: 1 | -1 = 1): void {
    decode(() => {
      const timesAt = at + HEALTH_COUNTERS.length;
      for (let index = at; index < timesAt; index += 1) {
        this.counters[index - at] = (this.counters[index - at] ?? 0) + by * Number(row[index]);
      }
      const [queueTimes, finishTimes] = [row[timesAt], row[timesAt + 1]];
      if (hasBytes(queueTimes)) addEncodedDurations(this.queueTimes, queueTimes, by);
      if (hasBytes(finishTimes)) addEncodedDurations(this.finishTimes, finishTimes, by);
    });
  }

  /** The histograms of both kinds of time as they are written. Throws for a negative count. */
  encodedTimes(): readonly [Uint8Array, Uint8Array] {
    const encoded = (times: DurationCounts | null): Uint8Array =>
      times === null ? NO_DURATIONS : encodeDurations(times);
    return [encoded(this.#queueTimes), encoded(this.#finishTimes)];
  }
}

function hasBytes(column: unknown): column is Uint8Array {
  return column instanceof Uint8Array && column.length > 0;
}
