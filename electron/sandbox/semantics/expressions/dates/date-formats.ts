import { refuse } from '../refusal.ts';
import { dayOfWeek, dayOfYear, isoDayOfWeek, isoWeek, partsOf, week } from './calendar.ts';
import type { TimeZone } from './time-zones.ts';

/** The months by their names; the first three letters are their short ones. */
export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
/** How a date is written unless told, also in zones other than UTC. */
export const ISO_FORMAT = '%Y-%m-%dT%H:%M:%S.%LZ';

/** Refuses a format with signs that are none of `known`. Errors: 18535, 18536. */
export function checkFormat(format: string, known: string): void {
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', at + 2)) {
    const sign = format[at + 1];
    if (sign === undefined) throw refuse(18_535, "Unmatched '%' at end of format string");
    if (sign !== '%' && !known.includes(sign))
      throw refuse(18_536, `Invalid format character '%${sign}' in format string`);
  }
}

/** What may stand in a format that dates are written by. */
export const WRITTEN = 'bBdGHjLmMSwuUVYzZ';

/** A date as text. Error: 18537 for years that have more than four digits, or a sign. */
export function formatted(ms: number, zone: TimeZone, format: string): string {
  const offset = zone.offsetAt(ms);
  const local = ms + offset;
  return format.replaceAll(/%(.)/gs, (_all, sign: string) => partOf(sign, local, offset / 60_000));
}

function partOf(sign: string, local: number, offsetMinutes: number): string {
  const parts = partsOf(local);
  switch (sign) {
    case 'b':
      return (MONTHS[parts.month - 1] ?? '').slice(0, 3);
    case 'B':
      return MONTHS[parts.month - 1] ?? '';
    case 'd':
      return padded(parts.day, 2);
    case 'G':
      return padded(isoWeek(local).year, 4);
    case 'H':
      return padded(parts.hour, 2);
    case 'j':
      return padded(dayOfYear(local), 3);
    case 'L':
      return padded(parts.millisecond, 3);
    case 'm':
      return padded(parts.month, 2);
    case 'M':
      return padded(parts.minute, 2);
    case 'S':
      return padded(parts.second, 2);
    case 'u':
      return String(isoDayOfWeek(local));
    case 'U':
      return padded(week(local), 2);
    case 'V':
      return padded(isoWeek(local).week, 2);
    case 'w':
      return String(dayOfWeek(local));
    case 'Y':
      return padded(parts.year, 4);
    case 'z':
      return offsetText(offsetMinutes);
    case 'Z':
      return String(Math.trunc(offsetMinutes));
    default:
      return sign;
  }
}

function offsetText(minutes: number): string {
  const ahead = Math.trunc(Math.abs(minutes));
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(ahead / 60), 2)}${padded(ahead % 60, 2)}`;
}

function padded(value: number, digits: number): string {
  if (value < 0 || value > 9999)
    throw refuse(
      18_537,
      `Could not convert date to string: date component was outside the supported range of 0-9999: ${value}`,
    );
  return String(value).padStart(digits, '0');
}
