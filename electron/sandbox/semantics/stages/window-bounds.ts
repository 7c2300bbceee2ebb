import type { Decimal128 } from 'bson';
import type { IndexField } from '../../storage/index-entries.ts';
import { compareValues } from '../compare.ts';
import { isUnit } from '../expressions/dates/units.ts';
import { compile, scopeOf, type Evaluate } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { compareNumbers, fromWide, isWhole, numberKind, toDouble, toWide } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc, type Doc } from '../values.ts';

/** Where a document stands in the order of its partition. */
export interface Member {
  readonly at: number;
  /** What it is sorted by, for windows of a range; null for others. */
  readonly place: unknown;
}

/** Which members a window has around one of them. What has entered before comes before in the order, also in leaving. */
export interface Around {
  readonly enters: (member: Member) => boolean;
  readonly leaves: (member: Member) => boolean;
}

/** The window of a function. */
export interface Window {
  /** True where nothing that has entered it leaves it again. */
  readonly isGrowing: boolean;
  readonly around: (current: Member) => Around;
  /** Error: MongoDB's for a document that has no place in a range. */
  readonly placeOf: (document: Doc) => unknown;
}

const nowhere = (): unknown => null;

/** All documents of the partition. */
export const WHOLE: Window = {
  isGrowing: true,
  around: () => ({ enters: () => true, leaves: () => false }),
  placeOf: nowhere,
};

/** Compiles the bounds of a window. Errors: MongoDB's for bounds that are none. */
export function windowOf(given: unknown, sortBy: readonly IndexField[], variables: Doc): Window {
  if (!isDoc(given)) throw failedToParse("'window' field must be an object");
  const { documents, range, unit, ...others } = given;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw failedToParse(`'window' field can only contain 'documents' as the only argument or 'range' and 'unit'`);
  if (documents !== undefined && range !== undefined)
    throw failedToParse("Window bounds can specify either 'documents' or 'unit', not both.");
  if (documents !== undefined) {
    if (unit !== undefined) throw failedToParse("'window' field that specifies documents cannot have other fields");
    return documentsWindow(pairOf(documents), sortBy);
  }
  if (range !== undefined) return rangeWindow(pairOf(range), unit, { sortBy, variables });
  if (unit !== undefined) throw failedToParse("Window bounds can only specify 'unit' with range-based bounds.");
  return WHOLE;
}

function failedToParse(message: string): ServerError {
  return new ServerError('FailedToParse', message);
}

function pairOf(given: unknown): readonly [unknown, unknown] {
  if (!Array.isArray(given) || given.length !== 2) throw failedToParse('Window bounds must be a 2-element array');
  return [given[0], given[1]];
}

function boundOf(given: unknown, isNumber: (value: unknown) => boolean, message: string): unknown {
  if (given === 'unbounded' || given === 'current') return given;
  if (typeof given === 'string') throw failedToParse("Window bounds must be 'unbounded', 'current', or a number.");
  if (!isNumber(given)) throw failedToParse(message);
  return given;
}

/** Error: 5339900 where the lower bound lies beyond the upper one. */
function checkOrder(lower: unknown, upper: unknown): void {
  if (lower === 'unbounded' || upper === 'unbounded') return;
  const value = (bound: unknown): unknown => (bound === 'current' ? 0 : bound);
  if (compareNumbers(value(lower), value(upper)) > 0)
    throw refuse(5_339_900, 'Lower bound must not exceed upper bound');
}

function documentsWindow(pair: readonly [unknown, unknown], sortBy: readonly IndexField[]): Window {
  const isInteger = (value: unknown): boolean => numberKind(value) !== null && isWhole(value);
  const [lower, upper] = [pair[0], pair[1]].map((bound) =>
    boundOf(bound, isInteger, 'Numeric document-based bounds must be an integer'),
  );
  checkOrder(lower, upper);
  if (lower === 'unbounded' && upper === 'unbounded') return WHOLE;
  if (sortBy.length === 0) throw refuse(5_339_901, 'Document-based bounds require a sortBy');
  const [from, to] = [distanceOf(lower, -Infinity), distanceOf(upper, Infinity)];
  return {
    isGrowing: from === -Infinity,
    around: ({ at }) => ({ enters: (member) => member.at <= at + to, leaves: (member) => member.at < at + from }),
    placeOf: nowhere,
  };
}

function distanceOf(bound: unknown, unbounded: number): number {
  if (bound === 'unbounded') return unbounded;
  return bound === 'current' ? 0 : toDouble(bound);
}

function rangeWindow(
  pair: readonly [unknown, unknown],
  unit: unknown,
  { sortBy, variables }: { readonly sortBy: readonly IndexField[]; readonly variables: Doc },
): Window {
  if (unit !== undefined && typeof unit !== 'string') throw failedToParse("'unit' must be a string");
  const isInteger = (value: unknown): boolean => numberKind(value) !== null && isWhole(value);
  const isBound = unit === undefined ? (value: unknown) => numberKind(value) !== null : isInteger;
  const [lower, upper] = [pair[0], pair[1]].map((bound) =>
    boundOf(
      bound,
      isBound,
      unit === undefined
        ? 'Range-based bounds expression must be a number'
        : "With 'unit', range-based bounds must be an integer",
    ),
  );
  checkOrder(lower, upper);
  const [field, ...others] = sortBy;
  if (field === undefined || others.length > 0)
    throw refuse(5_339_902, 'Range-based bounds require sortBy a single field');
  if (field.isDescending) throw refuse(8_947_401, 'Range-based bounds require an ascending sortBy');
  const place = compile(`$${field.path}`);
  const moved = unit === undefined ? plus : dateAdder(unit);
  return {
    isGrowing: lower === 'unbounded',
    placeOf: (document) => checkedPlace(place(scopeOf(document, variables)), unit),
    around: (current) => {
      // `current` is the document itself, and not all that stand at its place.
      const [least, most] = [lower, upper].map((bound) =>
        bound === 'unbounded' || bound === 'current' ? null : moved(current.place, bound),
      );
      return {
        enters: (member) => {
          if (upper === 'current') return member.at <= current.at;
          return upper === 'unbounded' || compareValues(member.place, most) <= 0;
        },
        leaves: (member) => {
          if (lower === 'current') return member.at < current.at;
          return lower !== 'unbounded' && compareValues(member.place, least) < 0;
        },
      };
    },
  };
}

/** Error: MongoDB's where a document has no place in a range. */
function checkedPlace(place: unknown, unit: unknown): unknown {
  if (unit !== undefined) {
    if (place instanceof Date) return place;
    throw refuse(5_429_513, `Invalid range: Expected the sortBy field to be a Date, but it was ${typeNameOf(place)}`);
  }
  if (place instanceof Date)
    throw refuse(5_429_413, 'Invalid range: For windows that involve date or time ranges, a unit must be provided.');
  if (numberKind(place) === null)
    throw refuse(5_429_414, `Invalid range: Expected the sortBy field to be a number, but it was ${typeNameOf(place)}`);
  return place;
}

/** Places are moved as decimals, so that no type loses digits. */
function plus(base: unknown, distance: unknown): Decimal128 {
  return fromWide(toWide(base).plus(toWide(distance)));
}

/** Moves a date by a number of units. Error: `FailedToParse` for a unit that is none. */
export function dateAdder(unit: string): (date: unknown, amount: unknown) => unknown {
  if (!isUnit(unit)) throw failedToParse(`unknown time unit value: ${unit}`);
  const added: Evaluate = compile({ $dateAdd: { startDate: '$date', unit, amount: '$amount' } });
  return (date, amount) => added(scopeOf({ date, amount }, {}));
}
