import { sortFieldsOf } from '../../storage/query.ts';
import { encodeKey } from '../../storage/key-encoding.ts';
import { calculateWidely } from '../calculation.ts';
import { compareValues } from '../compare.ts';
import { refuseFieldPath } from '../expressions/names.ts';
import { refuse } from '../expressions/refusal.ts';
import { keyOf, keysOf } from '../field-names.ts';
import { isNil } from '../expressions/compile.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { valueAt } from '../paths.ts';
import { setAt } from '../projection-stages.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc, type Doc } from '../values.ts';
import { sort } from './gathering.ts';
import { fieldsOf } from './setting-windows.ts';
import { checkOptions, type CompileStage } from './stage.ts';
import { dateAdder } from './window-bounds.ts';
import { wrongType } from '../wrong-type.ts';

/** MongoDB makes no more documents in one stage (`internalQueryMaxAllowedDensifyDocs`). */
const MADE_MAX = 500_000;

/** Where missing documents are made, and how far apart. */
interface Range {
  readonly bounds: 'full' | 'partition' | readonly [unknown, unknown];
  /** The place that follows. */
  readonly next: (place: unknown) => unknown;
  readonly isDates: boolean;
}

/** `$densify`. */
export const densify: CompileStage = (operand, context) => {
  if (!isDoc(operand))
    throw new ServerError(
      'FailedToParse',
      `The $densify stage specification must be an object, found ${typeNameOf(operand)}`,
    );
  checkOptions('$densify', operand, { known: ['field', 'partitionByFields', 'range'], required: ['field', 'range'] });
  const { field, partitionByFields = [] } = operand;
  if (typeof field !== 'string') throw wrongType('$densify.field', field, 'string');
  refuseFieldPath(field);
  const range = rangeOf(operand['range']);
  const partitions = fieldsOf(partitionByFields);
  if (range.bounds === 'partition' && partitions.length === 0)
    throw refuse(
      5_733_408,
      "One cannot specify the bounds as 'partition' without specifying a non-empty array of partitionByFields. You may have meant to specify 'full' bounds.",
    );
  const names = [...(range.bounds === 'full' ? [] : partitions), field];
  const order: Doc = Object.fromEntries(names.map((name) => [keyOf(name), 1]));
  sortFieldsOf(order);
  const sorted = sort(order, context);
  return (input) => new Densifying(field, partitions, range).run(sorted(input));
};

function rangeOf(given: unknown): Range {
  if (!isDoc(given)) throw new ServerError('TypeMismatch', "BSON field '$densify.range' is no object");
  checkOptions('$densify.range', given, { known: ['step', 'bounds', 'unit'], required: ['step', 'bounds'] });
  const { step, bounds, unit } = given;
  if (numberKind(step) === null || !(toDouble(step) > 0))
    throw refuse(5_733_401, 'The step parameter in a range statement must be a strictly positive numeric value');
  if (unit !== undefined && typeof unit !== 'string')
    throw new ServerError('TypeMismatch', "BSON field '$densify.range.unit' is no string");
  if (unit !== undefined && !isWhole(step))
    throw refuse(
      6_586_400,
      'The step parameter in a range statement must be a whole number when densifying a date range',
    );
  const added = unit === undefined ? null : dateAdder(unit);
  return {
    bounds: boundsOf(bounds, step, unit !== undefined),
    next: (place) => (added === null ? calculateWidely('plus', place, step) : added(place, step)),
    isDates: unit !== undefined,
  };
}

function boundsOf(bounds: unknown, step: unknown, hasUnit: boolean): Range['bounds'] {
  if (bounds === 'full' || bounds === 'partition') return bounds;
  if (typeof bounds === 'string') throw refuse(5_946_802, "Bounds string must either be 'full' or 'partition'");
  if (!Array.isArray(bounds))
    throw refuse(
      5_733_404,
      "The bounds in a range statement must be the string 'full', 'partition', or an ascending array of two numbers or two dates",
    );
  const [lower, upper, ...others] = bounds as unknown[];
  if (bounds.length < 2 || others.length > 0)
    throw refuse(5_733_403, 'A bounding array in a range statement must have exactly two elements');
  if (compareValues(lower, upper) > 0)
    throw refuse(5_733_402, 'A bounding array must be an ascending array of either two dates or two numbers');
  const mixed = 'A bounding array must contain either both dates or both numeric types';
  if (lower instanceof Date) {
    if (!(upper instanceof Date)) throw refuse(5_733_405, mixed);
    if (!hasUnit) throw refuse(5_733_410, 'A bounding array of dates must specify a unit');
    return [lower, upper];
  }
  if (numberKind(lower) === null) throw refuse(5_946_800, 'Explicit bounds must be numeric or dates');
  if (hasUnit) throw refuse(5_733_409, 'Numeric bounds may not have unit parameter');
  if (numberKind(upper) === null) throw refuse(5_733_406, mixed);
  if (numberKind(lower) !== numberKind(upper) || numberKind(lower) !== numberKind(step))
    throw refuse(5_876_900, 'Upper bound, lower bound, and step must all have the same type');
  return [lower, upper];
}

/** Of a partition: its fields, and the place up to which nothing is missing; null where that is still nowhere. */
interface Track {
  readonly fields: Doc;
  at: unknown;
}

/** One run over documents in the order of their places, those of one partition together where bounds are not `full`. */
class Densifying {
  readonly #path: readonly string[];
  readonly #partitions: readonly (readonly string[])[];
  readonly #range: Range;
  readonly #tracks = new Map<string, Track>();
  #made = 0;
  /** The first and the last place of all. */
  #ends: { readonly first: unknown; last: unknown } | null = null;

  constructor(field: string, partitions: readonly string[], range: Range) {
    this.#path = keysOf(field);
    this.#partitions = partitions.map((name) => keysOf(name));
    this.#range = range;
  }

  *run(input: Iterable<Doc>): Generator<Doc> {
    for (const document of input) {
      const place = valueAt(document, this.#path);
      if (!isNil(place)) {
        this.#check(place);
        const ends = (this.#ends ??= { first: place, last: place });
        ends.last = place;
        yield* this.#before(this.#trackOf(document), place);
      }
      yield document;
    }
    yield* this.#behind();
  }

  #check(place: unknown): void {
    if (!(place instanceof Date) && numberKind(place) === null)
      throw refuse(5_733_201, `Densify field type must be numeric or a date, but it is ${typeNameOf(place)}`);
    if (this.#range.isDates && !(place instanceof Date))
      throw refuse(6_053_600, 'Encountered numeric densify value in collection when step has a date unit.');
    if (!this.#range.isDates && place instanceof Date)
      throw refuse(6_053_601, 'Encountered date densify value in collection when step does not have a date unit.');
  }

  #trackOf(document: Doc): Track {
    const values = this.#partitions.map((path) => valueAt(document, path));
    const key = encodeKey(values.map((value) => (value === undefined ? [] : [value]))).toString('latin1');
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const fields = this.#partitions.reduce<Doc>((made, path, at) => {
      return values[at] === undefined ? made : setAt(made, path, values[at]);
    }, {});
    const track: Track = { fields, at: null };
    this.#tracks.set(key, track);
    return track;
  }

  /** What is missing before a place, and how far the partition is then. */
  *#before(track: Track, place: unknown): Generator<Doc> {
    const { bounds, next } = this.#range;
    const isExplicit = typeof bounds !== 'string';
    if (isExplicit && compareValues(place, bounds[0]) < 0) return;
    const limit = isExplicit && compareValues(bounds[1], place) < 0 ? bounds[1] : place;
    let missing = track.at === null ? this.#firstOf(place) : next(track.at);
    while (compareValues(missing, limit) < 0) {
      yield this.#document(track, missing);
      track.at = missing;
      missing = next(missing);
    }
    // A document that lies between two steps does not move them.
    if (compareValues(missing, place) === 0) track.at = place;
  }

  /** Where a partition begins. */
  #firstOf(place: unknown): unknown {
    const { bounds } = this.#range;
    if (bounds === 'partition') return place;
    return bounds === 'full' ? (this.#ends?.first ?? place) : bounds[0];
  }

  /** What is missing behind the last documents: up to the last place of all, or within the bounds. */
  *#behind(): Generator<Doc> {
    const { bounds, next } = this.#range;
    if (bounds === 'partition') return;
    if (this.#partitions.length === 0) this.#trackOf({});
    for (const track of this.#tracks.values()) {
      const end = bounds === 'full' ? this.#ends?.last : bounds[1];
      if (end === undefined) continue;
      const isMissing = (place: unknown): boolean => compareValues(place, end) < (bounds === 'full' ? 1 : 0);
      for (
        let missing = track.at === null ? this.#firstOf(end) : next(track.at);
        isMissing(missing);
        missing = next(missing)
      )
        yield this.#document(track, missing);
    }
  }

  #document({ fields }: Track, place: unknown): Doc {
    this.#made += 1;
    if (this.#made > MADE_MAX)
      throw refuse(
        5_897_900,
        `Generated ${this.#made} documents in $densify, which is over the limit of ${MADE_MAX}. Increase the 'internalQueryMaxAllowedDensifyDocs' parameter to allow more generated documents`,
      );
    return setAt(fields, this.#path, place);
  }
}
