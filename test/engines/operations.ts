import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';

type Doc = Record<string, unknown>;

/** One command of a case; `coll` stands for the case's collection. */
export interface Operation {
  readonly kind: string;
  readonly command: Doc;
}

/** What a collection holds, and what is done to it. */
export interface Case {
  /** Which of the collections, each of which has a set of indexes of its own. */
  readonly world: number;
  readonly documents: readonly Doc[];
  readonly operations: readonly Operation[];
}

/** How many collections there are: making one costs an engine more than all operations on it. */
export const WORLDS = 12;

const COLLECTION = 'coll';
/** A name that objects put first, and servers leave where it is. */
const NUMBER_NAME = '7';

const int = fc.integer({ min: -3, max: 7 }).map((value) => new Int32(value));
const number = fc.oneof(
  { weight: 6, arbitrary: int },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 7 }).map((value) => Long.fromNumber(value)) },
  { weight: 2, arbitrary: fc.constantFrom(-1.5, 0, 0.5, 1, 2.5, 3).map((value) => new Double(value)) },
  { weight: 1, arbitrary: fc.constantFrom('1', '2.50', '-3', '0.5').map((text) => Decimal128.fromString(text)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      new Int32(2_147_483_647),
      Long.fromString('9007199254740993'),
      Long.fromString('9223372036854775000'),
      new Double(9_007_199_254_740_992),
      new Double(1e20),
    ),
  },
);
const text = fc.constantFrom('', 'a', 'b', 'ab', 'B', 'é', '10');
const other = fc.constantFrom<unknown>(
  null,
  true,
  false,
  new Date(0),
  new Date(86_400_000),
  new ObjectId('a'.repeat(24)),
  new ObjectId('b'.repeat(24)),
  new Timestamp({ t: 1, i: 1 }),
  new Binary(Buffer.from('ab')),
  new MinKey(),
  new MaxKey(),
);
const scalar = fc.oneof(
  { weight: 6, arbitrary: number },
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: other },
);
const plainInner = fc.record(
  { x: scalar, y: fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })) },
  { requiredKeys: [] },
);
/** In a list such names would be ambiguous, and refused by sorts and indexes. */
const inner = fc.oneof(
  {
    weight: 8,
    arbitrary: plainInner,
  },
  { weight: 1, arbitrary: fc.record({ x: scalar, 0: scalar, 2024: scalar }, { requiredKeys: [] }) },
);
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 4 }) },
  { weight: 2, arbitrary: inner },
  { weight: 1, arbitrary: fc.array(plainInner, { maxLength: 3 }) },
);
const field = fc.constantFrom('a', 'b', 'c');
const path = fc.constantFrom('a', 'b', 'c', 'a.x', 'a.y', 'b.x', 'b.0', 'c.y', NUMBER_NAME);

function plain(record: object): Doc {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

const document = fc
  .record(
    { a: value, b: value, c: value, [NUMBER_NAME]: fc.option(scalar, { nil: undefined, freq: 4 }) },
    { requiredKeys: [] },
  )
  .map(plain);

function single(key: fc.Arbitrary<string>, operand: fc.Arbitrary<unknown>): fc.Arbitrary<Doc> {
  return fc.tuple(key, operand).map(([name, one]) => ({ [name]: one }));
}

const relation = single(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), scalar);
const valueCondition = fc.oneof(
  { weight: 5, arbitrary: relation },
  { weight: 2, arbitrary: single(fc.constantFrom('$in', '$nin'), fc.array(scalar, { minLength: 1, maxLength: 3 })) },
  { weight: 1, arbitrary: single(fc.constant('$regex'), fc.constantFrom('^a', 'b$', '.', 'A')) },
  {
    weight: 1,
    arbitrary: single(fc.constant('$mod'), fc.constantFrom([new Int32(2), new Int32(1)], [new Int32(3), new Int32(0)])),
  },
  {
    weight: 1,
    arbitrary: single(
      fc.constant('$type'),
      fc.constantFrom('int', 'long', 'double', 'decimal', 'string', 'number', 'null'),
    ),
  },
);
const condition = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 6, arbitrary: valueCondition },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
  { weight: 1, arbitrary: single(fc.constant('$exists'), fc.boolean()) },
  {
    weight: 1,
    arbitrary: single(
      fc.constant('$size'),
      fc.integer({ min: 0, max: 3 }).map((size) => new Int32(size)),
    ),
  },
  { weight: 1, arbitrary: single(fc.constant('$all'), fc.array(scalar, { minLength: 1, maxLength: 2 })) },
  { weight: 1, arbitrary: single(fc.constant('$not'), valueCondition) },
  {
    weight: 1,
    arbitrary: single(fc.constant('$elemMatch'), fc.oneof(valueCondition, single(fc.constantFrom('x', 'y'), scalar))),
  },
);
const simpleFilter = single(path, condition);
const filter = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Doc>({}) },
  { weight: 6, arbitrary: simpleFilter },
  { weight: 3, arbitrary: fc.tuple(simpleFilter, simpleFilter).map(([one, two]): Doc => ({ ...one, ...two })) },
  {
    weight: 2,
    arbitrary: single(fc.constantFrom('$and', '$or', '$nor'), fc.array(simpleFilter, { minLength: 1, maxLength: 2 })),
  },
);
const direction = fc.constantFrom(1, -1).map((sign) => new Int32(sign));
/** Ends with `_id`, so that the order is told whole. */
const sort = fc
  .uniqueArray(fc.tuple(path, direction), { maxLength: 2, selector: ([name]) => name.split('.')[0] })
  .map((fields): Doc => ({ ...Object.fromEntries(fields), _id: new Int32(1) }));
const projection = fc.oneof(
  fc
    .uniqueArray(path, { minLength: 1, maxLength: 2, selector: (name) => name.split('.')[0] })
    .map((names): Doc => Object.fromEntries(names.map((name) => [name, new Int32(1)]))),
  fc
    .uniqueArray(path, { minLength: 1, maxLength: 2, selector: (name) => name.split('.')[0] })
    .map((names): Doc => Object.fromEntries(names.map((name) => [name, new Int32(0)]))),
);

const updatePath = fc.constantFrom('a', 'b', 'c', 'a.x', 'b.y', 'c.0', 'b.x', NUMBER_NAME, 'b.0');
const operator = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('$set'), updatePath, value) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('$unset'), updatePath, fc.constant('')) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('$inc', '$mul'), updatePath, number) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('$min', '$max'), updatePath, scalar) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('$push', '$addToSet'), updatePath, scalar) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('$push'),
      updatePath,
      fc
        .record(
          {
            $each: fc.array(scalar, { maxLength: 3 }),
            $slice: fc.integer({ min: -3, max: 3 }).map((count) => new Int32(count)),
            $position: fc.integer({ min: -2, max: 2 }).map((at) => new Int32(at)),
            $sort: direction,
          },
          { requiredKeys: ['$each'] },
        )
        .map(plain),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('$pop'), updatePath, direction) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('$pull'), updatePath, fc.oneof(scalar, valueCondition)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('$pullAll'), updatePath, fc.array(scalar, { maxLength: 2 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('$rename'), fc.constantFrom('a', 'b'), fc.constantFrom('c', 'd')) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('$bit'), updatePath, single(fc.constantFrom('and', 'or', 'xor'), int)),
  },
);
const update = fc
  .uniqueArray(operator, { minLength: 1, maxLength: 2, selector: ([name]) => name })
  .map((all): Doc => Object.fromEntries(all.map(([name, on, operand]) => [name, { [on]: operand }])));

const expressionLeaf = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>('$a', '$b', '$c', '$a.x', '$b.y', `$${NUMBER_NAME}`) },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom<unknown>('a', null, true) },
);
const expression = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    expressionLeaf,
    single(fc.constantFrom('$add', '$multiply'), fc.array(tie('any'), { minLength: 1, maxLength: 3 })),
    single(
      fc.constantFrom('$subtract', '$divide', '$mod'),
      fc.tuple(tie('any'), tie('any')).map((all) => [...all]),
    ),
    single(
      fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$cmp'),
      fc.tuple(tie('any'), tie('any')).map((all) => [...all]),
    ),
    single(
      fc.constantFrom('$abs', '$floor', '$ceil', '$type', '$isNumber', '$isArray', '$not'),
      tie('any').map((one) => [one]),
    ),
    single(fc.constantFrom('$and', '$or'), fc.array(tie('any'), { maxLength: 2 })),
    single(
      fc.constantFrom('$ifNull', '$concatArrays'),
      fc.tuple(tie('any'), tie('any')).map((all) => [...all]),
    ),
    single(
      fc.constant('$cond'),
      fc.tuple(tie('any'), tie('any'), tie('any')).map((all) => [...all]),
    ),
    single(fc.constantFrom('$sum', '$avg', '$min', '$max'), fc.array(tie('any'), { minLength: 1, maxLength: 2 })),
    single(fc.constantFrom('$toString', '$toInt', '$toLong', '$toDouble', '$toDecimal', '$toBool'), tie('any')),
    single(
      fc.constantFrom('$size', '$first', '$last', '$reverseArray'),
      fc.constantFrom<unknown>('$a', '$b', [[1, 'a']]),
    ),
    single(
      fc.constant('$in'),
      fc.tuple(tie('any'), fc.constantFrom<unknown>('$a', '$c')).map((all) => [...all]),
    ),
    single(
      fc.constant('$arrayElemAt'),
      fc.tuple(fc.constantFrom<unknown>('$a', '$b'), int).map((all) => [...all]),
    ),
  ),
})).any;

const accumulator = fc.oneof(
  single(
    fc.constantFrom('$sum', '$avg', '$min', '$max', '$first', '$last'),
    fc.oneof(fc.constantFrom<unknown>('$a', '$b', '$a.x'), number),
  ),
  single(fc.constantFrom('$push'), fc.constantFrom<unknown>('$a', '$b.x')),
  single(fc.constant('$count'), fc.constant({})),
);
const groupKey = fc.oneof(fc.constantFrom<unknown>('$a', '$b', '$a.x', null, { one: '$a', two: '$c' }), expression);
const stage = fc.oneof(
  { weight: 3, arbitrary: filter.map((one): Doc => ({ $match: one })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'd', 'b.x', NUMBER_NAME), expression)
      .map(([name, one]): Doc => ({ $addFields: { [name]: one } })),
  },
  { weight: 1, arbitrary: projection.map((one): Doc => ({ $project: one })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(field, fc.boolean())
      .map(([name, isKept]): Doc => ({ $unwind: { path: `$${name}`, preserveNullAndEmptyArrays: isKept } })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Doc>({ $unset: 'a' }, { $unset: ['b', 'c.x'] }) },
);
const lastStage = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly Doc[]>([]) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(groupKey, accumulator)
      .map(([id, one]): readonly Doc[] => [{ $group: { _id: id, value: one } }]),
  },
  { weight: 1, arbitrary: fc.constant<readonly Doc[]>([{ $count: 'n' }]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<readonly Doc[]>([{ $sortByCount: '$a' }], [{ $replaceWith: { a: '$a', b: '$b.x' } }]),
  },
);
const pipeline = fc
  .tuple(sort, fc.array(stage, { maxLength: 3 }), lastStage)
  .map(([order, stages, last]): Doc[] => [{ $sort: order }, ...stages, ...last]);

const few = fc.constantFrom(0, 0, 1, 3).map((count) => new Int32(count));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ filter, sort, projection: fc.option(projection, { nil: undefined }), skip: few, limit: few })
      .map(({ projection: shown, ...rest }) => ({
        kind: 'find',
        command: {
          find: COLLECTION,
          ...rest,
          ...(shown === undefined ? {} : { projection: shown }),
          batchSize: new Int32(1000),
        },
      })),
  },
  { weight: 2, arbitrary: filter.map((query) => ({ kind: 'count', command: { count: COLLECTION, query } })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(path, filter)
      .map(([key, query]) => ({ kind: 'distinct', command: { distinct: COLLECTION, key, query } })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ q: filter, u: update, upsert: fc.constantFrom(false, false, true) })
      .map((one) => ({ kind: 'update', command: { update: COLLECTION, updates: [{ ...one, multi: true }] } })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(filter, fc.tuple(fc.constantFrom('a', 'd'), expression)).map(([q, [name, one]]) => ({
      kind: 'pipelineUpdate',
      command: { update: COLLECTION, updates: [{ q, u: [{ $set: { [name]: one } }], multi: true }] },
    })),
  },
  {
    weight: 1,
    arbitrary: simpleFilter.map((q) => ({
      kind: 'delete',
      command: { delete: COLLECTION, deletes: [{ q, limit: 0 }] },
    })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ query: filter, sort, update, new: fc.boolean() }).map((one) => ({
      kind: 'findAndModify',
      command: { findAndModify: COLLECTION, ...one },
    })),
  },
  {
    weight: 5,
    arbitrary: pipeline.map((stages) => ({
      kind: 'aggregate',
      command: { aggregate: COLLECTION, pipeline: stages, cursor: { batchSize: new Int32(1000) } },
    })),
  },
);

const index = fc
  .tuple(
    fc.uniqueArray(fc.tuple(path, direction), {
      minLength: 1,
      maxLength: 2,
      size: 'small',
      selector: ([name]) => name.split('.')[0],
    }),
    fc.boolean(),
  )
  .map(([fields, isSparse]): Doc => {
    const name = fields.map(([on, way]) => `${on}_${way.value}`).join('_');
    return { key: Object.fromEntries(fields), name, ...(isSparse ? { sparse: true } : {}) };
  });

/** Random indexes of a collection. */
export const INDEX_SETS: fc.Arbitrary<readonly Doc[]> = fc.uniqueArray(index, {
  maxLength: 3,
  selector: ({ key }) => Object.keys(key as Doc).join(),
});

/** Random cases. */
export const CASES: fc.Arbitrary<Case> = fc.record({
  world: fc.integer({ min: 0, max: WORLDS - 1 }),
  documents: fc
    .array(document, { minLength: 1, maxLength: 8 })
    .map((all) => all.map((one, at): Doc => ({ _id: new Int32(at), ...one }))),
  operations: fc.array(operation, { minLength: 1, maxLength: 30 }),
});
