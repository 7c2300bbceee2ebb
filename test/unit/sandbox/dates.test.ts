import { Int32, Long, ObjectId, Timestamp } from 'bson';
import { describe, expect, it } from 'vitest';
import { codeOf, evaluated, exact } from '../../support/evaluated.ts';

const at = (text: string): Date => new Date(text);
const int = (value: number): Int32 => new Int32(value);
const long = (value: number): Long => Long.fromNumber(value);
const NEW_YORK = 'America/New_York';

const LEAP = at('2020-02-29T13:14:15.678Z');

describe('a part of a date', () => {
  it.each([
    ['a year', { $year: LEAP }, int(2020)],
    ['in a list', { $year: [LEAP] }, int(2020)],
    ['of a timestamp', { $year: new Timestamp({ t: 1_582_982_055, i: 1 }) }, int(2020)],
    ['of an id', { $year: new ObjectId('5e5a632700000000000000ff') }, int(2020)],
    ['of nothing', { $year: '$none' }, null],
    ['in no zone', { $year: { date: LEAP, timezone: null } }, null],
    ['weeks begin with Sunday', { $week: at('2017-01-01') }, int(1)],
    ['days before the first Sunday', { $week: at('2016-01-01') }, int(0)],
    ['a year by its weeks, as a long', { $isoWeekYear: at('2016-01-01') }, long(2015)],
    ['a day of the year before 1970', { $dayOfYear: at('1960-12-31') }, int(366)],
    ['an hour behind UTC', { $hour: { date: LEAP, timezone: '-03:30' } }, int(9)],
    ['an hour in a zone that is UTC', { $hour: { date: LEAP, timezone: 'GMT' } }, int(13)],
    [
      'an hour after clocks were put forward',
      { $hour: { date: at('2021-03-14T07:30:00Z'), timezone: NEW_YORK } },
      int(3),
    ],
  ])('%s', (_name, expression, value) => {
    expect(evaluated(expression)).toBe(exact(value));
  });

  it.each([
    ['of a text', { $year: 'x' }, 16_006],
    ['in a zone that is none', { $year: { date: LEAP, timezone: 'Nowhere/X' } }, 40_485],
    ['in a zone in another case', { $year: { date: LEAP, timezone: 'america/new_york' } }, 40_485],
    ['in a zone that is no text', { $year: { date: LEAP, timezone: 5 } }, 40_517],
    ['with something else', { $year: { date: LEAP, foo: 1 } }, 40_535],
    ['of no date', { $year: { timezone: 'UTC' } }, 40_539],
    ['of two dates', { $year: [LEAP, LEAP] }, 40_536],
  ])('is refused %s', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });

  it('all of them stand in the order of their size', () => {
    const time = { hour: int(13), minute: int(14), second: int(15), millisecond: int(678) };
    expect(evaluated({ $dateToParts: { date: LEAP } })).toBe(
      exact({ year: int(2020), month: int(2), day: int(29), ...time }),
    );
    expect(evaluated({ $dateToParts: { date: LEAP, iso8601: true } })).toBe(
      exact({ isoWeekYear: int(2020), isoWeek: int(9), isoDayOfWeek: int(6), ...time }),
    );
    expect(evaluated({ $dateToParts: { date: null } })).toBe(exact(null));
    expect(codeOf(() => evaluated({ $dateToParts: { date: LEAP, iso8601: 1 } }))).toBe(40_521);
  });
});

describe('a date of parts', () => {
  it.each([
    ['the first of January', { year: 2017 }, '2017-01-01T00:00:00Z'],
    ['parts beyond their ends', { year: 2017, month: 14, day: 0 }, '2018-01-31T00:00:00Z'],
    ['an early year', { year: 50 }, '0050-01-01T00:00:00Z'],
    ['by its week', { isoWeekYear: 2017, isoWeek: 6, isoDayOfWeek: 3 }, '2017-02-08T00:00:00Z'],
    [
      'an hour that clocks leave out',
      { year: 2021, month: 3, day: 14, hour: 2, minute: 30, timezone: NEW_YORK },
      '2021-03-14T07:30:00Z',
    ],
    [
      'an hour that clocks leave out east of UTC',
      { year: 2021, month: 3, day: 28, hour: 2, minute: 30, timezone: 'Europe/Berlin' },
      '2021-03-28T01:30:00Z',
    ],
    [
      'an hour that clocks show twice',
      { year: 2021, month: 11, day: 7, hour: 1, timezone: NEW_YORK },
      '2021-11-07T05:00:00Z',
    ],
  ])('%s', (_name, parts, value) => {
    expect(evaluated({ $dateFromParts: parts })).toBe(exact(at(value)));
  });

  it.each([
    ['no year', { month: 1 }, 40_516],
    ['a year with a fraction', { year: 2017.5 }, 40_515],
    ['a year of five digits', { year: 10_000 }, 40_523],
    ['both kinds of years', { year: 2017, isoWeek: 2 }, 40_489],
    ['a part that is too large', { year: 2017, month: 40_000 }, 31_034],
    ['a part that it does not have', { year: 2017, weeks: 1 }, 40_518],
  ])('is refused with %s', (_name, parts, code) => {
    expect(codeOf(() => evaluated({ $dateFromParts: parts }))).toBe(code);
  });

  it('is null where a part is missing', () => {
    expect(evaluated({ $dateFromParts: { year: 2017, month: '$none' } })).toBe(exact(null));
  });
});

describe('a date as text', () => {
  it.each([
    ['in UTC', { date: LEAP }, '2020-02-29T13:14:15.678Z'],
    ['in another zone, still with a Z', { date: LEAP, timezone: NEW_YORK }, '2020-02-29T08:14:15.678Z'],
    [
      'every sign',
      { date: LEAP, format: '%d %G %H %j %L %m %M %S %w %u %U %V %Y %z %Z %%d %B %b' },
      '29 2020 13 060 678 02 14 15 7 6 08 09 2020 +0000 0 %d February Feb',
    ],
    ['half an hour behind UTC', { date: LEAP, format: '%z %Z', timezone: '-03:30' }, '-0330 -210'],
    ['nothing', { date: null, onNull: 'none' }, 'none'],
    ['without a format', { date: LEAP, format: null }, null],
  ])('%s', (_name, operands, value) => {
    expect(evaluated({ $dateToString: operands })).toBe(exact(value));
  });

  it.each([
    ['with a sign that there is not', { date: LEAP, format: '%q' }, 18_536],
    ['with half a sign', { date: LEAP, format: '%' }, 18_535],
    ['with a number as format', { date: LEAP, format: 5 }, 18_533],
    ['of no date', { format: '%Y' }, 18_628],
    ['of a text', { date: 'x' }, 16_006],
    ['of a year of five digits', { date: new Date(253_402_300_800_000) }, 18_537],
  ])('is refused %s', (_name, operands, code) => {
    expect(codeOf(() => evaluated({ $dateToString: operands }))).toBe(code);
  });
});

describe('a date of a text', () => {
  it.each([
    ['a day', { dateString: '2017-02-08' }, '2017-02-08T00:00:00Z'],
    ['a time in a zone', { dateString: '2017-02-08T12:10:40.787', timezone: NEW_YORK }, '2017-02-08T17:10:40.787Z'],
    ['an offset', { dateString: '2017-02-08 12:10:40+01:00' }, '2017-02-08T11:10:40Z'],
    ['a month by its name', { dateString: 'July 4, 2018' }, '2018-07-04T00:00:00Z'],
    ['half a day', { dateString: '2018-07-04 12:05 AM' }, '2018-07-04T00:05:00Z'],
    ['a format', { dateString: '15-6-2018', format: '%d-%m-%Y' }, '2018-06-15T00:00:00Z'],
    ['a format of weeks', { dateString: '2018-05-1', format: '%G-%V-%u' }, '2018-01-29T00:00:00Z'],
  ])('%s', (_name, operands, value) => {
    expect(evaluated({ $dateFromString: operands })).toBe(exact(at(value)));
  });

  it.each([
    ['a day that there is not', { dateString: '2017-02-30' }, 241],
    ['no date', { dateString: 'none' }, 241],
    ['a number', { dateString: 5 }, 241],
    ['too little', { dateString: '2018-06', format: '%Y-%m' }, 241],
    ['more than the format says', { dateString: '2018-06-01 x', format: '%Y-%m-%d' }, 241],
    ['two zones', { dateString: '2017-02-08T12:10:40Z', timezone: NEW_YORK }, 241],
    ['what is not read here, whatever is to be had in its place', { dateString: '2018-W05-1', onError: 'x' }, 238],
    ['a sign that it does not read', { dateString: 'x', format: '%w', onError: 'x' }, 18_536],
  ])('is refused for %s', (_name, operands, code) => {
    expect(codeOf(() => evaluated({ $dateFromString: operands }))).toBe(code);
  });

  it('has something in its place where it cannot be read', () => {
    expect(evaluated({ $dateFromString: { dateString: 'none', onError: 'x' } })).toBe(exact('x'));
    expect(evaluated({ $dateFromString: { dateString: null, onNull: 'y' } })).toBe(exact('y'));
  });

  it('is converted alike', () => {
    expect(codeOf(() => evaluated({ $toDate: '2020-02-30' }))).toBe(241);
    expect(evaluated({ $toDate: '2020-01-01T10:00:00+02:00' })).toBe(exact(at('2020-01-01T08:00:00Z')));
  });
});

describe('a date that is moved', () => {
  it.each([
    ['to the last day of a short month', '2020-01-31T00:00:00Z', 'month', 1, 'UTC', '2020-02-29T00:00:00Z'],
    ['from a leap day', '2020-02-29T00:00:00Z', 'year', 1, 'UTC', '2021-02-28T00:00:00Z'],
    ['back', '2020-03-31T00:00:00Z', 'quarter', -1, 'UTC', '2019-12-31T00:00:00Z'],
    ['by a month of its zone', '2020-03-01T03:00:00Z', 'month', 1, NEW_YORK, '2020-03-30T02:00:00Z'],
    ['by a day of 23 hours', '2021-03-13T08:30:00Z', 'day', 1, NEW_YORK, '2021-03-14T07:30:00Z'],
    ['by hours, whatever clocks show', '2020-11-01T05:50:02Z', 'hour', 1, NEW_YORK, '2020-11-01T06:50:02Z'],
    [
      'to a time that clocks show twice, in what it had',
      '2021-10-30T00:30:00Z',
      'day',
      1,
      'Europe/Berlin',
      '2021-10-31T00:30:00Z',
    ],
  ])('%s', (_name, startDate, unit, amount, timezone, value) => {
    const operands = { startDate: at(startDate), unit, timezone };
    expect(evaluated({ $dateAdd: { ...operands, amount } })).toBe(exact(at(value)));
    expect(evaluated({ $dateSubtract: { ...operands, amount: -amount } })).toBe(exact(at(value)));
  });

  it.each([
    ['a fraction', { startDate: LEAP, unit: 'day', amount: 1.5 }, 5_166_405],
    ['a unit that is none', { startDate: LEAP, unit: 'decade', amount: 1 }, 9],
    ['a unit that is a number', { startDate: LEAP, unit: 1, amount: 1 }, 5_166_404],
    ['a text', { startDate: 'x', unit: 'day', amount: 1 }, 5_166_403],
    ['no amount', { startDate: LEAP, unit: 'day' }, 5_166_402],
    ['more than there is time', { startDate: LEAP, unit: 'year', amount: 1e12 }, 5_976_500],
  ])('is refused with %s', (_name, operands, code) => {
    expect(codeOf(() => evaluated({ $dateAdd: operands }))).toBe(code);
  });

  it('is refused the other way by the least long, which has no opposite', () => {
    const $dateSubtract = { startDate: LEAP, unit: 'millisecond', amount: Long.MIN_VALUE };
    expect(codeOf(() => evaluated({ $dateSubtract }))).toBe(6_045_000);
  });

  it('is null where the date is', () => {
    expect(evaluated({ $dateAdd: { startDate: '$none', unit: 'day', amount: 1 } })).toBe(exact(null));
  });
});

describe('what lies between two dates', () => {
  it.each([
    ['a boundary of seconds', '2021-01-04T23:59:59.999Z', '2021-01-05T00:00:00Z', { unit: 'second' }, 1],
    ['back', '2021-01-05T00:00:00Z', '2021-01-04T23:59:59.999Z', { unit: 'second' }, -1],
    ['weeks from Monday', '2021-01-03T00:00:00Z', '2021-01-04T00:00:00Z', { unit: 'week', startOfWeek: 'MON' }, 1],
    ['weeks from Sunday', '2021-01-03T00:00:00Z', '2021-01-04T00:00:00Z', { unit: 'week' }, 0],
    ['hours of a short day', '2021-03-14T05:00:00Z', '2021-03-15T04:00:00Z', { unit: 'hour', timezone: NEW_YORK }, 23],
    ['quarters before 1970', '1960-01-01T00:00:00Z', '1970-01-01T00:00:00Z', { unit: 'quarter' }, 40],
  ])('%s, as a long', (_name, startDate, endDate, operands, value) => {
    expect(evaluated({ $dateDiff: { startDate: at(startDate), endDate: at(endDate), ...operands } })).toBe(
      exact(long(value)),
    );
  });

  it('is refused with a day of the week that is none, and null for no date', () => {
    expect(
      codeOf(() => evaluated({ $dateDiff: { startDate: LEAP, endDate: LEAP, unit: 'week', startOfWeek: 'funday' } })),
    ).toBe(5_439_016);
    expect(codeOf(() => evaluated({ $dateDiff: { startDate: 'x', endDate: LEAP, unit: 'week' } }))).toBe(5_166_307);
    expect(evaluated({ $dateDiff: { startDate: null, endDate: LEAP, unit: 'hour' } })).toBe(exact(null));
  });
});

describe('a date that is cut off', () => {
  it.each([
    ['at a week', { unit: 'week' }, '2021-03-14T00:00:00Z'],
    ['at two weeks from Monday', { unit: 'week', binSize: 2, startOfWeek: 'monday' }, '2021-03-15T00:00:00Z'],
    ['at years counted from 2000', { unit: 'year', binSize: 7 }, '2021-01-01T00:00:00Z'],
    ['at hours of a zone with half an hour', { unit: 'hour', timezone: '+05:30' }, '2021-03-20T11:30:00Z'],
    ['at hours counted in a zone', { unit: 'hour', binSize: 4, timezone: NEW_YORK }, '2021-03-20T09:00:00Z'],
    ['at the day of a zone', { unit: 'day', timezone: NEW_YORK }, '2021-03-20T04:00:00Z'],
  ])('%s', (_name, operands, value) => {
    expect(evaluated({ $dateTrunc: { date: at('2021-03-20T11:30:05Z'), ...operands } })).toBe(exact(at(value)));
  });

  it.each([
    ['no unit', { date: LEAP }, 5_439_010],
    ['bins of nothing', { date: LEAP, unit: 'month', binSize: 0 }, 5_439_018],
    ['bins of a fraction', { date: LEAP, unit: 'month', binSize: 1.5 }, 5_439_017],
    ['something else', { date: LEAP, unit: 'month', size: 1 }, 5_439_008],
    ['a text', { date: 'x', unit: 'month' }, 5_439_012],
  ])('is refused with %s', (_name, operands, code) => {
    expect(codeOf(() => evaluated({ $dateTrunc: operands }))).toBe(code);
  });
});

describe('a time that JavaScript has no date for', () => {
  const far = Long.fromString('9007199254740992');

  it.each<[string, unknown, number]>([
    ['a number', { $toDate: far }, 238],
    ['a number beyond a long', { $toDate: { $literal: 1e300 } }, 241],
    ['a sum', { $add: [at('1970-01-01T00:00:00Z'), far] }, 238],
    ['a sum beyond a long', { $add: [at('1970-01-01T00:00:01Z'), Long.MAX_VALUE] }, 15],
    ['a difference', { $subtract: [at('1970-01-01T00:00:00Z'), far] }, 238],
    ['parts', { $dateFromParts: { year: 9999, millisecond: far } }, 238],
  ])('is refused and never another time: %s', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });
});
