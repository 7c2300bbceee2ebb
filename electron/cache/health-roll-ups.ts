import type { Database, Statement } from 'better-sqlite3';
import {
  addCounts,
  addEncodedDurations,
  addToSlot,
  durationSlotOf,
  encodeDurations,
  type DurationCounts,
} from '#domain/health/duration-histogram.ts';
import {
  HEALTH_COUNTERS,
  healthContributionsOf,
  type HealthContribution,
  type HealthCounter,
  type HealthFacts,
} from '#domain/health/health-facts.ts';
import { decode } from './document-encoding.ts';

/** The lengths of buckets that are kept of everything, in seconds, ascending; each is a multiple of the one before. */
export const HEALTH_GRAINS = [300, 3600, 86_400] as const;
export type HealthGrain = (typeof HEALTH_GRAINS)[number];
/** The length of the buckets that are kept of each workspace: shorter ones would be one job each. */
export const WORKSPACE_GRAIN = 86_400;

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
} as const satisfies Record<HealthCounter, string>;

/** The columns of figures, as rows give them: the counters, and both histograms. */
export const HEALTH_COLUMN_NAMES: readonly string[] = [
  ...HEALTH_COUNTERS.map((counter) => COUNTER_COLUMNS[counter]),
  'queue_times',
  'finish_times',
];

/** Figures of one or more buckets, or what a transaction changes of them. */
export class HealthSums {
  readonly counters: number[] = HEALTH_COUNTERS.map(() => 0);
  readonly queueTimes: DurationCounts = new Map();
  readonly finishTimes: DurationCounts = new Map();

  get isEmpty(): boolean {
    return this.counters.every((sum) => sum === 0) && this.queueTimes.size === 0 && this.finishTimes.size === 0;
  }

  addContribution(contribution: HealthContribution, by: 1 | -1): void {
    HEALTH_COUNTERS.forEach((counter, index) => {
      const figure = contribution.counters[counter];
      if (figure !== undefined) this.counters[index] = (this.counters[index] ?? 0) + by * figure;
    });
    if (contribution.queueMs !== null) addToSlot(this.queueTimes, durationSlotOf(contribution.queueMs), by);
    if (contribution.finishMs !== null) addToSlot(this.finishTimes, durationSlotOf(contribution.finishMs), by);
  }

  addSums(sums: HealthSums): void {
    sums.counters.forEach((figure, index) => {
      this.counters[index] = (this.counters[index] ?? 0) + figure;
    });
    addCounts(this.queueTimes, sums.queueTimes);
    addCounts(this.finishTimes, sums.finishTimes);
  }

  /** Adds a row as SQLite gives it. @param at where the columns of {@link HEALTH_COLUMN_NAMES} begin in it */
  addRow(row: readonly unknown[], at: number): void {
    decode(() => {
      HEALTH_COUNTERS.forEach((_, index) => {
        this.counters[index] = (this.counters[index] ?? 0) + Number(row[at + index]);
      });
      const [queueTimes, finishTimes] = row.slice(at + HEALTH_COUNTERS.length);
      if (queueTimes instanceof Uint8Array) addEncodedDurations(this.queueTimes, queueTimes);
      if (finishTimes instanceof Uint8Array) addEncodedDurations(this.finishTimes, finishTimes);
    });
  }
}

type Key = readonly (string | number)[];

/** Sums by key, with the keys beside them. */
class KeyedSums {
  readonly #sums = new Map<string, { readonly key: Key; readonly sums: HealthSums }>();

  at(key: Key): HealthSums {
    const name = key.join('\0');
    let found = this.#sums.get(name);
    if (found === undefined) this.#sums.set(name, (found = { key, sums: new HealthSums() }));
    return found.sums;
  }

  values(): Iterable<{ readonly key: Key; readonly sums: HealthSums }> {
    return this.#sums.values();
  }
}

/** One table of buckets: adds to its rows, and drops those that hold nothing any more. */
class HealthTable {
  readonly #find: Statement<unknown[], unknown[]>;
  readonly #replace: Statement<unknown[]>;
  readonly #delete: Statement<unknown[]>;

  constructor(db: Database, table: string, keyColumns: readonly string[]) {
    const isRow = keyColumns.map((column) => `${column} = ?`).join(' AND ');
    const columns = [...keyColumns, ...HEALTH_COLUMN_NAMES];
    this.#find = db.prepare<unknown[], unknown[]>(
      `SELECT ${HEALTH_COLUMN_NAMES.join(', ')} FROM ${table} WHERE ${isRow}`,
    );
    this.#find.raw();
    this.#replace = db.prepare(
      `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE ${isRow}`);
  }

  add(key: Key, sums: HealthSums): void {
    if (sums.isEmpty) return;
    const standing = this.#find.get(...key);
    if (standing !== undefined) sums.addRow(standing, 0);
    if (sums.isEmpty) this.#delete.run(...key);
    else {
      const times = decode(() => [encodeDurations(sums.queueTimes), encodeDurations(sums.finishTimes)]);
      this.#replace.run(...key, ...sums.counters, ...times);
    }
  }
}

/**
 * Gathers what a transaction does to the figures of health and writes it at the end of the same transaction. Each job is taken out
 * as it stood and put in as it stands, so the figures are exact after any updates, deletions and re-reads.
 */
export class HealthRollUps {
  readonly #health: HealthTable;
  readonly #workspaces: HealthTable;
  #fine = new KeyedSums();
  #ofWorkspaces = new KeyedSums();

  constructor(db: Database) {
    this.#health = new HealthTable(db, 'health', ['grain', 'bucket', 'kind', 'provider', 'model']);
    this.#workspaces = new HealthTable(db, 'workspace_health', [
      'grain',
      'bucket',
      'workspace',
      'kind',
      'provider',
      'model',
    ]);
  }

  move(facts: HealthFacts, by: 1 | -1): void {
    const { kind, provider, model, workspace } = facts;
    for (const contribution of healthContributionsOf(facts)) {
      const bucket = bucketOf(contribution.atMs, HEALTH_GRAINS[0]);
      this.#fine.at([bucket, kind, provider, model]).addContribution(contribution, by);
      const day = bucketOf(contribution.atMs, WORKSPACE_GRAIN);
      this.#ofWorkspaces.at([day, workspace, kind, provider, model]).addContribution(contribution, by);
    }
  }

  reset(): void {
    this.#fine = new KeyedSums();
    this.#ofWorkspaces = new KeyedSums();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    const all = new KeyedSums();
    for (const { key, sums } of this.#fine.values()) {
      const [fineBucket, ...dimensions] = key;
      for (const grain of HEALTH_GRAINS) {
        const bucket = Math.floor((Number(fineBucket) * HEALTH_GRAINS[0]) / grain);
        all.at([grain, bucket, ...dimensions]).addSums(sums);
        all.at([grain, bucket, '', '', '']).addSums(sums);
      }
    }
    for (const { key, sums } of all.values()) this.#health.add(key, sums);
    for (const { key, sums } of this.#ofWorkspaces.values()) this.#workspaces.add([WORKSPACE_GRAIN, ...key], sums);
    this.reset();
  }
}

/** The bucket that a time is in. @param grain its length in seconds */
export function bucketOf(timeMs: number, grain: number): number {
  return Math.floor(timeMs / (grain * 1000));
}
