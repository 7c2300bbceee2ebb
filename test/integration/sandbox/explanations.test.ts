import { Decimal128, Double, Int32, Long } from 'bson';
import type { Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { explainedByManual } from '../../engines/by-manual.ts';
import { deviationOf } from '../../engines/compare.ts';
import { DEVIATIONS, type Difference } from '../../engines/deviations.ts';
import { EngineAgain } from '../../engines/engine-again.ts';
import { makeWorld, prepare, shown, type Outcome } from '../../engines/outcome.ts';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

/** Where an explanation asks the engine again, a sandbox answers, which does what the manual says. */
const { client } = await connectedSandbox({ retryWrites: false });
const db = client.db('explanations');

beforeEach(async () => {
  await db.dropDatabase();
});

interface Given {
  readonly documents: readonly Document[];
  readonly kind: string;
  readonly command: Document;
  readonly sandbox: Partial<Outcome>;
  readonly engine: Partial<Outcome>;
}

const int = (value: number): Int32 => new Int32(value);

function update(u: Document, { q = {}, upsert = false }: { q?: Document; upsert?: boolean } = {}): Document {
  return { update: 'coll', updates: [{ q, u, upsert, multi: true }] };
}

function counted(n: number, nModified: number): Partial<Outcome> {
  return { text: shown({ n, nModified, refused: [] }) };
}

function refused(code: number, message: string): Partial<Outcome> {
  return { text: shown({ n: 0, nModified: 0, refused: [code] }), code, message };
}

function lines(...values: readonly unknown[]): Partial<Outcome> {
  return { text: values.map(shown).join('\n') };
}

/** A difference as a run meets it, with the engine to ask again. */
async function met({ documents, kind, command, ...outcomes }: Given): Promise<readonly [Difference, EngineAgain]> {
  await makeWorld(db, 0, []);
  await prepare(db, { world: 0, documents, operations: [] });
  const whole = (one: Partial<Outcome>): Outcome => ({ text: '', code: null, message: '', ...one });
  const difference = {
    operation: { kind, command },
    documents: JSON.stringify(documents),
    sandbox: whole(outcomes.sandbox),
    engine: whole(outcomes.engine),
  };
  return [difference, new EngineAgain(db, 0, documents)];
}

/** The deviation that explains a difference, null where it has to be looked up. */
async function explanationOf(given: Given): Promise<string | null> {
  return deviationOf(...(await met(given)));
}

const NO_NUMBER =
  "Cannot apply $inc to a value of non-numeric type. {_id: 0} has the field 'a' of non-numeric type string";
const COLLIDING = update({ $set: { a: int(1) }, $inc: { 'a.x': int(1) } }, { q: { a: int(5) } });
const CONFLICT = refused(40, "Updating the path 'a.x' would create a conflict at 'a'");

/** Of each explanation a difference that it is for, and the same with an answer of the sandbox that the manual does not bear out. */
const CASES: readonly (readonly [name: string, explained: Given, defect: Given])[] = [
  [
    'the sandbox refuses a date beyond those of JavaScript',
    {
      documents: [],
      kind: 'aggregate',
      command: {},
      sandbox: refused(238, 'The sandbox server has no dates more than 8.64e15 milliseconds from 1970'),
      engine: counted(0, 0),
    },
    {
      documents: [],
      kind: 'aggregate',
      command: {},
      sandbox: refused(238, 'The sandbox server has no stage $geoNear'),
      engine: counted(0, 0),
    },
  ],
  [
    'conflicts are told only where a document is found',
    { documents: [{ _id: 0 }], kind: 'update', command: COLLIDING, sandbox: CONFLICT, engine: counted(0, 0) },
    {
      documents: [{ _id: 0, a: int(5) }],
      kind: 'update',
      command: COLLIDING,
      sandbox: CONFLICT,
      engine: counted(1, 1),
    },
  ],
  [
    'an update that changes nothing is counted as a modification',
    {
      documents: [
        { _id: 0, a: int(1) },
        { _id: 1, a: int(2) },
      ],
      kind: 'update',
      command: update({ $set: { a: int(1) } }),
      sandbox: counted(2, 1),
      engine: counted(2, 2),
    },
    {
      documents: [
        { _id: 0, a: int(1) },
        { _id: 1, a: int(2) },
      ],
      kind: 'update',
      command: update({ $set: { a: int(1) } }),
      sandbox: counted(2, 0),
      engine: counted(2, 2),
    },
  ],
  [
    'nothing times a number is a plain zero',
    {
      documents: [{ _id: 0 }],
      kind: 'update-contents',
      command: update({ $mul: { a: new Double(-1.5), b: Decimal128.fromString('-2.50') } }),
      sandbox: lines({ _id: 0, a: new Double(-0), b: Decimal128.fromString('-0.00') }),
      engine: lines({ _id: 0, a: new Double(0), b: Decimal128.fromString('0') }),
    },
    {
      documents: [{ _id: 0, a: int(0) }],
      kind: 'update-contents',
      command: update({ $mul: { a: new Double(1.5) } }),
      sandbox: lines({ _id: 0, a: new Double(-0) }),
      engine: lines({ _id: 0, a: new Double(0) }),
    },
  ],
  [
    'nothing times a number is a plain zero',
    {
      documents: [{ _id: 0 }],
      kind: 'update-contents',
      command: update({ $mul: { b: new Double(-1.5) }, $set: { a: int(1) } }),
      sandbox: lines({ _id: 0, a: int(1), b: new Double(-0) }),
      engine: lines({ _id: 0, b: new Double(0), a: int(1) }),
    },
    {
      documents: [{ _id: 0 }],
      kind: 'update-contents',
      command: update({ $mul: { b: new Double(-1.5) }, $set: { a: int(1) } }),
      sandbox: lines({ _id: 0, a: int(2), b: new Double(-0) }),
      engine: lines({ _id: 0, b: new Double(0), a: int(1) }),
    },
  ],
  [
    'an update that changes nothing is counted as a modification',
    {
      documents: [{ _id: 0, b: ['x'] }, { _id: 1 }],
      kind: 'update',
      command: update({ $push: { b: { $each: [] } } }),
      sandbox: counted(2, 1),
      engine: counted(2, 2),
    },
    {
      documents: [
        { _id: 0, b: ['x'] },
        { _id: 1, b: ['y'] },
      ],
      kind: 'update',
      command: update({ $push: { b: { $each: [] } } }),
      sandbox: counted(2, 1),
      engine: counted(2, 2),
    },
  ],
  [
    'findAndModify passes over an addition to what is no number, beside an operator that takes away',
    {
      documents: [{ _id: 0, a: 'x' }],
      kind: 'findAndModify',
      command: { findAndModify: 'coll', query: {}, update: { $inc: { a: int(1) }, $unset: { b: '' } } },
      sandbox: refused(14, NO_NUMBER),
      engine: lines({ value: { _id: 0, a: 'x' } }),
    },
    {
      documents: [{ _id: 0, a: int(3) }],
      kind: 'findAndModify',
      command: { findAndModify: 'coll', query: {}, update: { $inc: { a: int(1) }, $unset: { b: '' } } },
      sandbox: refused(14, NO_NUMBER),
      engine: lines({ value: { _id: 0, a: int(3) } }),
    },
  ],
  [
    'an upsert over a value that is none ends in an internal error',
    {
      documents: [],
      kind: 'update',
      command: update({ $mul: { a: int(2) } }, { q: { a: Long.MAX_VALUE }, upsert: true }),
      sandbox: refused(2, 'Failed to apply $mul operations to current value ((NumberLong)9223372036854775807)'),
      engine: refused(1088, 'Unrecognized BSON data type code 0'),
    },
    {
      documents: [{ _id: 0, a: Long.MAX_VALUE }],
      kind: 'update',
      command: update({ $mul: { a: int(2) } }, { q: { a: Long.MAX_VALUE }, upsert: true }),
      sandbox: refused(2, 'Failed to apply $mul operations to current value ((NumberLong)9223372036854775807)'),
      engine: refused(1088, 'Unrecognized BSON data type code 0'),
    },
  ],
  [
    'an addition of nothing to what is no number is passed over',
    {
      documents: [{ _id: 0, a: 'x' }],
      kind: 'update',
      command: update({ $inc: { a: 0 } }),
      sandbox: refused(14, NO_NUMBER),
      engine: counted(1, 0),
    },
    {
      documents: [{ _id: 0, a: int(3) }],
      kind: 'update',
      command: update({ $inc: { a: 0 } }),
      sandbox: refused(14, NO_NUMBER),
      engine: counted(1, 0),
    },
  ],
  [
    'a truth is added to',
    {
      documents: [{ _id: 0, a: true }],
      kind: 'update',
      command: update({ $inc: { a: int(1) } }),
      sandbox: refused(14, `${NO_NUMBER.replace('string', 'bool')}`),
      engine: counted(1, 1),
    },
    {
      documents: [{ _id: 0, a: int(1) }],
      kind: 'update',
      command: update({ $inc: { a: int(1) } }),
      sandbox: refused(14, `${NO_NUMBER.replace('string', 'bool')}`),
      engine: counted(1, 1),
    },
  ],
  [
    'a truth is added to',
    {
      documents: [{ _id: 0 }],
      kind: 'update',
      command: update({ $inc: { a: int(1) } }, { q: { a: { $in: [true] } }, upsert: true }),
      sandbox: refused(14, `${NO_NUMBER.replace('string', 'bool')}`),
      engine: counted(1, 0),
    },
    {
      documents: [{ _id: 0 }],
      kind: 'update',
      command: update({ $inc: { a: int(1) } }, { q: { a: { $in: [true, 1] } }, upsert: true }),
      sandbox: refused(14, `${NO_NUMBER.replace('string', 'bool')}`),
      engine: counted(1, 0),
    },
  ],
  [
    'another one of several equal numbers is told',
    {
      documents: [
        { _id: 0, a: int(1) },
        { _id: 1, a: new Double(1) },
      ],
      kind: 'distinct',
      command: { distinct: 'coll', key: 'a' },
      sandbox: lines(int(1)),
      engine: lines(new Double(1)),
    },
    {
      documents: [
        { _id: 0, a: Long.fromString('9007199254740993') },
        { _id: 1, a: new Double(9_007_199_254_740_992) },
      ],
      kind: 'distinct',
      command: { distinct: 'coll', key: 'a' },
      sandbox: lines(Long.fromString('9007199254740993')),
      engine: lines(new Double(9_007_199_254_740_992)),
    },
  ],
  [
    'a double that becomes a decimal has fifteen digits also where it is added up, and where it is 0',
    {
      documents: [{ _id: 0, a: 0 }],
      kind: 'aggregate',
      command: { aggregate: 'coll', pipeline: [{ $project: { v: { $toDecimal: '$a' } } }] },
      sandbox: lines({ v: Decimal128.fromString('0') }),
      engine: lines({ v: Decimal128.fromString('0E-14') }),
    },
    {
      documents: [{ _id: 0, a: 0 }],
      kind: 'aggregate',
      command: { aggregate: 'coll', pipeline: [{ $group: { _id: null, v: { $sum: '$a' } } }] },
      sandbox: lines({ v: Decimal128.fromString('1.000000000000001') }),
      engine: lines({ v: Decimal128.fromString('1') }),
    },
  ],
  [
    '$unset of a field of a list is refused',
    {
      documents: [
        { _id: 0, a: { x: int(1) } },
        { _id: 1, a: [int(1)] },
      ],
      kind: 'update',
      command: update({ $unset: { 'a.x': '' } }),
      sandbox: counted(2, 1),
      engine: refused(28, 'Invalid array index path x'),
    },
    {
      documents: [
        { _id: 0, a: { x: int(1) } },
        { _id: 1, a: [int(1)] },
      ],
      kind: 'update',
      command: update({ $unset: { 'a.x': '' } }),
      sandbox: counted(2, 2),
      engine: refused(28, 'Invalid array index path x'),
    },
  ],
  [
    '$push of nothing on a missing list makes none',
    {
      documents: [{ _id: 0 }],
      kind: 'update-contents',
      command: update({ $push: { a: { $each: [] } } }),
      sandbox: lines({ _id: 0, a: [] }),
      engine: lines({ _id: 0 }),
    },
    {
      documents: [{ _id: 0 }],
      kind: 'update-contents',
      command: update({ $push: { a: { $each: [] } } }),
      sandbox: lines({ _id: 0 }),
      engine: lines({ _id: 0, a: [] }),
    },
  ],
  [
    'operators that take away make documents on their way',
    {
      documents: [{ _id: 0, c: int(1) }],
      kind: 'update-contents',
      command: update({ $pull: { 'a.x': int(1) }, $set: { d: int(2) } }),
      sandbox: lines({ _id: 0, c: int(1), d: int(2) }),
      engine: lines({ _id: 0, c: int(1), a: {}, d: int(2) }),
    },
    {
      documents: [{ _id: 0, c: int(1) }],
      kind: 'update-contents',
      command: update({ $pull: { 'a.x': int(1) }, $set: { d: int(2) } }),
      sandbox: lines({ _id: 0, d: int(2), c: int(1) }),
      engine: lines({ _id: 0, c: int(1), a: {}, d: int(2) }),
    },
  ],
  [
    'a condition that this engine does not support',
    {
      documents: [{ _id: 0, a: [int(1)], b: [] }, { _id: 1 }],
      kind: 'count',
      command: { count: 'coll', query: { a: { $elemMatch: { $gt: int(0) } }, b: [] } },
      sandbox: counted(1, 0),
      engine: { text: 'refused 8', code: 8, message: 'this is not supported yet' },
    },
    {
      documents: [{ _id: 0, a: [int(1)], b: [] }, { _id: 1 }],
      kind: 'count',
      command: { count: 'coll', query: { a: { $elemMatch: { $gt: int(0) } }, b: [] } },
      sandbox: counted(2, 0),
      engine: { text: 'refused 8', code: 8, message: 'this is not supported yet' },
    },
  ],
  [
    'documents that were upserted stand in another order',
    {
      documents: [],
      kind: 'update-contents',
      command: update({ $set: { a: int(1) } }, { upsert: true }),
      sandbox: { text: '{"_id":{"$oid":"new"},"a":1}\n{"_id":{"$oid":"new"},"b":1}' },
      engine: { text: '{"_id":{"$oid":"new"},"b":1}\n{"_id":{"$oid":"new"},"a":1}' },
    },
    {
      documents: [],
      kind: 'update-contents',
      command: update({ $set: { a: int(1) } }, { upsert: true }),
      sandbox: { text: '{"_id":{"$oid":"new"},"a":1}\n{"_id":{"$oid":"new"},"b":1}' },
      engine: { text: '{"_id":{"$oid":"new"},"b":2}\n{"_id":{"$oid":"new"},"a":1}' },
    },
  ],
];

/** As {@link CASES}, of what is reckoned by the manual. */
const RECKONED: readonly (readonly [name: string, explained: Given, defect: Given])[] = [
  [
    'a decimal is not found among doubles of a list, nor a double among decimals',
    {
      documents: [{ _id: 0, b: [new Double(0.5)] }],
      kind: 'update',
      command: update({ $set: { a: int(1) } }, { q: { b: { $elemMatch: { $in: [Decimal128.fromString('0.5')] } } } }),
      sandbox: counted(1, 1),
      engine: counted(0, 0),
    },
    {
      documents: [{ _id: 0, b: [new Double(0.5)] }],
      kind: 'update',
      command: update({ $set: { a: int(1) } }, { q: { b: { $elemMatch: { $in: [Decimal128.fromString('1.5')] } } } }),
      sandbox: counted(1, 1),
      engine: counted(0, 0),
    },
  ],
  [
    'a sum beyond the whole numbers of a double is rounded at each step',
    {
      documents: [{ _id: 0, b: Long.MAX_VALUE }],
      kind: 'pipelineUpdate-contents',
      command: update([{ $set: { a: { $sum: ['$b', int(5)] } } }]),
      sandbox: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_223_372_036_854_777_856) }),
      engine: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_223_372_036_854_775_808) }),
    },
    {
      documents: [{ _id: 0, b: Long.MAX_VALUE }],
      kind: 'pipelineUpdate-contents',
      command: update([{ $set: { a: { $sum: ['$b', int(5)] } } }]),
      sandbox: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_323_372_036_854_775_808) }),
      engine: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_223_372_036_854_775_808) }),
    },
  ],
];

const MEAN: Given = {
  documents: [{ _id: 0, b: Long.MAX_VALUE }],
  kind: 'pipelineUpdate-contents',
  command: update([{ $set: { a: { $avg: ['$b', Long.MAX_VALUE] } } }]),
  sandbox: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_223_372_036_854_773_760) }),
  engine: lines({ _id: 0, b: Long.MAX_VALUE, a: new Double(9_223_372_036_854_775_808) }),
};

const FRACTION: Given = {
  documents: [
    { _id: 0, b: Long.fromString('9007199254740993') },
    { _id: 1, b: new Double(-1.5) },
  ],
  kind: 'aggregate',
  command: {
    aggregate: 'coll',
    pipeline: [{ $sort: { _id: 1 } }, { $group: { _id: int(0), value: { $sum: '$b' } } }],
    cursor: {},
  },
  sandbox: lines({ _id: int(0), value: new Double(9_007_199_254_740_990) }),
  engine: lines({ _id: int(0), value: new Double(9_007_199_254_740_994) }),
};

describe('an answer that is reckoned by the manual', () => {
  it.each([
    ['a mean', MEAN],
    ['a sum with a fraction', FRACTION],
  ])('is %s, too, whose sum is rounded at each step', async (_name, given) => {
    expect(await explainedByManual(...(await met(given)))).toBe(
      'a sum beyond the whole numbers of a double is rounded at each step',
    );
  });

  it.each(RECKONED)('explains that %s', async (name, explained) => {
    expect(await explainedByManual(...(await met(explained)))).toBe(name);
  });

  it.each(RECKONED)('explains no other answer, though it looks as if %s', async (_name, _explained, defect) => {
    expect(await explainedByManual(...(await met(defect)))).toBeNull();
  });
});

describe('an explanation of a difference between the engines', () => {
  it.each(CASES)('is for: %s', async (name, explained) => {
    expect(await explanationOf(explained)).toBe(name);
  });

  it.each(CASES)(
    'is not for an answer that the manual does not bear out, though it looks like: %s',
    async (_name, _explained, defect) => {
      expect(await explanationOf(defect)).toBeNull();
    },
  );

  it('takes a refusal for parallel arrays only where the document would have two', async () => {
    await makeWorld(db, 1, [{ key: { a: 1, b: 1 }, name: 'a_b' }]);
    const parallel = DEVIATIONS.find(({ name }) => name === 'parallel arrays are indexed');
    const explains = async (u: Document): Promise<unknown> => {
      const documents = [{ _id: 0, a: [int(1)] }];
      await prepare(db, { world: 1, documents, operations: [] });
      const outcome = { text: refused(171, '').text ?? '', code: 171, message: 'cannot index parallel arrays [b] [a]' };
      const operation = { kind: 'update', command: update(u) };
      const engine = { text: counted(1, 1).text ?? '', code: null, message: '' };
      const difference = { operation, documents: '', sandbox: outcome, engine };
      return parallel?.explains(difference, new EngineAgain(db, 1, documents));
    };
    expect(await explains({ $push: { b: { $each: [] } } })).toBe(true);
    expect(await explains({ $set: { b: int(1) } })).toBe(false);
  });
});
