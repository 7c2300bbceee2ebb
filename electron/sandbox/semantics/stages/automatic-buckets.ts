import { encodeKey } from '../../storage/key-encoding.ts';
import { compareValues } from '../compare.ts';
import type { Accumulator } from '../expressions/accumulators.ts';
import { compile, scopeOf } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { typeNameOf } from '../type-operator.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import { accumulatorTooLarge, fieldOf, type GroupField } from './gathering.ts';
import { checkRoundable, roundingOf, type Rounding } from './granularity.ts';
import { Memory, type KeyedDoc } from './memory.ts';
import { withinLimit } from './partitions.ts';
import type { CompileStage, StageContext } from './stage.ts';

/** A document with the value that it is put into a bucket by. */
interface Entry {
  readonly value: unknown;
  readonly document: Doc;
}

/** `$bucketAuto`. */
export const bucketAuto: CompileStage = (operand, context) => {
  if (!isDoc(operand))
    throw refuse(40_240, `The argument to $bucketAuto must be an object, but found type: ${typeNameOf(operand)}`);
  const { groupBy, buckets, output, granularity, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(40_245, `Unrecognized option to $bucketAuto: ${unknown}`);
  if (groupBy === undefined || buckets === undefined)
    throw refuse(40_246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified");
  const [start] = isDoc(groupBy) ? Object.keys(groupBy) : [groupBy];
  const isExpression = typeof start === 'string' && start.startsWith('$');
  if (!isExpression)
    throw refuse(
      40_239,
      "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object",
    );
  if (numberKind(buckets) === null)
    throw refuse(
      40_241,
      `The $bucketAuto 'buckets' field must be a numeric value, but found type: ${typeNameOf(buckets)}`,
    );
  if (!isWhole(buckets) || Math.abs(toDouble(buckets)) > 0x7fffffff)
    throw refuse(40_242, "The $bucketAuto 'buckets' field must be representable as a 32-bit integer");
  if (toDouble(buckets) <= 0)
    throw refuse(40_243, `The $bucketAuto 'buckets' field must be greater than 0, but found: ${toDouble(buckets)}`);
  if (output !== undefined && !isDoc(output))
    throw refuse(40_244, `The $bucketAuto 'output' field must be an object, but found type: ${typeNameOf(output)}`);
  const rounding = granularity === undefined ? null : roundingOf(granularity);
  const fields = Object.entries(output ?? { count: { $sum: 1 } }).map(([name, value]) => fieldOf(name, value));
  const key = compile(groupBy);
  const { variables, spill } = context;
  return function* (input) {
    let count = 0;
    const keyed = function* (): Generator<KeyedDoc> {
      for (const document of withinLimit('$bucketAuto', input, context)) {
        count += 1;
        const value = valueIn(document);
        if (rounding !== null) checkRoundable(value);
        yield { key: encodeKey(value), document };
      }
    };
    const valueIn = (document: Doc): unknown => key(scopeOf(document, variables)) ?? null;
    const entries = function* (): Generator<Entry> {
      for (const { document } of spill.sorted(keyed())) yield { value: valueIn(document), document };
    };
    const sorted = entries();
    // All of the input was counted when the first of its documents comes in order.
    const first = sorted.next();
    const size = Math.max(1, Math.round(count / toDouble(buckets)));
    yield* bucketsOf(first, sorted, { size, buckets: toDouble(buckets), fields, rounding, context });
  };
};

interface Plan {
  /** How many documents a bucket has, before those that belong into it by their value. */
  readonly size: number;
  readonly buckets: number;
  readonly fields: readonly GroupField[];
  readonly rounding: Rounding | null;
  readonly context: StageContext;
}

/** One bucket at a time; only what its accumulators make of it is held. */
function* bucketsOf(
  first: IteratorResult<Entry, unknown>,
  sorted: Iterator<Entry, unknown>,
  { size, buckets, fields, rounding, context }: Plan,
): Generator<Doc> {
  let next = first;
  let before: unknown;
  for (let number = 1; next.done !== true; number += 1) {
    const bucket = new Bucket(fields, context);
    const min = rounding === null ? next.value.value : (before ?? rounding.down(next.value.value));
    for (let taken = 0; next.done !== true && (taken < size || number === buckets); taken += 1) {
      bucket.add(next.value);
      next = sorted.next();
    }
    const limit = rounding === null ? null : rounding.up(bucket.last);
    // What is equal to the last document, or lies below the rounded boundary, belongs to the same bucket.
    while (next.done !== true && isWithin(next.value.value, bucket.last, limit)) {
      bucket.add(next.value);
      next = sorted.next();
    }
    const max = maxOf(bucket.last, next, { rounding, limit });
    yield bucket.document(min, max);
    before = max;
  }
}

function isWithin(value: unknown, last: unknown, limit: unknown): boolean {
  return limit === null ? compareValues(value, last) === 0 : compareValues(value, limit) < 0;
}

/** The upper boundary of a bucket: where the next one begins, or the rounded one. */
function maxOf(
  last: unknown,
  next: IteratorResult<Entry, unknown>,
  { rounding, limit }: { readonly rounding: Rounding | null; readonly limit: unknown },
): unknown {
  if (rounding === null) return next.done === true ? last : next.value.value;
  // A first bucket of nothing but 0 ends where the next one begins.
  return toDouble(limit) === 0 && next.done !== true ? rounding.down(next.value.value) : limit;
}

class Bucket {
  readonly #fields: readonly GroupField[];
  readonly #accumulators: readonly Accumulator[];
  readonly #variables: Doc;
  /** Null where nothing grows. */
  readonly #memory: Memory | null;
  /** The greatest value so far. */
  last: unknown = null;

  constructor(fields: readonly GroupField[], { variables, spill }: StageContext) {
    this.#fields = fields;
    this.#accumulators = fields.map((field) => field.make());
    this.#variables = variables;
    this.#memory = fields.some((field) => field.isGrowing) ? new Memory('$bucketAuto', spill.bytesMax) : null;
  }

  add({ value, document }: Entry): void {
    this.last = value;
    if (this.#memory?.hold(document) === false) throw accumulatorTooLarge();
    const scope = scopeOf(document, this.#variables);
    for (const accumulator of this.#accumulators) accumulator.add(scope);
  }

  document(min: unknown, max: unknown): Doc {
    const document: Doc = { _id: { min, max } };
    for (const [at, { name }] of this.#fields.entries()) assign(document, name, this.#accumulators[at]?.value);
    return document;
  }
}
