import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mendsHref,
  monthHref,
  parseMendsQuery,
  parseMonthQuery,
} from '../../../renderer/state/finance-query-string.ts';

const now = new Date('2026-01-31T23:59:59Z');
const queryOf = (href: string): string => href.split('?').slice(1).join('?');

describe('the address of a month', () => {
  it('holds the month, emptied too, and the workspace as it was typed', () => {
    const anyView = fc.record({
      period: fc.constantFrom('', '2026-11', '1999-12'),
      workspace: fc.string({ unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(anyView, (view) => {
        expect(parseMonthQuery(queryOf(monthHref('/reconciliation/margin', view)), now)).toEqual(view);
      }),
    );
  });

  it.each(['', 'month=2026-13', 'month=soon', 'month=12026-01'])(
    'is that of the last month where it says "%s"',
    (query) => {
      expect(parseMonthQuery(query, now)).toEqual({ period: '2025-12', workspace: '' });
    },
  );
});

describe('the address of mends', () => {
  it.each([true, false])('holds whether those that are over are shown: %s', (isOver) => {
    expect(parseMendsQuery(queryOf(mendsHref(isOver)))).toBe(isOver);
  });
});
