import { useMemo, useState } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import { showRows, type HeldRows, type ShownRows } from '../../state/held-rows.ts';

interface HeldFor extends HeldRows<JobRow> {
  readonly query: string;
}

interface HeldRowsOptions {
  readonly pages: readonly { readonly rows: readonly JobRow[] }[];
  /** What the pages answer; null while they still answer the question before. */
  readonly query: string | null;
  /** True while somebody reads: the pointer is over the table, a row has the cursor, or the list is scrolled. */
  readonly isReading: boolean;
}

/** The rows to show, held in place while somebody reads them, and the way to let the waiting ones in. */
export function useHeldRows({ pages, query, isReading }: HeldRowsOptions): {
  shown: ShownRows<JobRow>;
  letIn: () => void;
} {
  const [held, setHeld] = useState<HeldFor | null>(null);
  // State that follows from what is rendered is set while rendering, so that no frame shows rows that jumped.
  const isOutdated = query !== null && held !== null && (held.query !== query || !isReading);
  if (query !== null) {
    if (isOutdated) setHeld(null);
    else if (held === null && isReading) {
      setHeld({ query, rows: pages.flatMap((page) => page.rows), pageCount: pages.length });
    }
  }
  // What is outdated must not be seen even by whatever else is decided in this rendering.
  const standing = isOutdated ? null : held;
  const shown = useMemo(() => showRows(standing, pages), [standing, pages]);
  return { shown, letIn: () => setHeld(null) };
}
