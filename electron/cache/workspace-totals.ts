import type { Database } from 'better-sqlite3';
import { TOTALS_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES } from './health-sums.ts';
import { HealthTable, KeyedSums, writeSums } from './health-table.ts';

/** What a row is of beside its bucket, in the order of the dimensions of a day. */
const DIMENSIONS = {
  /** All of a workspace. */
  workspace_totals: ['workspace'],
  /** What a workspace has of a kind, a provider and a model. */
  workspace_model_totals: ['workspace', 'kind', 'provider', 'model'],
} as const;
type TotalsTable = keyof typeof DIMENSIONS;

/** Sums of workspaces in buckets of {@link TOTALS_GRAINS}, kept by the writer beside the days that they are sums of. */
export class WorkspaceTotals {
  readonly #table: HealthTable;
  readonly #dimensions: number;

  constructor(db: Database, table: TotalsTable) {
    this.#table = new HealthTable(db, table, ['grain', 'bucket', ...DIMENSIONS[table]]);
    this.#dimensions = DIMENSIONS[table].length;
  }

  /** Adds days by workspace, kind, provider and model; belongs into the transaction that changes those days. */
  add(days: KeyedSums): void {
    const [week, month] = TOTALS_GRAINS;
    const weeks = new KeyedSums();
    for (const day of days.values()) {
      const bucket = Math.floor(day.bucket / (week / WORKSPACE_GRAIN));
      const dimensions = day.dimensions.slice(0, this.#dimensions);
      weeks.at(bucket, dimensions.join('\0'), dimensions).addSums(day.sums);
    }
    // Before weeks are written: that adds what stands to them.
    const months = weeks.coarser(month / week);
    writeSums(this.#table, week, weeks);
    writeSums(this.#table, month, months);
  }
}

/** How many rows of days are gathered before they are written, so that a copy of any size is filled in bounded memory. */
const GATHERED_ROWS = 50_000;

/** Fills a table of totals in a copy that has the days of its workspaces and none of those totals yet. */
export function fillWorkspaceTotals(db: Database, table: TotalsTable): void {
  const totals = new WorkspaceTotals(db, table);
  const key = 'bucket, workspace, kind, provider, model';
  const page = db
    .prepare<unknown[], unknown[]>(
      `SELECT ${key}, ${HEALTH_COLUMN_NAMES.join(', ')} FROM workspace_health
       WHERE grain = ${WORKSPACE_GRAIN} AND (${key}) > (?, ?, ?, ?, ?) ORDER BY ${key} LIMIT ${GATHERED_ROWS}`,
    )
    .raw();
  let after: readonly unknown[] = [Number.MIN_SAFE_INTEGER, '', '', '', ''];
  for (;;) {
    const rows = page.all(...after);
    const days = new KeyedSums();
    for (const row of rows) {
      const dimensions = row.slice(1, 5).map(String);
      days.at(Number(row[0]), dimensions.join('\0'), dimensions).addRow(row, 5);
    }
    totals.add(days);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.slice(0, 5);
  }
}
