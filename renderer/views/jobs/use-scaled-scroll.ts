import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { isAtFalseEnd, positionAfter, positionAt, type ScrollPosition, type ScrollSpan } from './scaled-scroll.ts';

/** After so long without a scroll the element is put where the rows stand, in milliseconds. */
const SETTLED_MS = 120;

export interface ScaledScroll {
  readonly position: ScrollPosition;
  readonly span: ScrollSpan;
  /** Brings the rows to an offset in pixels. */
  readonly scrollTo: (offsetPx: number) => void;
}

/**
 * Scrolls more rows than an element may be high. Rows and element go the same way while somebody scrolls by little, and are put
 * into step again when nobody does.
 * @param headPx what of the view the head covers
 */
export function useScaledScroll(
  scroller: RefObject<HTMLDivElement | null>,
  { rowsPx, headPx }: { readonly rowsPx: number; readonly headPx: number },
): ScaledScroll {
  const [viewPx, setViewPx] = useState(600);
  const [position, setPosition] = useState<ScrollPosition>({ topPx: 0, offsetPx: 0 });
  const span: ScrollSpan = { rowsPx, viewPx };
  const latest = useRef({ position, span });
  useLayoutEffect(() => {
    latest.current = { position: latest.current.position, span };
  });
  const put = (next: ScrollPosition): void => {
    const { topPx, offsetPx } = latest.current.position;
    // Asking the element where it is would make the browser lay out what has just been drawn, with every answer.
    if (next.topPx === topPx && next.offsetPx === offsetPx) return;
    latest.current = { ...latest.current, position: next };
    setPosition(next);
    // The event that this causes finds the position that it leads to.
    if (scroller.current?.scrollTop !== next.topPx) scroller.current?.scrollTo({ top: next.topPx });
  };
  const putLatest = useRef(put);
  useLayoutEffect(() => {
    putLatest.current = put;
  });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = (): void => {
      const { position: now, span: whole } = latest.current;
      const settled = positionAt(now.offsetPx, whole);
      if (Math.abs(settled.topPx - now.topPx) >= 1) putLatest.current(settled);
    };
    const onScroll = (): void => {
      const before = latest.current.position;
      if (Math.abs(element.scrollTop - before.topPx) < 1) return;
      const next = positionAfter(before, element.scrollTop, latest.current.span);
      latest.current = { ...latest.current, position: next };
      setPosition(next);
      clearTimeout(settling);
      if (isAtFalseEnd(next, latest.current.span)) settle();
      else settling = setTimeout(settle, SETTLED_MS);
    };
    const measure = new ResizeObserver(() => setViewPx(Math.max(1, element.clientHeight - headPx)));
    measure.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      clearTimeout(settling);
      measure.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, [scroller, headPx]);
  return { position, span, scrollTo: (offsetPx) => put(positionAt(offsetPx, latest.current.span)) };
}
