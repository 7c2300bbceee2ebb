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

/** So many views at either end are scrolled as they are, so that both ends are reached together. */
const END_VIEWS = 4;

interface Scale {
  /** Up to here, and as much at the other end, a pixel is a pixel. */
  readonly endPx: number;
  /** How many pixels of rows one pixel of the element stands for in between. */
  readonly factor: number;
}

function scaleOf({ rowsPx, viewPx }: ScrollSpan): Scale {
  const endPx = END_VIEWS * viewPx;
  const between = rowsPx - viewPx - 2 * endPx;
  return { endPx, factor: between / (ELEMENT_PX_MAX - viewPx - 2 * endPx) };
}

function isScaled({ rowsPx }: ScrollSpan): boolean {
  return rowsPx > ELEMENT_PX_MAX;
}

/** How far the rows are where the element is scrolled so far. */
function offsetOf(topPx: number, span: ScrollSpan): number {
  if (!isScaled(span)) return topPx;
  const { endPx, factor } = scaleOf(span);
  const bottomPx = ELEMENT_PX_MAX - span.viewPx - topPx;
  if (topPx <= endPx) return topPx;
  if (bottomPx <= endPx) return span.rowsPx - span.viewPx - bottomPx;
  return endPx + (topPx - endPx) * factor;
}

/** The inverse of {@link offsetOf}. */
function topOf(offsetPx: number, span: ScrollSpan): number {
  if (!isScaled(span)) return offsetPx;
  const { endPx, factor } = scaleOf(span);
  const leftPx = span.rowsPx - span.viewPx - offsetPx;
  if (offsetPx <= endPx) return offsetPx;
  if (leftPx <= endPx) return ELEMENT_PX_MAX - span.viewPx - leftPx;
  return endPx + (offsetPx - endPx) / factor;
}

function within(offsetPx: number, { rowsPx, viewPx }: ScrollSpan): number {
  return Math.max(0, Math.min(offsetPx, rowsPx - viewPx));
}

/** The position at which the rows are at an offset. */
export function positionAt(offsetPx: number, span: ScrollSpan): ScrollPosition {
  const offset = within(offsetPx, span);
  return { topPx: topOf(offset, span), offsetPx: offset };
}

/**
 * The position after the element was scrolled. A way of less than a view is a wheel's or a key's and moves the rows by as much; a
 * longer one is a jump of the scroll bar and leads to the rows that it stands for.
 */
export function positionAfter(before: ScrollPosition, topPx: number, span: ScrollSpan): ScrollPosition {
  if (!isScaled(span)) return { topPx, offsetPx: topPx };
  const way = topPx - before.topPx;
  const offset = Math.abs(way) <= span.viewPx ? before.offsetPx + way : offsetOf(topPx, span);
  return { topPx, offsetPx: within(offset, span) };
}

/** True where the element is so near to one of its ends, and the rows are not, that scrolling on would stop too early. */
export function isAtFalseEnd({ topPx, offsetPx }: ScrollPosition, span: ScrollSpan): boolean {
  if (!isScaled(span)) return false;
  const isNearEnd = topPx < span.viewPx || elementHeight(span) - span.viewPx - topPx < span.viewPx;
  return isNearEnd && Math.abs(topOf(offsetPx, span) - topPx) >= 1;
}
