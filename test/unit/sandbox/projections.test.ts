import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { findProjection } from '#sandbox/semantics/projections.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, exact, piped } from '../../support/evaluated.ts';

const int = (value: number): Int32 => new Int32(value);
const [one, two] = [{ x: int(1) }, { x: int(2) }];
const DOCUMENT = { _id: int(1), a: [1, 2, 3, 4].map(int), e: [one, two], f: int(1) };
const { _id, a, e, f } = DOCUMENT;

function shown(projection: Doc, filter: Doc = {}, document: Doc = DOCUMENT): string {
  return exact(findProjection(projection, { filter, collation: null })(document));
}

describe('a projection of a find', () => {
  it.each([
    ['the first of a list beside everything', { a: { $slice: int(2) } }, { _id, a: [int(1), int(2)], e, f }],
    ['the last of a list beside what is shown', { f: 1, a: { $slice: -1 } }, { _id, a: [int(4)], f }],
    [
      'the middle of a list without what is left out',
      { f: 0, a: { $slice: [-3, 2] } },
      { _id, a: [int(2), int(3)], e },
    ],
    ['a list that the expression of this name cuts', { z: { $slice: ['$a', 1] } }, { _id, z: [int(1)] }],
    [
      'the first element of a condition, behind the others',
      { e: { $elemMatch: { x: 2 } }, f: 1 },
      { _id, f, e: [two] },
    ],
    ['no list where no element meets it', { _id: 0, e: { $elemMatch: { x: 3 } } }, {}],
    [
      'such an element in its place without what is left out',
      { f: 0, e: { $elemMatch: { x: 2 } } },
      { _id, a, e: [two] },
    ],
  ])('shows %s', (_name, projection, value) => {
    expect(shown(projection)).toBe(exact(value));
  });

  it.each([
    ['by its fields', { 'e.$': 1 }, { 'e.x': 2 }, { _id, e: [two] }],
    ['by its value', { 'a.$': 1 }, { a: { $gt: 2 } }, { _id, a: [int(3)] }],
    ['of a list on the way', { 'e.x.$': 1 }, { e: { $elemMatch: { x: 2 } } }, { _id, e: [two] }],
    ['of no list', { 'f.$': 1 }, { f: 1 }, { _id, f }],
    [
      'also where a list of another name told its place',
      { 'e.$': 1 },
      { a: 2, f: 1, e: { $size: 2 } },
      { _id, e: [two] },
    ],
  ])('shows the element that matched %s', (_name, projection, filter, value) => {
    expect(shown(projection, filter)).toBe(exact(value));
  });

  it.each([
    ['an element that nothing asked for', { 'e.$': 1 }, {}, 31_277],
    ['an element that nothing matched', { 'e.$': 1 }, { e: { $size: 2 } }, 51_246],
    ['one of two elements that conditions matched', { 'e.$': 1 }, { 'e.x': 2, e: { $exists: true } }, 238],
    ['an element that only a negation matched', { 'a.$': 1 }, { a: { $ne: 9 } }, 51_246],
    ['an element of another list', { 'e.$': 1 }, { a: 2 }, 31_277],
    ['two such elements', { 'e.$': 1, 'a.$': 1 }, { a: 1, 'e.x': 1 }, 31_276],
    ['one that is left out', { 'e.$': 0 }, { 'e.x': 1 }, 31_395],
    ['one in the middle of a path', { 'e.$.x': 1 }, { 'e.x': 1 }, 31_394],
    ['one beside a condition', { 'a.$': 1, e: { $elemMatch: { x: 1 } } }, { a: 1 }, 31_255],
    ['a condition beside one', { e: { $elemMatch: { x: 1 } }, 'a.$': 1 }, { a: 1 }, 31_256],
    ['a condition that is none', { e: { $elemMatch: 1 } }, {}, 31_274],
    ['a condition below a field', { 'b.e': { $elemMatch: { x: 1 } } }, {}, 31_275],
    ['a field of no name', { '': 1 }, {}, 40_352],
    ['a path that does not end', { 'a.': 1 }, {}, 40_353],
    ['a field with a dollar', { 'a.$x': 1 }, {}, 16_410],
  ])('is refused with %s', (_name, projection, filter, code) => {
    expect(codeOf(() => shown(projection, filter))).toBe(code);
  });

  it('shows no matched element of a document that has been changed since', () => {
    const choice = { filter: { a: 1 }, collation: null, isChanged: true };
    expect(codeOf(() => findProjection({ 'a.$': 1 }, choice))).toBe(2);
  });

  it('is more than a pipeline has', () => {
    expect(codeOf(() => piped([{ $project: { 'e.$': 1 } }], [DOCUMENT]))).toBe(31_324);
    expect(codeOf(() => piped([{ $project: { e: { $elemMatch: { x: 1 } } } }], [DOCUMENT]))).toBe(168);
  });
});
