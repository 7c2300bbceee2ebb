import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { applyUpdate, kindOfUpdate, upsertedDocument } from '#sandbox/semantics/updates.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, exact } from '../../support/evaluated.ts';

const int = (value: number): Int32 => new Int32(value);

function upserted(filter: Doc, update: Doc | readonly Doc[]): Doc {
  return upsertedDocument({ filter, update, arrayFilters: [], variables: {} });
}

function updated(before: Doc, update: Doc): Doc {
  kindOfUpdate(update);
  return applyUpdate(before, { filter: {}, update, arrayFilters: [], variables: {} })?.document ?? before;
}

describe('an upsert', () => {
  it.each([
    ['an expression', { a: /x/ }, {}],
    ['an expression in a list', { a: { $in: [/x/] } }, {}],
    ['an expression that a field equals', { a: { $eq: /x/ } }, { a: /x/ }],
    ['one value of a list', { a: { $in: [int(1)] } }, { a: int(1) }],
    ['fields of a document', { 'a.b': int(1), 'a.c': int(2) }, { a: { b: int(1), c: int(2) } }],
    ['a reference to a document', { a: { $ref: 'c', $id: int(1) } }, { a: { $ref: 'c', $id: int(1) } }],
    ['all of one value', { a: { $all: [int(1)] } }, { a: int(1) }],
    ['all of one value and expressions', { a: { $all: [/x/, 'y', /z/] } }, { a: 'y' }],
    ['all of several expressions', { a: { $all: [/x/, /y/] } }, {}],
    ['what is asked of an element', { a: { $all: [{ $elemMatch: { x: 1 } }] } }, {}],
    ['what is asked of two elements', { a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } }, {}],
  ])('begins with what a filter fixes: %s', (_name, filter, seed) => {
    expect(exact(upserted(filter, { $set: { z: int(1) } }))).toBe(exact({ ...seed, z: int(1) }));
  });

  it.each([
    ['a document and a field of it', { $and: [{ a: { b: 1 } }, { 'a.c': 1 }] }],
    ['a field and the document around it', { $and: [{ 'a.c': 1 }, { a: { b: 1 } }] }],
    ['a field twice', { $and: [{ a: 1 }, { a: 1 }] }],
    ['a field by two values', { a: { $all: [1, 2] } }],
    ['a field twice in one condition', { a: { $eq: 1, $in: [1] } }],
  ])('is refused where a filter fixes %s', (_name, filter) => {
    expect(codeOf(() => upserted(filter, { $set: { z: 1 } }))).toBe(54);
  });

  it.each<{ what: string; filter: Doc; code: number | null }>([
    { what: 'a part of its id', filter: { '_id.a': 1 }, code: 111 },
    { what: 'a part of its id below others', filter: { $and: [{ a: 1 }, { '_id.a': 1 }] }, code: 111 },
    { what: 'its id twice', filter: { $and: [{ _id: 1 }, { _id: 1 }] }, code: 54 },
    { what: 'a bound for a part of its id', filter: { '_id.a': { $gt: 1 } }, code: null },
    { what: 'another field twice, of which it takes nothing', filter: { $and: [{ a: 1 }, { a: 2 }] }, code: null },
  ])('that replaces is refused, or is not, where a filter fixes $what ($code)', ({ filter, code }) => {
    expect(codeOf(() => upserted(filter, { z: 1 }))).toBe(code);
  });

  it('keeps a field called __proto__ of its filter, and gives nothing to any other document', () => {
    const made = upserted({ '__proto__.polluted': int(1) }, { $set: { z: int(2) } });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(Object.entries(made)).toEqual([
      ['__proto__', { polluted: int(1) }],
      ['z', int(2)],
    ]);
  });

  it('keeps the id of the filter', () => {
    expect(codeOf(() => upserted({ _id: int(2) }, { $set: { _id: int(1) } }))).toBe(66);
    expect(codeOf(() => upserted({ _id: int(2) }, { _id: int(1), a: int(1) }))).toBe(66);
    expect(codeOf(() => upserted({ _id: int(2) }, [{ $set: { _id: int(1) } }]))).toBe(66);
    expect(exact(upserted({ _id: int(2) }, [{ $replaceWith: { a: int(1) } }]))).toBe(exact({ _id: int(2), a: int(1) }));
  });
});

describe('an operator', () => {
  it.each([
    ['takes a value, and not the lists that hold it', { $pull: { a: int(1) } }, [[int(1), int(2)], 'x', ['x']]],
    ['takes by an expression also lists that hold what matches', { $pull: { a: /x/ } }, [int(1), [int(1), int(2)]]],
  ])('%s', (_name, update, a) => {
    const before = { a: [int(1), [int(1), int(2)], 'x', ['x']] };
    expect(exact(updated(before, update))).toBe(exact({ a }));
  });

  it('takes elements by several conditions on their fields', () => {
    const before = { a: [{ x: int(1) }, { y: int(2) }, { y: int(3) }] };
    expect(exact(updated(before, { $pull: { a: { $or: [{ x: 1 }, { y: 2 }] } } }))).toBe(exact({ a: [{ y: int(3) }] }));
  });

  it.each([
    ['a new name that is empty', { $rename: { a: '' } }, 56],
    ['a new name with an empty part', { $rename: { a: 'b..c' } }, 56],
    ['the name that a field has', { $rename: { a: 'a' } }, 2],
    ['a new name that is a number', { $rename: { a: 1 } }, 2],
    ['a field of the first level with a dollar', { $set: { $x: 1 } }, 52],
    ['a new name with a dollar', { $rename: { a: '$x' } }, 52],
    ['an order by a field of no name', { $push: { l: { $each: [], $sort: { '': 1 } } } }, 2],
  ])('is refused with %s', (_name, update, code) => {
    expect(codeOf(() => updated({ a: 1, l: [] }, update))).toBe(code);
  });

  it('may make a field with a dollar below, and take one away', () => {
    expect(exact(updated({ a: {} }, { $set: { 'a.$x': int(1) } }))).toBe(exact({ a: { $x: int(1) } }));
    expect(exact(updated({ $x: int(1) }, { $unset: { $x: '' } }))).toBe(exact({}));
  });
});
