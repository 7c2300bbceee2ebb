import type { ListColumns } from './job-columns.ts';
import type { FilterParams, Restriction, SortColumn } from './job-query.ts';
import type { PageKey } from './page-cursor.ts';

/** How one page is asked for, with everything worked out. */
export interface PagePlan {
  readonly column: SortColumn;
  readonly isAscending: boolean;
  readonly restrictions: readonly Restriction[];
  readonly params: FilterParams;
  readonly after: PageKey | null;
  readonly limit: number;
}

/** What part of a page a scan brought: rows in order, and the key that it got to where it stopped before it was done. */
export interface ScannedRows {
  readonly rows: readonly ListColumns[];
  readonly stoppedAt: PageKey | null;
}

/** The restriction to rows behind the plan's key. */
export function behindKey(plan: PagePlan): string {
  if (plan.after === null) return '1';
  return `(${plan.column}, id) ${plan.isAscending ? '>' : '<'} (@afterValue, @afterId)`;
}

/** The parameters that {@link behindKey} names. */
export function keyParams(plan: PagePlan): { readonly afterValue?: string | number; readonly afterId?: string } {
  return plan.after === null ? {} : { afterValue: plan.after.value, afterId: plan.after.id };
}

/** The order of the plan, as the text behind ORDER BY. */
export function orderOf(plan: PagePlan): string {
  const direction = plan.isAscending ? 'ASC' : 'DESC';
  return `${plan.column} ${direction}, id ${direction}`;
}

/** SQLite's own order of the keys: numbers by value, texts by their UTF-8 bytes. */
export function compareKeys(left: PageKey, right: PageKey): number {
  if (typeof left.value === 'number' && typeof right.value === 'number' && left.value !== right.value) {
    return left.value - right.value;
  }
  return compareTexts(String(left.value), String(right.value)) || compareTexts(left.id, right.id);
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}
