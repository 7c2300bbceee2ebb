import { ServerError } from '../../server-error.ts';
import { DAY_MS, localTimeOfWeek, partsOf } from './calendar.ts';
import { MONTHS } from './date-formats.ts';
import { localTime, timeOf, type TimeZone } from './time-zones.ts';

/** What a text says of a date. */
interface Read {
  /** The beginning of the day. */
  readonly day: number;
  /** Milliseconds from there. */
  readonly time: number;
  /** What the clock is ahead of UTC where the text says it, in milliseconds. */
  readonly offset: number | null;
}

function failed(text: string, reason: string): ServerError {
  return new ServerError('ConversionFailure', `Error parsing date string '${text}'; ${reason}`);
}

/**
 * The date that a text says: the usual ways to write one. Errors: `ConversionFailure` for what is none, `NotImplemented` for the many
 * other ways that MongoDB reads.
 */
export function dateOfText(text: string, zone: TimeZone): number {
  return resolved(text, readText(text), zone);
}

function resolved(text: string, { day, time, offset }: Read, zone: TimeZone): number {
  if (offset !== null && !zone.isUtc)
    throw failed(
      text,
      'you cannot pass in a date/time string with time zone information together with a timezone argument',
    );
  return offset === null ? timeOf(day + time, zone) : day + time - offset;
}

const NAMED_MONTH = '(?<name>[a-z]{3,9})\\.?';
/** The ways to write a day, each also before a time. */
const DAYS: readonly RegExp[] = [
  /(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})/,
  /(?<year>\d{4})\/(?<month>\d{1,2})\/(?<day>\d{1,2})/,
  /(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})/,
  /(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})/,
  new RegExp(`${NAMED_MONTH} +(?<day>\\d{1,2}),? +(?<year>\\d{4})`),
  new RegExp(`(?<day>\\d{1,2})[ -]${NAMED_MONTH}[ -](?<year>\\d{4})`),
];
const TIME =
  '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:[.,](?<fraction>\\d{1,9}))?)?(?: ?(?<half>[ap])\\.?m\\.?)?';
const ZONE = '(?: ?(?<zone>z|utc|gmt|[+-]\\d{2}(?::?\\d{2})?))?';
const TEXTS = DAYS.map((day) => new RegExp(`^${day.source}(?:(?:t| +)${TIME}${ZONE})?$`, 'i'));
/** A month alone is its first day. */
const MONTH = /^(?<year>\d{4})-(?<month>\d{1,2})$/;
/** Whatever has fewer digits cannot name a year, a month and a day. */
const DIGITS_MIN = 3;

function readText(text: string): Read {
  const groups = firstMatch(text.trim())?.groups;
  if (groups !== undefined) return readGroups(text, groups);
  if (text.replaceAll(/\D/g, '').length < DIGITS_MIN || /^\d{4}$/.test(text))
    throw failed(text, 'an incomplete date/time string has been found, with elements missing');
  // Not as a failed conversion: that would ask for `onError` where MongoDB might have read a date.
  throw new ServerError('NotImplemented', `The sandbox server does not read dates that are written like '${text}'`);
}

function firstMatch(text: string): RegExpExecArray | null {
  for (const pattern of [...TEXTS, MONTH]) {
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
  return null;
}

type Groups = Readonly<Record<string, string | undefined>>;

function readGroups(text: string, groups: Groups): Read {
  const { year, month, name, day = '1', zone, half } = groups;
  const number = name === undefined ? Number(month) : monthNamed(name);
  const hour = Number(groups['hour'] ?? 0);
  if (half !== undefined && (hour < 1 || hour > 12)) throw failed(text, 'The parsed time was invalid');
  const shift = half === undefined ? 0 : (half.toLowerCase() === 'p' ? 12 : 0) - (hour === 12 ? 12 : 0);
  return {
    day: checkedDay(text, Number(year), number, Number(day)),
    time: checkedTime(
      text,
      hour + shift,
      Number(groups['minute'] ?? 0),
      Number(groups['second'] ?? 0),
      milliseconds(groups),
    ),
    offset: zone === undefined ? null : offsetOf(zone),
  };
}

function milliseconds({ fraction = '' }: Groups): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'));
}

/** 0 for what is no month. */
function monthNamed(name: string): number {
  const given = name.toLowerCase();
  return MONTHS.findIndex((month) => month.toLowerCase() === given || month.slice(0, 3).toLowerCase() === given) + 1;
}

function checkedDay(text: string, year: number, month: number, day: number): number {
  const begin = localTime(year, month, day);
  const parts = partsOf(begin);
  if (parts.month !== month || parts.day !== day) throw failed(text, 'The parsed date was invalid');
  return begin;
}

function checkedTime(text: string, hour: number, minute: number, second: number, millisecond: number): number {
  if (hour > 23 || minute > 59 || second > 59) throw failed(text, 'The parsed time was invalid');
  return ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
}

function offsetOf(zone: string): number {
  const parts = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (parts === null) return 0;
  const [, sign, hours = '0', minutes = '0'] = parts;
  return (sign === '-' ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes));
}

/** What may stand in a format that dates are read by. */
export const READ = 'bBdGHjLmMSuVYzZ';

/** What each sign of a format stands for in a text. */
const SIGNS: Readonly<Record<string, string>> = {
  b: '(?<b>[A-Za-z]{3})',
  B: '(?<B>[A-Za-z]+)',
  d: '(?<d>\\d{1,2})',
  G: '(?<G>\\d{4})',
  H: '(?<H>\\d{1,2})',
  L: '(?<L>\\d{1,3})',
  m: '(?<m>\\d{1,2})',
  M: '(?<M>\\d{2})',
  S: '(?<S>\\d{2})',
  u: '(?<u>\\d)',
  V: '(?<V>\\d{1,2})',
  Y: '(?<Y>\\d{4})',
  z: '(?<z>[Zz]|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?)',
  Z: '(?<Z>[+-]\\d{1,4})',
  '%': '%',
};

/** The date that a text says by a format. Errors: `ConversionFailure`, and `NotImplemented` for signs that are not read here. */
export function dateOfFormat(text: string, format: string, zone: TimeZone): number {
  const groups = patternOf(format).exec(text)?.groups;
  if (groups === undefined) throw failed(text, 'it is not written as the format says');
  const offset = groups['Z'] === undefined ? null : Number(groups['Z']) * 60_000;
  return resolved(
    text,
    {
      day: dayOf(text, groups),
      time: checkedTime(
        text,
        Number(groups['H'] ?? 0),
        Number(groups['M'] ?? 0),
        Number(groups['S'] ?? 0),
        milliseconds({ fraction: groups['L'] }),
      ),
      offset: groups['z'] === undefined ? offset : offsetOf(groups['z']),
    },
    zone,
  );
}

const PATTERNS = new Map<string, RegExp>();
const PATTERNS_MAX = 1000;

function patternOf(format: string): RegExp {
  const known = PATTERNS.get(format);
  if (known !== undefined) return known;
  const signs = [...format.matchAll(/%(.)/gs)].map(([, sign = '']) => sign).filter((sign) => sign !== '%');
  if (signs.includes('j') || new Set(signs).size < signs.length)
    throw new ServerError('NotImplemented', `The sandbox server does not read dates by the format '${format}'`);
  const source = format.replaceAll(/%(.)|[\s\S]/g, (all, sign?: string) =>
    sign === undefined ? all.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`) : (SIGNS[sign] ?? ''),
  );
  if (PATTERNS.size >= PATTERNS_MAX) PATTERNS.clear();
  const pattern = new RegExp(`^${source}$`);
  PATTERNS.set(format, pattern);
  return pattern;
}

function dayOf(text: string, groups: Groups): number {
  const { Y, m, b, B, d, G, V, u } = groups;
  const isOfWeeks = G !== undefined || V !== undefined || u !== undefined;
  const month = b ?? B;
  const number = month === undefined ? (m === undefined ? null : Number(m)) : monthNamed(month);
  if (!isOfWeeks) {
    if (Y === undefined || number === null || d === undefined)
      throw failed(text, 'an incomplete date/time string has been found, with elements missing');
    return checkedDay(text, Number(Y), number, Number(d));
  }
  if (Y !== undefined || number !== null || d !== undefined)
    throw failed(text, 'Mixing of ISO dates with natural dates is not allowed');
  if (G === undefined || V === undefined || u === undefined)
    throw new ServerError('NotImplemented', 'The sandbox server reads weeks by their year, number and day only');
  const begin = localTimeOfWeek(Number(G), Number(V), Number(u));
  if (Number(V) < 1 || Number(V) > 53 || Number(u) < 1 || Number(u) > DAYS_OF_WEEK)
    throw failed(text, 'The parsed date was invalid');
  return begin - (begin % DAY_MS);
}

const DAYS_OF_WEEK = 7;
