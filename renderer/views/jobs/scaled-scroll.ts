/** Where a list stands: how far the element is scrolled, and how far the rows are, both in pixels. */
export interface ScrollPosition {
  readonly topPx: number;
  readonly offsetPx: number;
}

/** A list and the element that scrolls it, in pixels. */
export interface ScrollSpan {
  /** The height of all rows. */
  readonly rowsPx: number;
  /** The height of what is in sight of them. */
  readonly viewPx: number;
}

/** The greatest height that an element is given: browsers cap it, Chromium at 33,554,428 pixels. */
export const ELEMENT_PX_MAX = 16_000_000;

/** The height of the element that stands for all rows. */
export function elementHeight({ rowsPx }: ScrollSpan): number {
  return Math.min(rowsPx, ELEMENT_PX_MAX);
}

/** How many pixels of rows one pixel of the element stands for; 1 where all rows fit into it. */
export function scaleOf(span: ScrollSpan): number {
  if (span.rowsPx <= ELEMENT_PX_MAX) return 1;
  return (span.rowsPx - span.viewPx) / Math.max(1, ELEMENT_PX_MAX - span.viewPx);
}

/** The position at which the rows are at an offset. */
export function positionAt(offsetPx: number, span: ScrollSpan): ScrollPosition {
  const offset = Math.max(0, Math.min(offsetPx, span.rowsPx - span.viewPx));
  return { topPx: offset / scaleOf(span), offsetPx: offset };
}

/**
 * The position after the element was scrolled. A way of less than a view is a wheel's or a key's and moves the rows by as much; a
 * longer one is a jump of the scroll bar and leads to the rows that it stands for.
 */
export function positionAfter(before: ScrollPosition, topPx: number, span: ScrollSpan): ScrollPosition {
  const scale = scaleOf(span);
  if (scale === 1) return { topPx, offsetPx: topPx };
  const way = topPx - before.topPx;
  const offset = Math.abs(way) <= span.viewPx ? before.offsetPx + way : topPx * scale;
  return { topPx, offsetPx: Math.max(0, Math.min(offset, span.rowsPx - span.viewPx)) };
}

/** True where the element is so near to one of its ends, and the rows are not, that scrolling on would stop too early. */
export function isAtFalseEnd({ topPx, offsetPx }: ScrollPosition, span: ScrollSpan): boolean {
  const scale = scaleOf(span);
  if (scale === 1) return false;
  const bottomPx = elementHeight(span) - span.viewPx - topPx;
  const leftPx = span.rowsPx - span.viewPx - offsetPx;
  return (topPx < span.viewPx && offsetPx > 2 * span.viewPx) || (bottomPx < span.viewPx && leftPx > 2 * span.viewPx);
}
