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
  const parts = exactFormats[timeZone].formatToParts(date);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((each) => each.type === type)?.value ?? '';
  const ms = options.withMs === true ? `.${part('fractionalSecond')}` : '';
  const clock = `${part('hour')}:${part('minute')}:${part('second')}${ms}`;
  return `${part('year')}-${part('month')}-${part('day')} ${clock} ${part('timeZoneName')}`;
}

/** The time of day of a time in the chosen zone, to the millisecond: `02:25:17.041`. */
export function formatClock(atMs: number, timeZone: 'local' | 'utc'): string {
  return formatExact(atMs, timeZone, { withMs: true }).split(' ')[1] ?? '';
}

function exactFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
}

// A format costs far more to build than to use, and a table shows hundreds of times.
const exactFormats = { local: exactFormat(undefined), utc: exactFormat('UTC') };
