import type { Database } from 'better-sqlite3';
import { TOTALS_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES } from './health-sums.ts';
import { HealthTable, KeyedSums, writeSums } from './health-table.ts';

/** All of a workspace in buckets of {@link TOTALS_GRAINS}, kept by the writer beside the days that they are sums of. */
export class WorkspaceTotals {
  readonly #table: HealthTable;

  constructor(db: Database) {
    this.#table = new HealthTable(db, 'workspace_totals', ['grain', 'bucket', 'workspace']);
  }

  /** Adds days whose first dimension is the workspace; belongs into the transaction that changes those days. */
  add(days: KeyedSums): void {
    const [week, month] = TOTALS_GRAINS;
    const weeks = new KeyedSums();
    for (const { bucket, dimensions, sums } of days.values()) {
      const [workspace = ''] = dimensions;
      weeks.at(Math.floor(bucket / (week / WORKSPACE_GRAIN)), workspace, [workspace]).addSums(sums);
    }
    // Before weeks are written: that adds what stands to them.
    const months = weeks.coarser(month / week);
    writeSums(this.#table, week, weeks);
    writeSums(this.#table, month, months);
  }
}

/** How many rows of days are gathered before they are written, so that a copy of any size is filled in bounded memory. */
const GATHERED_ROWS = 50_000;

/** Fills the totals of a copy that has the days of its workspaces and no totals yet. */
export function fillWorkspaceTotals(db: Database): void {
  const totals = new WorkspaceTotals(db);
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
      const workspace = String(row[1]);
      days.at(Number(row[0]), workspace, [workspace]).addRow(row, 5);
    }
    totals.add(days);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.slice(0, 5);
  }
}
