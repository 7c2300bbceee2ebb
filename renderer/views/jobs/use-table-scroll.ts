import { useEffect, useLayoutEffect, useRef } from 'react';
import { useScreenMemory } from '../../state/screen-memory.ts';
import type { ScaledScroll } from './use-scaled-scroll.ts';

/** Keeps the place in the list: going back finds it where it was, another question begins at the top. */
export function useKeptScroll(scroll: ScaledScroll, query: string | null): void {
  const kept = useRef<{ query: string; topPx: number } | null>(null);
  const { offsetPx } = scroll.position;
  const scrollTo = useRef(scroll.scrollTo);
  useLayoutEffect(() => {
    scrollTo.current = scroll.scrollTo;
  });
  useLayoutEffect(() => {
    if (query === null || kept.current?.query === query) return;
    const remembered = kept.current ?? useScreenMemory.getState().jobsScroll;
    const topPx = remembered.query === query ? remembered.topPx : 0;
    kept.current = { query, topPx };
    scrollTo.current(topPx);
  }, [query]);
  useEffect(() => {
    if (query !== null) kept.current = { query, topPx: offsetPx };
  }, [query, offsetPx]);
  useEffect(
    () => () => {
      if (kept.current !== null) useScreenMemory.getState().rememberJobsScroll(kept.current.query, kept.current.topPx);
    },
    [],
  );
}
