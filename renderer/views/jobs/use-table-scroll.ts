import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import type { useJobPages } from '../../state/engine-queries.tsx';
import { useScreenMemory } from '../../state/screen-memory.ts';

/** The next page is read when this many rows are left below. */
const AHEAD_ROWS = 100;

/** Reads the next page before the last row comes into sight. A page that failed is asked for again by the reader only. */
export function useNextPage(list: ReturnType<typeof useJobPages>['list'], rowCount: number, lastIndex: number): void {
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = list;
  const isNear = lastIndex >= rowCount - AHEAD_ROWS;
  useEffect(() => {
    if (isNear && hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage({ cancelRefetch: false });
  }, [isNear, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);
}

/** Keeps the place in the list: going back finds it where it was, another question begins at the top. */
export function useKeptScroll(scroller: RefObject<HTMLDivElement | null>, query: string | null): void {
  const kept = useRef<{ query: string; topPx: number } | null>(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || query === null) return;
    const remembered = kept.current ?? useScreenMemory.getState().jobsScroll;
    element.scrollTo({ top: remembered.query === query ? remembered.topPx : 0 });
    kept.current = { query, topPx: element.scrollTop };
    const onScroll = (): void => {
      kept.current = { query, topPx: element.scrollTop };
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [scroller, query]);
  useEffect(
    () => () => {
      if (kept.current !== null) useScreenMemory.getState().rememberJobsScroll(kept.current.query, kept.current.topPx);
    },
    [],
  );
}
