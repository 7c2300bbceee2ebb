import { Long } from 'bson';
import { ServerError } from '../../server-error.ts';
import { typeNameOf } from '../../type-operator.ts';
import { isDoc } from '../../values.ts';
import { compile, folded, isNil, type Operator, type Scope } from '../compile.ts';
import { evaluated, operandsOf, type Operands } from '../operands.ts';
import { refuse } from '../refusal.ts';
import { dayOfWeek, dayOfYear, isoDayOfWeek, isoWeek, localTimeOfWeek, partsOf, week } from './calendar.ts';
import { checkFormat, formatted, ISO_FORMAT, WRITTEN } from './date-formats.ts';
import { dateAt, dateFrom, dateOperand, wholeFrom, zoneOperand } from './date-operands.ts';
import { dateOfFormat, dateOfText, READ } from './date-texts.ts';
import { localTime, timeOf } from './time-zones.ts';
import { between, isUnit, moved, startOfWeekOf, SUNDAY, truncated, unitOf, type Unit } from './units.ts';

/** A part of a date, which is given alone, in a list, or beside a zone. */
function part(tell: (local: number) => unknown): Operator {
  return (operand, name) => {
    const { date, timezone } = dateAndZone(operand, name);
    const operands = timezone === undefined ? [compile(date)] : [compile(date), compile(timezone)];
    const [value, zoneName] = operands;
    return folded(operands, (scope) => {
      const given = value?.(scope);
      const zone = zoneOperand(zoneName, scope);
      if (isNil(given) || zone === null) return null;
      const ms = dateOperand(given);
      return tell(ms + zone.offsetAt(ms));
    });
  };
}

function dateAndZone(operand: unknown, name: string): { readonly date: unknown; readonly timezone?: unknown } {
  if (Array.isArray(operand)) {
    if (operand.length !== 1)
      throw refuse(40_536, `${name} accepts exactly one argument if given an array, but was given ${operand.length}`);
    return { date: operand[0] as unknown };
  }
  if (!isDoc(operand) || (Object.keys(operand)[0] ?? '').startsWith('$')) return { date: operand };
  const unknown = Object.keys(operand).find((key) => key !== 'date' && key !== 'timezone');
  if (unknown !== undefined) throw refuse(40_535, `unrecognized option to ${name}: "${unknown}"`);
  if (!Object.hasOwn(operand, 'date')) throw refuse(40_539, `missing 'date' argument to ${name}`);
  return Object.hasOwn(operand, 'timezone')
    ? { date: operand['date'], timezone: operand['timezone'] }
    : { date: operand['date'] };
}

const dateToParts: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, ['date', 'timezone', 'iso8601'], {
    noDocument: 40_524,
    unknown: 40_520,
    missing: { date: 40_522 },
  });
  return evaluated(operands, (scope) => {
    const date = operands.date?.(scope);
    const zone = zoneOperand(operands.timezone, scope);
    if (zone === null) return null;
    const isIso = operands.iso8601 === undefined ? false : operands.iso8601(scope);
    if (isNil(isIso)) return null;
    if (typeof isIso !== 'boolean') throw refuse(40_521, `iso8601 must evaluate to a bool, found ${typeNameOf(isIso)}`);
    if (isNil(date)) return null;
    const ms = dateOperand(date);
    const local = ms + zone.offsetAt(ms);
    const { year, month, day, ...time } = partsOf(local);
    if (!isIso) return { year, month, day, ...time };
    const iso = isoWeek(local);
    return { isoWeekYear: iso.year, isoWeek: iso.week, isoDayOfWeek: isoDayOfWeek(local), ...time };
  });
};

const PARTS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'millisecond',
  'isoWeekYear',
  'isoWeek',
  'isoDayOfWeek',
  'timezone',
] as const;
type PartOperands = Operands<(typeof PARTS)[number]>;
type NumberedPart = Exclude<(typeof PARTS)[number], 'timezone'>;
/** What a part may be that goes on beyond its end into the next ones. */
const PART_MAX = 32_767;
const PART_MIN = -32_768;

/** A part as a number, `otherwise` where it was not named; null where it is null. Errors: 40515, 31034. */
function partNumber(operands: PartOperands, name: NumberedPart, otherwise: number, scope: Scope): number | null {
  const operand = operands[name];
  if (operand === undefined) return otherwise;
  const value = operand(scope);
  if (isNil(value)) return null;
  const whole = wholeFrom(value);
  if (whole === null) throw refuse(40_515, `'${name}' must evaluate to an integer, found ${typeNameOf(value)}`);
  const isBounded = !['year', 'isoWeekYear', 'second', 'millisecond'].includes(name);
  if (isBounded && (whole < PART_MIN || whole > PART_MAX))
    throw refuse(
      31_034,
      `'${name}' must evaluate to a value in the range [${PART_MIN}, ${PART_MAX}]; value ${whole} is not in range`,
    );
  return Number(whole);
}

function checkMixture(operands: PartOperands): void {
  const { year, month, day, isoWeekYear, isoWeek: ofWeek, isoDayOfWeek: ofDay } = operands;
  if (year === undefined && isoWeekYear === undefined)
    throw refuse(40_516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present");
  if (year !== undefined && [isoWeekYear, ofWeek, ofDay].some((one) => one !== undefined))
    throw refuse(40_489, '$dateFromParts does not allow mixing natural dates with ISO dates');
  if (isoWeekYear !== undefined && [year, month, day].some((one) => one !== undefined))
    throw refuse(40_525, '$dateFromParts does not allow mixing ISO dates with natural dates');
}

const dateFromParts: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, PARTS, { noDocument: 40_519, unknown: 40_518, missing: {} });
  checkMixture(operands);
  const isIso = operands.year === undefined;
  return evaluated(operands, (scope) => {
    const number = (one: NumberedPart, otherwise: number): number | null => partNumber(operands, one, otherwise, scope);
    const [hour, minute, second, millisecond] = [
      number('hour', 0),
      number('minute', 0),
      number('second', 0),
      number('millisecond', 0),
    ];
    if (hour === null || minute === null || second === null || millisecond === null) return null;
    const zone = zoneOperand(operands.timezone, scope);
    if (zone === null) return null;
    const [year, unit, day] = isIso
      ? [number('isoWeekYear', 1970), number('isoWeek', 1), number('isoDayOfWeek', 1)]
      : [number('year', 1970), number('month', 1), number('day', 1)];
    if (year === null || unit === null || day === null) return null;
    if (year < 1 || year > 9999)
      throw refuse(
        isIso ? 31_095 : 40_523,
        `'${isIso ? 'isoWeekYear' : 'year'}' must evaluate to an integer in the range 1 to 9999, found ${year}`,
      );
    const begin = isIso ? localTimeOfWeek(year, unit, day) : localTime(year, unit, day);
    return dateAt(timeOf(begin + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond, zone));
  });
};

/** A format that was given, checked; null where it is null. */
function formatOperand(
  operands: Operands<'format'>,
  scope: Scope,
  code: number,
  name: string,
  known: string,
): string | null {
  const format = operands.format?.(scope);
  if (isNil(format)) return null;
  if (typeof format !== 'string')
    throw refuse(code, `${name} requires that 'format' be a string, found: ${typeNameOf(format)}`);
  checkFormat(format, known);
  return format;
}

const dateToString: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, ['date', 'format', 'timezone', 'onNull'], {
    noDocument: 18_629,
    unknown: 18_534,
    missing: { date: 18_628 },
  });
  return evaluated(operands, (scope) => {
    const date = operands.date?.(scope);
    const format = operands.format === undefined ? ISO_FORMAT : formatOperand(operands, scope, 18_533, name, WRITTEN);
    const zone = zoneOperand(operands.timezone, scope);
    if (isNil(date)) return operands.onNull === undefined ? null : operands.onNull(scope);
    if (zone === null || format === null) return null;
    return formatted(dateOperand(date), zone, format);
  });
};

const dateFromString: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, ['dateString', 'format', 'timezone', 'onNull', 'onError'], {
    noDocument: 40_540,
    unknown: 40_541,
    missing: { dateString: 40_542 },
  });
  return evaluated(operands, (scope) => {
    const text = operands.dateString?.(scope);
    const format = formatOperand(operands, scope, 40_684, name, READ);
    const zone = zoneOperand(operands.timezone, scope);
    if (isNil(text)) return operands.onNull === undefined ? null : operands.onNull(scope);
    try {
      if (typeof text !== 'string')
        throw new ServerError(
          'ConversionFailure',
          `$dateFromString requires that 'dateString' be a string, found: ${typeNameOf(text)}`,
        );
      if (zone === null || (operands.format !== undefined && format === null)) return null;
      return dateAt(format === null ? dateOfText(text, zone) : dateOfFormat(text, format, zone));
    } catch (cause) {
      if (operands.onError === undefined || !(cause instanceof ServerError) || cause.codeName !== 'ConversionFailure')
        throw cause;
      return operands.onError(scope);
    }
  });
};

/** The least long, which has no opposite. */
const LONG_MIN = -(2n ** 63n);

/** A date moved by an amount of units, ahead or back. */
function moving(sign: 1 | -1): Operator {
  return (operand, name) => {
    const operands = operandsOf(operand, name, ['startDate', 'unit', 'amount', 'timezone'], {
      noDocument: 5_166_400,
      unknown: 5_166_401,
      missing: { startDate: 5_166_402, unit: 5_166_402, amount: 5_166_402 },
    });
    return evaluated(operands, (scope) => {
      const [start, unit, amount] = [operands.startDate?.(scope), operands.unit?.(scope), operands.amount?.(scope)];
      if (isNil(start) || isNil(unit) || isNil(amount)) return null;
      const zone = zoneOperand(operands.timezone, scope);
      if (zone === null) return null;
      const ms = dateFrom(start);
      if (ms === null)
        throw refuse(5_166_403, `${name} requires startDate to be convertible to a date, but got ${typeNameOf(start)}`);
      if (typeof unit !== 'string') throw refuse(5_166_404, `${name} expects string defining the time unit`);
      if (!isUnit(unit)) throw new ServerError('FailedToParse', `unknown time unit value: ${unit}`);
      const whole = wholeFrom(amount);
      if (whole === null) throw refuse(5_166_405, `${name} expects integer amount of time units`);
      if (sign === -1 && whole === LONG_MIN)
        throw refuse(6_045_000, `invalid $dateSubtract 'amount' parameter value: ${whole}`);
      return dateAt(moved(ms, unit, sign * Number(whole), zone));
    });
  };
}

/** The day that weeks begin with; null where it is null. It counts for weeks only. */
function startOfWeek(operands: Operands<'startOfWeek'>, unit: unknown, scope: Scope): unknown {
  if (operands.startOfWeek === undefined || unit !== 'week') return SUNDAY;
  return operands.startOfWeek(scope) ?? null;
}

function startNumber(value: unknown, name: string): number {
  return value === SUNDAY ? SUNDAY : startOfWeekOf(value, name);
}

const dateDiff: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, ['startDate', 'endDate', 'unit', 'timezone', 'startOfWeek'], {
    noDocument: 5_166_301,
    unknown: 5_166_302,
    missing: { startDate: 5_166_303, endDate: 5_166_304, unit: 5_166_305 },
  });
  return evaluated(operands, (scope) => {
    const [start, end, unit] = [operands.startDate?.(scope), operands.endDate?.(scope), operands.unit?.(scope)];
    if (isNil(start) || isNil(end) || isNil(unit)) return null;
    const weekStart = startOfWeek(operands, unit, scope);
    const zone = zoneOperand(operands.timezone, scope);
    if (weekStart === null || zone === null) return null;
    const [from, to] = (
      [
        ['startDate', start],
        ['endDate', end],
      ] as const
    ).map(([which, value]) => {
      const ms = dateFrom(value);
      if (ms === null)
        throw refuse(5_166_307, `$dateDiff requires '${which}' to be a date, but got ${typeNameOf(value)}`);
      return ms;
    });
    const known: Unit = unitOf(unit, name);
    return Long.fromNumber(between(from ?? 0, to ?? 0, known, zone, startNumber(weekStart, name)));
  });
};

const dateTrunc: Operator = (operand, name) => {
  const operands = operandsOf(operand, name, ['date', 'unit', 'binSize', 'timezone', 'startOfWeek'], {
    noDocument: 5_439_007,
    unknown: 5_439_008,
    missing: { date: 5_439_009, unit: 5_439_010 },
  });
  return evaluated(operands, (scope) => {
    const [date, unit] = [operands.date?.(scope), operands.unit?.(scope)];
    const binSize = operands.binSize === undefined ? 1 : operands.binSize(scope);
    if (isNil(date) || isNil(unit) || isNil(binSize)) return null;
    const weekStart = startOfWeek(operands, unit, scope);
    const zone = zoneOperand(operands.timezone, scope);
    if (weekStart === null || zone === null) return null;
    const ms = dateFrom(date);
    if (ms === null) throw refuse(5_439_012, `$dateTrunc requires 'date' to be a date, but got ${typeNameOf(date)}`);
    const known = unitOf(unit, name);
    const size = wholeFrom(binSize);
    if (size === null)
      throw refuse(5_439_017, `$dateTrunc requires 'binSize' to be a 64-bit integer, but got ${typeNameOf(binSize)}`);
    if (size <= 0n)
      throw refuse(5_439_018, `$dateTrunc requires 'binSize' to be greater than 0, but got value ${size}`);
    return dateAt(truncated(ms, known, Number(size), zone, startNumber(weekStart, name)));
  });
};

/** What takes dates apart, puts them together and counts with them. */
export const DATES: Readonly<Record<string, Operator>> = {
  $year: part((local) => partsOf(local).year),
  $month: part((local) => partsOf(local).month),
  $dayOfMonth: part((local) => partsOf(local).day),
  $hour: part((local) => partsOf(local).hour),
  $minute: part((local) => partsOf(local).minute),
  $second: part((local) => partsOf(local).second),
  $millisecond: part((local) => partsOf(local).millisecond),
  $dayOfWeek: part(dayOfWeek),
  $dayOfYear: part(dayOfYear),
  $week: part(week),
  $isoDayOfWeek: part(isoDayOfWeek),
  $isoWeek: part((local) => isoWeek(local).week),
  $isoWeekYear: part((local) => Long.fromNumber(isoWeek(local).year)),
  $dateToParts: dateToParts,
  $dateFromParts: dateFromParts,
  $dateToString: dateToString,
  $dateFromString: dateFromString,
  $dateAdd: moving(1),
  $dateSubtract: moving(-1),
  $dateDiff: dateDiff,
  $dateTrunc: dateTrunc,
};
