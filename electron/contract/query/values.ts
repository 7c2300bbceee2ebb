import { formatCredits } from '#domain/credits.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { momentSchema, type Moment } from '../job-views.ts';

/** What a customer pays, both ends included; null where there is no such end. */
export interface CreditRange {
  readonly creditsMin: number | null;
  readonly creditsMax: number | null;
}

/**
 * Reads a range of credits: `50`, `>50`, `>=50`, `<50`, `<=50`, `10..50`, with as many decimals as the smallest unit has.
 * @returns null where it is none
 */
export function readCreditRange(text: string, creditScale: number): CreditRange | null {
  const [low, high, ...more] = text.split('..');
  if (high !== undefined) {
    if (more.length > 0) return null;
    const [creditsMin, creditsMax] = [readCredits(low ?? '', creditScale), readCredits(high, creditScale)];
    return creditsMin === null || creditsMax === null ? null : { creditsMin, creditsMax };
  }
  const sign = /^(>=|<=|>|<)?/.exec(text)?.[0] ?? '';
  const credits = readCredits(text.slice(sign.length), creditScale);
  if (credits === null) return null;
  if (sign === '>') return { creditsMin: credits + 1, creditsMax: null };
  if (sign === '>=') return { creditsMin: credits, creditsMax: null };
  // Nothing costs less than nothing: `<0` names no range.
  if (sign === '<') return credits === 0 ? null : { creditsMin: null, creditsMax: credits - 1 };
  if (sign === '<=') return { creditsMin: null, creditsMax: credits };
  return { creditsMin: credits, creditsMax: credits };
}

/** The shortest text that {@link readCreditRange} reads back as this range, which has at least one end. */
export function writeCreditRange({ creditsMin, creditsMax }: CreditRange, creditScale: number): string {
  const says = (credits: number): string => writeCredits(credits, creditScale);
  if (creditsMin !== null && creditsMax !== null) {
    return creditsMin === creditsMax ? says(creditsMin) : `${says(creditsMin)}..${says(creditsMax)}`;
  }
  if (creditsMin !== null) {
    if (creditsMin === 0) return '>=0';
    return shorter(`>=${says(creditsMin)}`, `>${says(creditsMin - 1)}`);
  }
  const max = creditsMax ?? 0;
  return max === Number.MAX_SAFE_INTEGER ? `<=${says(max)}` : shorter(`<=${says(max)}`, `<${says(max + 1)}`);
}

function shorter(left: string, right: string): string {
  return right.length <= left.length ? right : left;
}

function readCredits(text: string, creditScale: number): number | null {
  const [, whole, decimals = ''] = /^(\d{1,16})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || decimals.length > creditScale) return null;
  const credits = Number(whole + decimals.padEnd(creditScale, '0'));
  return Number.isSafeInteger(credits) && credits < Number.MAX_SAFE_INTEGER ? credits : null;
}

function writeCredits(credits: number, creditScale: number): string {
  const text = formatCredits(credits, creditScale).replaceAll(',', '');
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const UNITS = [
  ['w', 7 * 24 * 3600],
  ['d', 24 * 3600],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/**
 * Reads a moment: `2h` before now (`s`, `m`, `h`, `d`, `w`), a day `2026-11-24`, or a time `2026-11-24T08:30Z`; days and times are UTC.
 * @returns null where it is none
 */
export function readMoment(text: string): Moment | null {
  const [, count, unit] = /^(\d{1,10})([smhdw])$/i.exec(text) ?? [];
  if (count !== undefined) {
    const seconds = UNITS.find(([name]) => name === unit?.toLowerCase())?.[1] ?? 1;
    return checkMoment({ agoSeconds: Number(count) * seconds });
  }
  const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)Z?)?$/i.exec(text) ?? [];
  if (day === undefined) return null;
  const atMs = Date.parse(`${day}T${time}Z`);
  // A day that there is not, such as the 30th of February, would silently become another one.
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day) ? checkMoment({ atMs }) : null;
}

/** A moment as text that {@link readMoment} reads back as the same one. */
export function writeMoment(moment: Moment): string {
  if ('agoSeconds' in moment) {
    const { agoSeconds } = moment;
    const [unit, seconds] = UNITS.find(([, length]) => agoSeconds >= length && agoSeconds % length === 0) ?? ['s', 1];
    return `${agoSeconds / seconds}${unit}`;
  }
  return new Date(moment.atMs)
    .toISOString()
    .replace(/\.000Z$/, 'Z')
    .replace(/:00Z$/, 'Z')
    .replace(/T00:00Z$/, '');
}

function checkMoment(moment: Moment): Moment | null {
  const parsed = safeParse(momentSchema, moment);
  return parsed.success ? parsed.data : null;
}
