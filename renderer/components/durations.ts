const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in milliseconds in its one or two largest units: `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function formatDuration(lengthMs: number): string {
  const ms = Math.max(0, lengthMs);
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return twoUnits(ms, { ms: MINUTE_MS, name: 'min' }, { ms: SECOND_MS, name: 's' });
  if (ms < DAY_MS) return twoUnits(ms, { ms: HOUR_MS, name: 'h' }, { ms: MINUTE_MS, name: 'min' });
  return twoUnits(ms, { ms: DAY_MS, name: 'd' }, { ms: HOUR_MS, name: 'h' });
}

function twoUnits(ms: number, large: { ms: number; name: string }, small: { ms: number; name: string }): string {
  const rest = Math.floor((ms % large.ms) / small.ms);
  const whole = `${Math.floor(ms / large.ms)} ${large.name}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small.name}`;
}

/** How far a time is from now, both in milliseconds, in one unit: `now`, `12 s ago`, `3 min ago`, `in 5 h`. */
export function formatRelative(atMs: number, nowMs: number): string {
  const distanceMs = Math.abs(nowMs - atMs);
  if (distanceMs < SECOND_MS) return 'now';
  const length =
    distanceMs < MINUTE_MS
      ? `${Math.floor(distanceMs / SECOND_MS)} s`
      : distanceMs < HOUR_MS
        ? `${Math.floor(distanceMs / MINUTE_MS)} min`
        : distanceMs < DAY_MS
          ? `${Math.floor(distanceMs / HOUR_MS)} h`
          : `${Math.floor(distanceMs / DAY_MS)} d`;
  return atMs <= nowMs ? `${length} ago` : `in ${length}`;
}

/** A time down to the second in the chosen zone, with the zone's name: `2026-11-24 02:25:17 UTC`. A time out of range is said to be. */
export function formatExact(
  atMs: number,
  timeZone: 'local' | 'utc',
  options: { readonly withMs?: boolean } = {},
): string {
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return 'a time out of range';
  // Made of numbers: a format of the browser's takes ten times as long, and a table shows hundreds of times.
  const prefix = timeZone === 'utc' ? 'getUTC' : 'get';
  const part = (name: TimePart, length = 2): string => digits(date[`${prefix}${name}`](), length);
  const month = digits(date[`${prefix}Month`]() + 1, 2);
  const ms = options.withMs === true ? `.${part('Milliseconds', 3)}` : '';
  const clock = `${part('Hours')}:${part('Minutes')}:${part('Seconds')}${ms}`;
  return `${part('FullYear', 4)}-${month}-${part('Date')} ${clock} ${zoneName(date, timeZone)}`;
}

/** The time of day of a time in the chosen zone, to the millisecond: `02:25:17.041`. */
export function formatClock(atMs: number, timeZone: 'local' | 'utc'): string {
  return formatExact(atMs, timeZone, { withMs: true }).split(' ')[1] ?? '';
}

/** A time to the minute as a field of the page holds it (`2026-11-24T02:25`), read in the chosen zone. `NaN` for what is none. */
export function readMinute(typed: string, timeZone: 'local' | 'utc'): number {
  return Date.parse(timeZone === 'utc' ? `${typed}Z` : typed);
}

type TimePart = 'FullYear' | 'Date' | 'Hours' | 'Minutes' | 'Seconds' | 'Milliseconds';

function digits(value: number, length: number): string {
  return value < 0 ? `-${digits(-value, length)}` : String(value).padStart(length, '0');
}

const zoneFormat = new Intl.DateTimeFormat('en', { timeZoneName: 'short' });
const zoneNames = new Map<string, string>();

/** What the zone is called at a time: one name for each distance from UTC in a month. */
function zoneName(date: Date, timeZone: 'local' | 'utc'): string {
  if (timeZone === 'utc') return 'UTC';
  const key = `${date.getFullYear()} ${date.getMonth()} ${date.getTimezoneOffset()}`;
  const known = zoneNames.get(key);
  if (known !== undefined) return known;
  const name = zoneFormat.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  zoneNames.set(key, name);
  return name;
}
