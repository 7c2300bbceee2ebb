import type { Database } from 'better-sqlite3';
import { TOTALS_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES, type HealthSums } from './health-sums.ts';
import { HealthTable, KeyedSums, writeSums } from './health-table.ts';

/** What a row is of beside its bucket, in the order of the dimensions of a day. */
const DIMENSIONS = {
  /** All of a workspace. */
  workspace_totals: ['workspace'],
  /** What a workspace has of a kind, a provider and a model. */
  workspace_model_totals: ['workspace', 'kind', 'provider', 'model'],
} as const;
type TotalsTable = keyof typeof DIMENSIONS;
/** The tables of totals. */
export const TOTALS_TABLES = ['workspace_totals', 'workspace_model_totals'] as const satisfies readonly TotalsTable[];

const [WEEK, MONTH] = TOTALS_GRAINS;
/** What names a row of a day, in order. */
const KEY = ['bucket', 'workspace', 'kind', 'provider', 'model'] as const;
/** How many rows of days are read at once, and how many of weeks are gathered before they are written: any copy is filled in bounded memory. */
const READ_ROWS = 2000;
const GATHERED_ROWS = 10_000;

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
    const weeks = new KeyedSums();
    for (const { bucket, dimensions, sums } of days.values()) this.#weekIn(weeks, bucket, dimensions).addSums(sums);
    this.#write(weeks);
  }

  /** Adds rows of days, each with its bucket and its dimensions in front of its sums; belongs into a transaction. */
  addPages(pages: Iterable<readonly (readonly unknown[])[]>): void {
    let weeks = new KeyedSums();
    for (const rows of pages) {
      for (const row of rows) {
        const [bucket, ...dimensions] = row.slice(0, KEY.length);
        this.#weekIn(weeks, Number(bucket), dimensions.map(String)).addRow(row, KEY.length);
      }
      if (weeks.size < GATHERED_ROWS) continue;
      this.#write(weeks);
      weeks = new KeyedSums();
    }
    this.#write(weeks);
  }

  #weekIn(weeks: KeyedSums, day: number, ofDay: readonly string[]): HealthSums {
    const dimensions = ofDay.slice(0, this.#dimensions);
    return weeks.at(Math.floor(day / (WEEK / WORKSPACE_GRAIN)), dimensions.join('\0'), dimensions);
  }

  #write(weeks: KeyedSums): void {
    // Before weeks are written: that adds what stands to them.
    const months = weeks.coarser(MONTH / WEEK);
    writeSums(this.#table, WEEK, weeks);
    writeSums(this.#table, MONTH, months);
  }
}

/** Fills a table of totals in a copy that has the days of its workspaces and none of those totals yet. */
export function fillWorkspaceTotals(db: Database, table: TotalsTable): void {
  new WorkspaceTotals(db, table).addPages(pagesOfDays(db));
}

function* pagesOfDays(db: Database): Generator<readonly (readonly unknown[])[]> {
  const key = KEY.join(', ');
  const page = db
    .prepare<unknown[], unknown[]>(
      `SELECT ${key}, ${HEALTH_COLUMN_NAMES.join(', ')} FROM workspace_health
       WHERE grain = ${WORKSPACE_GRAIN} AND (${key}) > (?, ?, ?, ?, ?) ORDER BY ${key} LIMIT ${READ_ROWS}`,
    )
    .raw();
  let after: readonly unknown[] = [Number.MIN_SAFE_INTEGER, '', '', '', ''];
  for (;;) {
    const rows = page.all(...after);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.slice(0, KEY.length);
  }
}
