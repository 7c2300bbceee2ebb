/** A row as it is shown; `hasLeft` where it no longer belongs to the list and only stands there until the reader looks up. */
export interface ShownRow<Row> {
  readonly row: Row;
  readonly hasLeft: boolean;
}

/** The list as the reader saw it when they began to read: it keeps its order while they do. */
export interface HeldRows<Row> {
  readonly rows: readonly Row[];
  /** How many pages it consisted of; rows of later pages are appended as they are loaded. */
  readonly pageCount: number;
}

/** What is shown, and how many new rows wait to be let in. */
export interface ShownRows<Row> {
  readonly rows: readonly ShownRow<Row>[];
  readonly waitingCount: number;
}

/**
 * Lays fresh pages over a held list without moving a row under the reader: rows keep their place and take their new
 * contents, rows of pages loaded since are appended, and new rows wait.
 */
export function showRows<Row extends { readonly id: string }>(
  held: HeldRows<Row> | null,
  pages: readonly { readonly rows: readonly Row[] }[],
): ShownRows<Row> {
  if (held === null) {
    return { rows: pages.flatMap((page) => page.rows.map((row) => ({ row, hasLeft: false }))), waitingCount: 0 };
  }
  const freshById = new Map(pages.flatMap((page) => page.rows.map((row) => [row.id, row] as const)));
  const heldIds = new Set(held.rows.map((row) => row.id));
  const isNew = (row: Row): boolean => !heldIds.has(row.id);
  const waitingCount = pages.slice(0, held.pageCount).flatMap((page) => page.rows.filter(isNew)).length;
  // The last rows may be missing only because new ones pushed them out of the pages that were read.
  const pushedOutFrom = held.rows.length - waitingCount;
  const kept = held.rows.map((row, index) => {
    const fresh = freshById.get(row.id);
    return { row: fresh ?? row, hasLeft: fresh === undefined && index < pushedOutFrom };
  });
  const appended = pages
    .slice(held.pageCount)
    .flatMap((page) => page.rows.filter(isNew).map((row) => ({ row, hasLeft: false })));
  return { rows: [...kept, ...appended], waitingCount };
}
