import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatClock, formatExact, readMinute } from '../../../renderer/components/durations.ts';

const FIELDS = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
  timeZoneName: 'short',
} as const;
const FORMATS = {
  utc: new Intl.DateTimeFormat('en', { ...FIELDS, timeZone: 'UTC' }),
  local: new Intl.DateTimeFormat('en', FIELDS),
};
/** Years that have four digits in every zone, and since which zones are whole minutes away from UTC. */
const anyTime = fc.integer({ min: Date.UTC(1973, 0, 2), max: Date.UTC(9999, 11, 30) });

describe('an exact time', () => {
  it('is the one that the browser gives in that zone, at any time', () => {
    fc.assert(
      fc.property(anyTime, fc.constantFrom('utc', 'local'), (atMs, zone) => {
        const parts = FORMATS[zone].formatToParts(atMs);
        const part = (wanted: string): string => parts.find(({ type }) => type === wanted)?.value ?? '';
        const clock = `${part('hour')}:${part('minute')}:${part('second')}.${part('fractionalSecond')}`;
        const date = `${part('year')}-${part('month')}-${part('day')}`;
        expect(formatExact(atMs, zone, { withMs: true })).toBe(`${date} ${clock} ${part('timeZoneName')}`);
        expect(formatClock(atMs, zone)).toBe(clock);
      }),
    );
  });

  it('leaves milliseconds out where nobody asks for them, and says that a time is out of range', () => {
    expect(formatExact(Date.UTC(2026, 10, 24, 2, 25, 17, 41), 'utc')).toBe('2026-11-24 02:25:17 UTC');
    expect(formatExact(Number.MAX_VALUE, 'utc')).toBe('a time out of range');
  });

  it('is typed as it is shown, in the same zone', () => {
    fc.assert(
      fc.property(anyTime, fc.constantFrom('utc', 'local'), (atMs, zone) => {
        const [date = '', clock = ''] = formatExact(atMs, zone).split(' ');
        const minute = clock.slice(0, 5);
        expect(formatExact(readMinute(`${date}T${minute}`, zone), zone)).toMatch(`${date} ${minute}:00 `);
      }),
    );
    expect(readMinute('', 'local')).toBeNaN();
  });
});
