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

/** The histogram of what holds no duration, as it is written. */
const NO_DURATIONS = encodeDurations(new Map());

/** Figures of one or more buckets, or what a transaction changes of them. */
export class HealthSums {
  readonly counters: number[] = HEALTH_COUNTERS.map(() => 0);
  // Made when a duration comes: most rows that a writer gathers have none, and it gathers ten for each job.
  #queueTimes: DurationCounts | null = null;
  #finishTimes: DurationCounts | null = null;

  get queueTimes(): DurationCounts {
    return (this.#queueTimes ??= new Map());
  }

  get finishTimes(): DurationCounts {
    return (this.#finishTimes ??= new Map());
  }

  get isEmpty(): boolean {
    const hasTimes = (this.#queueTimes?.size ?? 0) > 0 || (this.#finishTimes?.size ?? 0) > 0;
    return !hasTimes && this.counters.every((sum) => sum === 0);
  }

  addContribution(contribution: HealthContribution, by: 1 | -1): void {
    for (let index = 0; index < HEALTH_COUNTERS.length; index += 1) {
      const figure = contribution.counters[HEALTH_COUNTERS[index] ?? 'arrived'];
      if (figure !== undefined) this.counters[index] = (this.counters[index] ?? 0) + by * figure;
    }
    if (contribution.queueMs !== null) addToSlot(this.queueTimes, durationSlotOf(contribution.queueMs), by);
    if (contribution.finishMs !== null) addToSlot(this.finishTimes, durationSlotOf(contribution.finishMs), by);
  }

  addSums(sums: HealthSums): void {
    for (let index = 0; index < sums.counters.length; index += 1) {
      this.counters[index] = (this.counters[index] ?? 0) + (sums.counters[index] ?? 0);
    }
    if (sums.#queueTimes !== null) addCounts(this.queueTimes, sums.#queueTimes);
    if (sums.#finishTimes !== null) addCounts(this.finishTimes, sums.#finishTimes);
  }

  /** Adds a row as SQLite gives it. @param at where the columns of {@link HEALTH_COLUMN_NAMES} begin in it */
  addRow(row: readonly unknown[], at: number): void {
    decode(() => {
      HEALTH_COUNTERS.forEach((_, index) => {
        this.counters[index] = (this.counters[index] ?? 0) + Number(row[at + index]);
      });
      const [queueTimes, finishTimes] = row.slice(at + HEALTH_COUNTERS.length);
      if (hasBytes(queueTimes)) addEncodedDurations(this.queueTimes, queueTimes);
      if (hasBytes(finishTimes)) addEncodedDurations(this.finishTimes, finishTimes);
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

type Key = readonly (string | number)[];

/** What is counted of one bucket. */
interface BucketSums {
  readonly bucket: number;
  /** What beside the bucket makes the row, and the same as one text. */
  readonly dimensions: readonly string[];
  readonly name: string;
  readonly sums: HealthSums;
}

/** Sums by bucket and dimensions. */
class KeyedSums {
  readonly #sums = new Map<string, BucketSums>();

  /** @param name the dimensions as one text, put together by the caller once for several buckets */
  at(bucket: number, name: string, dimensions: readonly string[]): HealthSums {
    const key = `${bucket}\0${name}`;
    let found = this.#sums.get(key);
    if (found === undefined) this.#sums.set(key, (found = { bucket, dimensions, name, sums: new HealthSums() }));
    return found.sums;
  }

  values(): Iterable<BucketSums> {
    return this.#sums.values();
  }

  /** The same in buckets that are so many times as long. */
  coarser(times: number): KeyedSums {
    const coarse = new KeyedSums();
    for (const { bucket, name, dimensions, sums } of this.values()) {
      coarse.at(Math.floor(bucket / times), name, dimensions).addSums(sums);
    }
    return coarse;
  }

  /** Everything of each bucket. */
  whole(): KeyedSums {
    const whole = new KeyedSums();
    for (const { bucket, sums } of this.values()) whole.at(bucket, '', NO_DIMENSIONS).addSums(sums);
    return whole;
  }
}

const NO_DIMENSIONS = ['', '', ''];

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
      const times = decode(() => sums.encodedTimes());
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
    const dimensions = [kind, provider, model];
    const name = dimensions.join('\0');
    const ofWorkspace = [workspace, ...dimensions];
    const nameOfWorkspace = `${workspace}\0${name}`;
    for (const contribution of healthContributionsOf(facts)) {
      const bucket = bucketOf(contribution.atMs, HEALTH_GRAINS[0]);
      this.#fine.at(bucket, name, dimensions).addContribution(contribution, by);
      const day = bucketOf(contribution.atMs, WORKSPACE_GRAIN);
      this.#ofWorkspaces.at(day, nameOfWorkspace, ofWorkspace).addContribution(contribution, by);
    }
  }

  reset(): void {
    this.#fine = new KeyedSums();
    this.#ofWorkspaces = new KeyedSums();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    // Each length of buckets is summed up from the one before, all of them before a row that stands is added to any.
    let [grain, rows, whole]: [number, KeyedSums, KeyedSums] = [HEALTH_GRAINS[0], this.#fine, this.#fine.whole()];
    const all = [{ grain, rows, whole }];
    for (const longer of HEALTH_GRAINS.slice(1)) {
      const times = longer / grain;
      [grain, rows, whole] = [longer, rows.coarser(times), whole.coarser(times)];
      all.push({ grain, rows, whole });
    }
    for (const of of all) {
      writeSums(this.#health, of.grain, of.rows);
      writeSums(this.#health, of.grain, of.whole);
    }
    writeSums(this.#workspaces, WORKSPACE_GRAIN, this.#ofWorkspaces);
    this.reset();
  }
}

function writeSums(table: HealthTable, grain: number, rows: KeyedSums): void {
  for (const { bucket, dimensions, sums } of rows.values()) table.add([grain, bucket, ...dimensions], sums);
}

/** The bucket that a time is in. @param grain its length in seconds */
export function bucketOf(timeMs: number, grain: number): number {
  return Math.floor(timeMs / (grain * 1000));
}
