import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ELEMENT_PX_MAX,
  elementHeight,
  isAtFalseEnd,
  positionAfter,
  positionAt,
  type ScrollPosition,
  type ScrollSpan,
} from '../../../renderer/views/jobs/scaled-scroll.ts';

const ROW_PX = 36;
const spanOf = (rows: number, viewPx = 700): ScrollSpan => ({ rowsPx: rows * ROW_PX, viewPx });
const anySpan = fc
  .record({ rows: fc.integer({ min: 100, max: 10_000_000 }), viewPx: fc.integer({ min: 100, max: 3000 }) })
  .map(({ rows, viewPx }) => spanOf(rows, viewPx));

/** Scrolls by the wheel as the table does it, putting the element into step where it must be. */
function wheel(from: ScrollPosition, byPx: number, span: ScrollSpan): ScrollPosition {
  const bottomPx = elementHeight(span) - span.viewPx;
  const next = positionAfter(from, Math.max(0, Math.min(bottomPx, from.topPx + byPx)), span);
  return isAtFalseEnd(next, span) ? positionAt(next.offsetPx, span) : next;
}

describe('scrolling more rows than an element may be high', () => {
  it('never asks for a higher element than browsers draw', () => {
    expect(elementHeight(spanOf(5_000_000))).toBe(ELEMENT_PX_MAX);
    expect(elementHeight(spanOf(1000))).toBe(1000 * ROW_PX);
  });

  it('a jump of the scroll bar to its end is the end of the rows, and to its beginning the beginning', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const bottomPx = elementHeight(span) - span.viewPx;
        const end = positionAfter(positionAt(0, span), bottomPx, span);
        expect(end.offsetPx).toBeCloseTo(span.rowsPx - span.viewPx, 3);
        expect(positionAfter(end, 0, span).offsetPx).toBeCloseTo(0, 3);
      }),
    );
  });

  it('a wheel moves the rows by as much as the element, wherever it is', () => {
    const span = spanOf(5_000_000);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: -600, max: 600 }), (part, byPx) => {
        const from = positionAt(part * (span.rowsPx - span.viewPx), span);
        const to = positionAfter(from, from.topPx + byPx, span);
        const wanted = Math.max(0, Math.min(span.rowsPx - span.viewPx, from.offsetPx + byPx));
        expect(to.offsetPx).toBeCloseTo(wanted, 3);
      }),
    );
  });

  it.each([-1, 1])('a wheel reaches the end of 5,000,000 rows from near it, in direction %d', (direction) => {
    const span = spanOf(5_000_000);
    const endPx = direction === 1 ? span.rowsPx - span.viewPx : 0;
    let position = positionAt(endPx - direction * 200_000, span);
    for (let n = 0; n < 2200; n += 1) position = wheel(position, direction * 100, span);
    expect(Math.abs(position.offsetPx - endPx)).toBeLessThan(1);
  });

  it('putting the element into step moves no row', () => {
    fc.assert(
      fc.property(anySpan, fc.double({ min: 0, max: 1, noNaN: true }), (span, part) => {
        const offset = part * (span.rowsPx - span.viewPx);
        expect(positionAt(offset, span).offsetPx).toBe(Math.max(0, Math.min(offset, span.rowsPx - span.viewPx)));
      }),
    );
  });
});
