import { localTime } from './time-zones.ts';

/** Milliseconds of what always has as many. */
export const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

/** A local time by the calendar. */
export interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** What a clock and a calendar show at a local time. */
export function partsOf(local: number): Parts {
  const date = new Date(local);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  };
}

/** The number of the day that a local time is in, counted from 1970. */
export function dayNumber(local: number): number {
  return Math.floor(local / DAY_MS);
}

/** From 1 for Sunday. */
export function dayOfWeek(local: number): number {
  return new Date(local).getUTCDay() + 1;
}

/** From 1 for Monday. */
export function isoDayOfWeek(local: number): number {
  return new Date(local).getUTCDay() || WEEK_DAYS;
}

/** From 1. */
export function dayOfYear(local: number): number {
  return dayNumber(local) - dayNumber(localTime(partsOf(local).year, 1, 1)) + 1;
}

/** Weeks begin with Sunday; before the year's first one it is week 0. */
export function week(local: number): number {
  return Math.floor((dayOfYear(local) - dayOfWeek(local) + WEEK_DAYS) / WEEK_DAYS);
}

/** A day by weeks that begin with Monday, of which the first is the one with the year's first Thursday. */
export function isoWeek(local: number): { readonly year: number; readonly week: number } {
  const thursday = local + (4 - isoDayOfWeek(local)) * DAY_MS;
  const { year } = partsOf(thursday);
  return { year, week: Math.ceil(dayOfYear(thursday) / WEEK_DAYS) };
}

/** The beginning of a day by its week. */
export function localTimeOfWeek(year: number, weekOfYear: number, day: number): number {
  const inFirstWeek = localTime(year, 1, 4);
  return inFirstWeek + ((weekOfYear - 1) * WEEK_DAYS + day - isoDayOfWeek(inFirstWeek)) * DAY_MS;
}
