import type { ServerError } from '../../server-error.ts';
import { typeNameOf } from '../../type-operator.ts';
import { refuse } from '../refusal.ts';
import { DAY_MS, dayNumber, isoDayOfWeek, partsOf } from './calendar.ts';
import { localTime, timeOf, type TimeZone } from './time-zones.ts';

/** Units of the same length everywhere, in milliseconds. */
const CLOCK_MS = { hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 } as const;
const DAYS = { week: 7, day: 1 } as const;
const MONTHS = { year: 12, quarter: 3, month: 1 } as const;

type ClockUnit = keyof typeof CLOCK_MS;
type DayUnit = keyof typeof DAYS;
/** What dates are moved by and told apart in. */
export type Unit = ClockUnit | DayUnit | keyof typeof MONTHS;

const isClock = (unit: string): unit is ClockUnit => Object.hasOwn(CLOCK_MS, unit);
const isDays = (unit: string): unit is DayUnit => Object.hasOwn(DAYS, unit);

/** True for the name of a unit. */
export function isUnit(name: string): name is Unit {
  return isClock(name) || isDays(name) || Object.hasOwn(MONTHS, name);
}

/** A unit by its name. Errors: 5439013, 5439014. */
export function unitOf(value: unknown, operator: string): Unit {
  if (typeof value !== 'string')
    throw refuse(5_439_013, `${operator} requires 'unit' to be a string, but got ${typeNameOf(value)}`);
  if (isUnit(value)) return value;
  throw refuse(5_439_014, `${operator} parameter 'unit' value cannot be recognized as a time unit: ${value}`);
}

const WEEK_DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** A day of the week by its name or the first three letters, from 1 for Monday. Errors: 5439015, 5439016. */
export function startOfWeekOf(value: unknown, operator: string): number {
  if (typeof value !== 'string')
    throw refuse(5_439_015, `${operator} requires 'startOfWeek' to be a string, but got ${typeNameOf(value)}`);
  const name = value.toLowerCase();
  const at = WEEK_DAYS.findIndex((day) => day === name || day.slice(0, 3) === name);
  if (at >= 0) return at + 1;
  throw refuse(
    5_439_016,
    `${operator} parameter 'startOfWeek' value cannot be recognized as a day of a week: ${value}`,
  );
}

/** Weeks begin with Sunday unless told. */
export const SUNDAY = 7;
/** As many milliseconds are more than any two dates can be apart. */
const APART_MS_MAX = 2 ** 64;

/** A time moved by whole units; days and longer ones by the zone's calendar, in which a month that is too short gives its last day. Error: 5976500. */
export function moved(ms: number, unit: Unit, amount: number, zone: TimeZone): number {
  if (isClock(unit)) {
    if (unit !== 'millisecond' && Math.abs(amount) * CLOCK_MS[unit] > APART_MS_MAX) throw tooFar(unit, amount);
    return ms + amount * CLOCK_MS[unit];
  }
  const days = isDays(unit) ? DAYS[unit] : MONTHS[unit] * 30;
  if (Math.abs(amount) * days * DAY_MS > APART_MS_MAX) throw tooFar(unit, amount);
  if (amount === 0) return ms;
  const offset = zone.offsetAt(ms);
  const local = ms + offset;
  const to = isDays(unit) ? local + amount * DAYS[unit] * DAY_MS : movedMonths(local, amount * MONTHS[unit]);
  return timeOf(to, zone, offset);
}

function tooFar(unit: Unit, amount: number): ServerError {
  return refuse(5_976_500, `invalid dateAdd 'amount' parameter value: ${amount} ${unit}`);
}

function movedMonths(local: number, amount: number): number {
  const { year, month, day } = partsOf(local);
  const lastDay = partsOf(localTime(year, month + amount + 1, 0)).day;
  return localTime(year, month + amount, Math.min(day, lastDay)) + (local - dayNumber(local) * DAY_MS);
}

/** How many boundaries of a unit lie between two times. */
export function between(start: number, end: number, unit: Unit, zone: TimeZone, startOfWeek: number): number {
  if (unit === 'millisecond') return end - start;
  const offsets = [zone.offsetAt(start), zone.offsetAt(end)] as const;
  const [from, to] = [start + offsets[0], end + offsets[1]];
  // What the clock was moved in between counts as far as it is whole units.
  if (isClock(unit))
    return (
      Math.floor(to / CLOCK_MS[unit]) -
      Math.floor(from / CLOCK_MS[unit]) +
      Math.trunc((offsets[0] - offsets[1]) / CLOCK_MS[unit])
    );
  return localBetween(from, to, unit, startOfWeek);
}

function localBetween(from: number, to: number, unit: Exclude<Unit, ClockUnit>, startOfWeek: number): number {
  if (unit === 'day') return dayNumber(to) - dayNumber(from);
  if (unit === 'week') return (weekBegin(to, startOfWeek) - weekBegin(from, startOfWeek)) / 7;
  const [start, end] = [partsOf(from), partsOf(to)];
  const months = MONTHS[unit];
  const place = (parts: { readonly year: number; readonly month: number }): number =>
    Math.floor((parts.year * 12 + parts.month - 1) / months);
  return place(end) - place(start);
}

function weekBegin(local: number, startOfWeek: number): number {
  return dayNumber(local) - ((isoDayOfWeek(local) - startOfWeek + 7) % 7);
}

/** Bins are counted from here, and bins of weeks from the first beginning of a week from here on. */
const REFERENCE = localTime(2000, 1, 1);
const BIN_SIZE_MAX = 100_000_000_000;

/** The beginning of the bin of so many units that a time is in. Errors: 5439006, and 5439002 where a bin is longer than all times. */
export function truncated(ms: number, unit: Unit, binSize: number, zone: TimeZone, startOfWeek: number): number {
  const reference = REFERENCE - zone.offsetAt(REFERENCE);
  if (isClock(unit)) {
    const size = binSize * CLOCK_MS[unit];
    if (size >= 2 ** 63) throw refuse(5_439_002, 'dateTrunc overflowed');
    return ms - beyondBin(ms - reference, size);
  }
  if (binSize > BIN_SIZE_MAX) throw refuse(5_439_006, 'dateTrunc unsupported binSize value');
  const daysAhead = unit === 'week' ? (startOfWeek - isoDayOfWeek(REFERENCE) + 7) % 7 : 0;
  const begin = REFERENCE + daysAhead * DAY_MS;
  const distance = localBetween(begin, ms + zone.offsetAt(ms), unit, startOfWeek);
  return moved(reference + daysAhead * DAY_MS, unit, distance - beyondBin(distance, binSize), zone);
}

function beyondBin(value: number, size: number): number {
  const rest = value % size;
  return rest < 0 ? rest + size : rest;
}
