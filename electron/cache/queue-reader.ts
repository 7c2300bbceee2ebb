import type { Database } from 'better-sqlite3';
import type { HealthFilter, HealthGroup, QueueFigures } from '#contract/health-views.ts';
import { StatementPool } from './statement-pool.ts';

const NOTHING_OPEN: QueueFigures = { queued: 0, retrying: 0, running: 0, validating: 0, oldestReadySinceMs: null };

interface OpenRow {
  readonly state: 'queued' | 'retrying' | 'running' | 'validating';
  readonly key: string;
  readonly jobs: number;
  readonly ready_ms: number;
}

/** Reads the jobs that are not at their end, from an index of them alone. */
export class QueueReader {
  readonly #pool: StatementPool;

  constructor(db: Database) {
    this.#pool = new StatementPool(db);
  }

  /** The figures of all jobs of a filter, and of each group. */
  read(
    filter: HealthFilter,
    groupBy: HealthGroup | null,
  ): {
    readonly all: QueueFigures;
    readonly byGroup: ReadonlyMap<string, QueueFigures>;
    readonly of: (key: string) => QueueFigures;
  } {
    const where = [
      "state IN ('queued', 'running', 'validating', 'retrying')",
      ...(filter.kind === null ? [] : ['kind = @kind']),
      ...(filter.provider === null ? [] : ['provider = @provider']),
      ...(filter.model === null ? [] : ['model = @model']),
      ...(filter.workspaceId === null ? [] : ['workspace = @workspaceId']),
    ];
    const rows = this.#pool.all<OpenRow>(
      `SELECT state, ${groupBy ?? "''"} AS key, count(*) AS jobs, min(max(created_ms, not_before_ms)) AS ready_ms
       FROM jobs INDEXED BY jobs_open WHERE ${where.join(' AND ')} GROUP BY 1, 2`,
      filter,
    );
    const byGroup = new Map<string, QueueFigures>();
    if (groupBy !== null) for (const row of rows) byGroup.set(row.key, plus(byGroup.get(row.key) ?? NOTHING_OPEN, row));
    return { all: rows.reduce(plus, NOTHING_OPEN), byGroup, of: (key) => byGroup.get(key) ?? NOTHING_OPEN };
  }
}

function plus(figures: QueueFigures, row: OpenRow): QueueFigures {
  const counted = { ...figures, [row.state]: figures[row.state] + row.jobs };
  if (row.state !== 'queued') return counted;
  return { ...counted, oldestReadySinceMs: Math.min(figures.oldestReadySinceMs ?? row.ready_ms, row.ready_ms) };
}
