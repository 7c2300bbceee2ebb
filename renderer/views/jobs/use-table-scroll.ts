import { useEffect, useLayoutEffect, useRef } from 'react';
import type { Place } from '../../state/job-window.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import type { ScaledScroll } from './use-scaled-scroll.ts';

/**
 * Keeps the place in the list: whoever comes back from another screen finds it where it was, another question begins at the top.
 * @param place where the loaded rows begin
 */
export function useKeptScroll(scroll: ScaledScroll, query: string | null, place: Place): void {
  const kept = useRef<{ query: string; topPx: number } | null>(null);
  const shown = useRef(place);
  const { offsetPx } = scroll.position;
  const scrollTo = useRef(scroll.scrollTo);
  useLayoutEffect(() => {
    scrollTo.current = scroll.scrollTo;
    shown.current = place;
  });
  useLayoutEffect(() => {
    if (query === null || kept.current?.query === query) return;
    const { jobsLeft, rememberJobsLeft } = useScreenMemory.getState();
    const topPx = jobsLeft?.query === query ? jobsLeft.topPx : 0;
    kept.current = { query, topPx };
    scrollTo.current(topPx);
    rememberJobsLeft(null);
  }, [query]);
  useEffect(() => {
    if (query !== null) kept.current = { query, topPx: offsetPx };
  }, [query, offsetPx]);
  useEffect(
    () => () => {
      if (kept.current !== null) useScreenMemory.getState().rememberJobsLeft({ ...kept.current, place: shown.current });
    },
    [],
  );
}
