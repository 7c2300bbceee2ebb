import { refuse } from '../refusal.ts';

/** A zone of the world's clocks. Times are milliseconds since 1970; a local time is what the clock shows, as if it were UTC. */
export interface TimeZone {
  /** True for UTC itself, by whatever name. */
  readonly isUtc: boolean;
  /** True where what the clock is ahead of UTC changes with the time. */
  readonly changes: boolean;
  /** What the clock is ahead of UTC at a time, in milliseconds. */
  readonly offsetAt: (ms: number) => number;
}

export const UTC: TimeZone = fixedZone(0);

function fixedZone(offset: number): TimeZone {
  return { isUtc: offset === 0, changes: false, offsetAt: () => offset };
}

const KNOWN = new Map<string, TimeZone>([['UTC', UTC]]);
const OFFSET = /^([+-])(\d\d)(?::?(\d\d))?$/;

/** A zone by its name of the Olson database, or by its offset: +hh, +hhmm, +hh:mm. Error: 40485. */
export function zoneNamed(name: string): TimeZone {
  const known = KNOWN.get(name) ?? offsetZone(name) ?? olsonZone(name);
  if (known === null) throw refuse(40_485, `unrecognized time zone identifier: "${name}"`);
  KNOWN.set(name, known);
  return known;
}

function offsetZone(name: string): TimeZone | null {
  const parts = OFFSET.exec(name);
  if (parts === null) return null;
  const [, sign, hours = '0', minutes = '0'] = parts;
  return fixedZone((sign === '-' ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes)));
}

/** The runtime takes names in any case, MongoDB does not. */
function olsonZone(name: string): TimeZone | null {
  if (!/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name)) return null;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    const canonical = format.resolvedOptions().timeZone;
    if (canonical !== name && canonical.toLowerCase() === name.toLowerCase()) return null;
    return canonical === 'UTC' ? UTC : { isUtc: false, changes: true, offsetAt: remembered(format) };
  } catch {
    return null;
  }
}

/** Since 1970 clocks change at quarters of an hour only. */
const QUARTER_MS = 900_000;
const REMEMBERED_MAX = 10_000;

function remembered(format: Intl.DateTimeFormat): (ms: number) => number {
  const quarters = new Map<number, number>();
  return (ms) => {
    if (ms < 0) return offsetOf(format, ms);
    const quarter = Math.floor(ms / QUARTER_MS);
    const known = quarters.get(quarter);
    if (known !== undefined) return known;
    if (quarters.size >= REMEMBERED_MAX) quarters.clear();
    const offset = offsetOf(format, ms);
    quarters.set(quarter, offset);
    return offset;
  };
}

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((part) => Number(parts.get(part)));
  const local = localTime(parts.get('era') === 'BC' ? 1 - year : year, month, day);
  return local + ((hour * 60 + minute) * 60 + second) * 1000 - Math.floor(ms / 1000) * 1000;
}

/** The beginning of a day by its date; months and days beyond their ends go on into the next ones. */
export function localTime(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

/**
 * The time at which a clock shows a local time. Where it never does, because it is put forward, it is what the clock would show without
 * that; where it does twice, the offset that is given decides.
 */
export function timeOf(local: number, zone: TimeZone, offset: number | null = null): number {
  if (offset !== null && zone.offsetAt(local - offset) === offset) return local - offset;
  const first = zone.offsetAt(local);
  const second = zone.offsetAt(local - first);
  const isSkipped = second > first && zone.offsetAt(local - second) !== second;
  return local - (isSkipped ? first : second);
}
