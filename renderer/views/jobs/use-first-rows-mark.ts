import { useEffect } from 'react';

/** The moment in the page's timeline (`performance.getEntriesByName`) at which rows of jobs were first on the screen. */
export const FIRST_ROWS_MARK = 'jobs: first rows';

/** Marks when rows were drawn for the first time since the page was opened; benchmarks read it, so that nothing looks on meanwhile. */
export function useFirstRowsMark(hasRows: boolean): void {
  useEffect(() => {
    if (!hasRows || performance.getEntriesByName(FIRST_ROWS_MARK).length > 0) return undefined;
    // The frame after the one that has the rows: until then they may not have been drawn.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => performance.mark(FIRST_ROWS_MARK));
    });
    return () => cancelAnimationFrame(frame);
  }, [hasRows]);
}
