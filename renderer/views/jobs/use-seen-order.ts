import { useEffect, useRef } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import type { ShownRow } from '../../state/held-rows.ts';

/**
 * The ids of all rows of a list that were loaded so far, in order, for ranges that reach beyond what is loaded now. Rows that
 * nobody ever looked at are not among them.
 */
export function useSeenOrder(
  query: string,
  firstRank: number,
  rows: readonly ShownRow<JobRow>[],
): () => readonly string[] {
  const seen = useRef<{ query: string; ids: Map<number, string> }>({ query, ids: new Map() });
  useEffect(() => {
    if (seen.current.query !== query) seen.current = { query, ids: new Map() };
    rows.forEach(({ row }, index) => seen.current.ids.set(firstRank + index, row.id));
  }, [query, firstRank, rows]);
  return () => [...new Set([...seen.current.ids].sort(([left], [right]) => left - right).map(([, id]) => id))];
}
