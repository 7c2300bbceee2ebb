import type { Database } from 'better-sqlite3';
import { durationQuantiles, type DurationCounts } from '#domain/health/duration-histogram.ts';
import { HEALTH_COUNTERS, type HealthCounter } from '#domain/health/health-facts.ts';
import type {
  DurationFigures,
  HealthFigures,
  HealthFilter,
  HealthGroup,
  HealthPoint,
  HealthQuery,
  HealthView,
} from '#contract/health-views.ts';
import { bucketOf, HEALTH_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES, HealthSums } from './health-sums.ts';
import { largestWorkspaces } from './largest-workspaces.ts';
import { QueueReader } from './queue-reader.ts';
import type { IsUnwanted } from './interrupt.ts';
import { StatementPool } from './statement-pool.ts';

/** Health over a time; at most {@link HEALTH_GROUPS_MAX} groups. */
export type HealthAnswer = Omit<HealthView, 'before'>;

/** The most groups of an answer; what the others have is in the figures of all. */
export const HEALTH_GROUPS_MAX = 50;

const HOUR_MS = 3_600_000;
/** Up to how long a time is answered by each grain: of everything together, and where it is restricted or divided. */
const WHOLE_MS_MAX = [12 * HOUR_MS, 14 * 24 * HOUR_MS] as const;
const DIVIDED_MS_MAX = [3 * HOUR_MS, 72 * HOUR_MS] as const;
/** The most buckets of an answer; a longer time begins later. */
const BUCKETS_MAX = 1000;

const DIMENSIONS = { kind: 'kind', provider: 'provider', model: 'model', workspace: 'workspace' } as const;

/** Answers the health of generation from the roll-ups. */
export class HealthReader {
  readonly #pool: StatementPool;
  readonly #queue: QueueReader;

  constructor(db: Database, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
    this.#queue = new QueueReader(db);
  }

  health(query: HealthQuery): HealthAnswer {
    const range = rangeOf(query);
    const all = new SumsByBucket(range);
    const groups = new Map<string, HealthSums>();
    const addAll = (row: readonly unknown[]): void => all.of(Number(row[0])).addRow(row, FIGURES_FROM);
    const addToGroup = (row: readonly unknown[]): void => {
      const key = String(row[1]);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = new HealthSums()));
      group.addRow(row, FIGURES_FROM);
    };
    if (query.groupBy === 'workspace' && query.filter.workspaceId === null) {
      this.#read({ ...query, groupBy: null }, range, addAll);
      const largest = largestWorkspaces(this.#pool, { ...range, limit: HEALTH_GROUPS_MAX }, query.filter);
      for (const [workspaceId, sums] of largest) groups.set(workspaceId, sums);
    } else if (query.groupBy !== null && isUnrestricted(query.filter)) {
      // Of everything together there is one row for each bucket: the many of its groups need not be added up for that once more.
      this.#read({ ...query, groupBy: null }, range, addAll);
      this.#read(query, range, addToGroup);
    } else {
      this.#read(query, range, (row) => {
        addAll(row);
        if (query.groupBy !== null) addToGroup(row);
      });
    }
    const queue = this.#queue.read(query.filter, query.groupBy);
    for (const key of queue.byGroup.keys()) if (!groups.has(key)) groups.set(key, new HealthSums());
    return {
      fromMs: range.first * range.bucketMs,
      toMs: (range.last + 1) * range.bucketMs,
      bucketMs: range.bucketMs,
      figures: figuresOf(all.sum()),
      queue: queue.all,
      points: all.points(),
      groups: largestOf(groups).map(([key, group]) => ({
        key,
        figures: figuresOf(group),
        queue: queue.of(key),
      })),
    };
  }

  /** Hands over rows: the bucket, the group that was asked for, and figures from {@link FIGURES_FROM} on. */
  #read({ groupBy, filter }: HealthQuery, range: BucketRange, take: (row: readonly unknown[]) => void): void {
    const needsWorkspaces = groupBy === 'workspace' || filter.workspaceId !== null;
    const isWhole = groupBy === null && isUnrestricted(filter);
    const where = isWhole && !needsWorkspaces ? "kind = '' AND provider = '' AND model = ''" : whereOf(filter);
    const table =
      filter.workspaceId !== null
        ? 'workspace_health INDEXED BY workspace_health_workspace'
        : needsWorkspaces
          ? 'workspace_health'
          : 'health';
    const group = groupBy === null ? "''" : DIMENSIONS[groupBy];
    const rows = this.#pool.rawAll(
      `SELECT bucket, ${group}, ${HEALTH_COLUMN_NAMES.join(', ')} FROM ${table} WHERE ${IN_RANGE} AND ${where}`,
      paramsOf(filter, range),
    );
    for (const row of rows) take(row);
  }
}

/** Where the figures of a row begin that {@link HealthReader} reads. */
const FIGURES_FROM = 2;
const IN_RANGE = 'grain = @grain AND bucket BETWEEN @first AND @last';

/** What a filter says of the rows that are of a kind, a provider and a model each. */
function whereOf(filter: HealthFilter): string {
  return [
    "kind <> ''",
    ...(filter.kind === null ? [] : ['kind = @kind']),
    ...(filter.provider === null ? [] : ['provider = @provider']),
    ...(filter.model === null ? [] : ['model = @model']),
    ...(filter.workspaceId === null ? [] : ['workspace = @workspaceId']),
  ].join(' AND ');
}

function paramsOf(filter: HealthFilter, { bucketMs, first, last }: BucketRange): object {
  return { grain: bucketMs / 1000, first, last, ...filter };
}

interface BucketRange {
  readonly bucketMs: number;
  readonly first: number;
  /** Included. */
  readonly last: number;
}

function rangeOf({ fromMs, toMs, groupBy, filter }: HealthQuery): BucketRange {
  const grain = grainOf(toMs - fromMs, groupBy, filter);
  const last = bucketOf(Math.max(fromMs, toMs - 1), grain);
  return { bucketMs: grain * 1000, first: Math.max(bucketOf(fromMs, grain), last - BUCKETS_MAX + 1), last };
}

function grainOf(lengthMs: number, groupBy: HealthGroup | null, filter: HealthFilter): number {
  if (groupBy === 'workspace' || filter.workspaceId !== null) return WORKSPACE_GRAIN;
  const isWhole = groupBy === null && isUnrestricted(filter);
  const [fineMsMax, hourMsMax] = isWhole ? WHOLE_MS_MAX : DIVIDED_MS_MAX;
  const [fine, hour, day] = HEALTH_GRAINS;
  return lengthMs <= fineMsMax ? fine : lengthMs <= hourMsMax ? hour : day;
}

function isUnrestricted(filter: HealthFilter): boolean {
  return filter.kind === null && filter.provider === null && filter.model === null && filter.workspaceId === null;
}

/** Sums of the buckets of a range. */
class SumsByBucket {
  readonly #range: BucketRange;
  readonly #sums = new Map<number, HealthSums>();

  constructor(range: BucketRange) {
    this.#range = range;
  }

  /** The sums of a bucket, to add to. */
  of(bucket: number): HealthSums {
    let sums = this.#sums.get(bucket);
    if (sums === undefined) this.#sums.set(bucket, (sums = new HealthSums()));
    return sums;
  }

  sum(): HealthSums {
    const sum = new HealthSums();
    for (const sums of this.#sums.values()) sum.addSums(sums);
    return sum;
  }

  points(): readonly HealthPoint[] {
    const { first, last, bucketMs } = this.#range;
    return Array.from({ length: last - first + 1 }, (_, n) => ({
      fromMs: (first + n) * bucketMs,
      figures: figuresOf(this.#sums.get(first + n) ?? new HealthSums()),
    }));
  }
}

function largestOf(groups: ReadonlyMap<string, HealthSums>): readonly (readonly [string, HealthSums])[] {
  const sizeOf = ({ counters }: HealthSums): number =>
    counters.reduce((sum, figure, index) => sum + (SIZE_COUNTERS.has(HEALTH_COUNTERS[index] ?? '') ? figure : 0), 0);
  return [...groups]
    .map(([key, group]) => ({ key, group, size: sizeOf(group) }))
    .sort((left, right) => right.size - left.size || (left.key < right.key ? -1 : 1))
    .slice(0, HEALTH_GROUPS_MAX)
    .map(({ key, group }) => [key, group] as const);
}

const SIZE_COUNTERS: ReadonlySet<string> = new Set<HealthCounter>(['arrived', 'completed', 'failed']);

function figuresOf(sums: HealthSums): HealthFigures {
  const counter = (name: HealthCounter): number => sums.counters[HEALTH_COUNTERS.indexOf(name)] ?? 0;
  const [completed, failed] = [counter('completed'), counter('failed')];
  return {
    arrived: counter('arrived'),
    started: counter('started'),
    completed,
    failed,
    failedByCustomer: counter('failedByCustomer'),
    cancelled: counter('cancelled'),
    attempts: counter('attempts'),
    earnedCredits: counter('earnedCredits'),
    lostCredits: counter('lostCredits'),
    costMicroUsd: counter('costMicroUsd'),
    lostCostMicroUsd: counter('lostCostMicroUsd'),
    unknownCosts: counter('unknownCosts'),
    lostUnknownCosts: counter('lostUnknownCosts'),
    successRate: completed + failed === 0 ? null : completed / (completed + failed),
    attemptsPerCompleted: completed === 0 ? null : counter('attempts') / completed,
    queueTime: durationFiguresOf(sums.queueTimes),
    finishTime: durationFiguresOf(sums.finishTimes),
  };
}

function durationFiguresOf(counts: DurationCounts): DurationFigures {
  const [p50Ms = null, p95Ms = null, p99Ms = null] = durationQuantiles(counts, [0.5, 0.95, 0.99]);
  return {
    count: counts.total,
    p50Ms,
    p95Ms,
    p99Ms,
  };
}
