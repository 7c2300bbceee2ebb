import { describe, expect, it } from 'vitest';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { matcherOf } from '#sandbox/semantics/matching.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf } from '../../support/evaluated.ts';

/** The ids of what belongs to a document. */
function joined(local: Doc, foreign: readonly Doc[], lookup: Doc): unknown[] {
  const collection = (_name: string, filter?: Doc): readonly Doc[] =>
    filter === undefined ? foreign : foreign.filter(matcherOf(filter));
  const [result] = runPipeline([{ $lookup: { from: 'f', as: 'r', ...lookup } }], [local], {
    variables: {},
    collection,
  });
  const found = result?.['r'];
  return Array.isArray(found) ? (found as Doc[]).map((document) => document['_id']) : [];
}

const FOREIGN = [
  { _id: 0, f: [] },
  { _id: 1, f: [1, 2] },
  { _id: 2, f: [[1, 2]] },
  { _id: 3 },
  { _id: 4, f: null },
  { _id: 5, f: 1 },
  { _id: 6, f: [[]] },
  { _id: 7, f: [null] },
  { _id: 8, f: 'x' },
  { _id: 9, f: /x/ },
];

describe('$lookup', () => {
  it.each([
    ['an empty list by null', [], [3, 4, 7]],
    ['a list by its elements, not as a whole', [1, 2], [1, 5]],
    ['a list in a list as a whole', [[1, 2]], [1, 2]],
    ['an empty list in a list', [[]], [0, 6]],
    ['what is missing by null', undefined, [3, 4, 7]],
    ['an expression as a value', /x/, [9]],
    ['an expression in a list as a value', [/x/, 1], [1, 5, 9]],
  ])('looks for %s, in memory and by a filter', (_name, local, ids) => {
    const lookup = { localField: 'l', foreignField: 'f' };
    const large = [
      ...FOREIGN,
      ...Array.from({ length: 20 }, (_none, at) => ({ _id: 100 + at, f: 2, text: 'a'.repeat(1024 * 1024) })),
    ];
    expect(joined(local === undefined ? {} : { l: local }, FOREIGN, lookup)).toEqual(ids);
    const found = joined(local === undefined ? {} : { l: local }, large, lookup);
    expect(found.filter((id) => Number(id) < 100)).toEqual(ids);
  });

  it.each([
    ['what is missing beside a value does not count', [{ x: 1 }, {}], [1, 5]],
    ['what is missing everywhere is null', [{}, { x: [] }], [3, 4, 7]],
    ['what has no fields is null', [1, [2]], [3, 4, 7]],
  ])('goes through lists on the way: %s', (_name, local, ids) => {
    expect(joined({ l: local }, FOREIGN, { localField: 'l.x', foreignField: 'f' })).toEqual(ids);
  });

  it('finds by null no document in whose list nothing has fields', () => {
    const foreign = [
      { _id: 0, f: [1] },
      { _id: 1, f: [] },
      { _id: 2, f: [{}] },
      { _id: 3, f: 1 },
    ];
    expect(joined({}, foreign, { localField: 'l', foreignField: 'f.x' })).toEqual([2, 3]);
  });

  it('looks in documents of its own for what belongs to the field, before the other stages', () => {
    const pipeline = [{ $documents: [{ f: 1 }, { f: 2 }, { f: [2, 3] }] }, { $limit: 1 }];
    const lookup = { from: 'f', localField: 'l', foreignField: 'f', as: 'r', pipeline };
    const [result] = runPipeline([{ $lookup: lookup }], [{ l: 2 }], { variables: {}, collection: () => [] });
    expect(result?.['r']).toEqual([{ f: 2 }]);
  });

  it.each([
    ['a path with a dollar', { localField: '$l', foreignField: 'f' }, 16_410],
    ['a variable that begins with a capital', { let: { V: 1 }, pipeline: [] }, 9],
    ['variables that are no document', { let: 1, pipeline: [] }, 9],
  ])('refuses %s', (_name, lookup, code) => {
    expect(codeOf(() => joined({}, FOREIGN, lookup))).toBe(code);
  });
});

describe('a path that leads through what is no document', () => {
  it.each<[string, Doc, Doc]>([
    ['$lookup', { $lookup: { from: 'f', localField: 'l', foreignField: 'l', as: 'a.b' } }, { b: [] }],
    [
      '$graphLookup',
      { $graphLookup: { from: 'f', startWith: '$l', connectFromField: 'l', connectToField: 'l', as: 'a.b' } },
      { b: [] },
    ],
    ['$unwind', { $unwind: { path: '$l', includeArrayIndex: 'a.b' } }, { b: null }],
  ])('makes %s write a document in its place, also in that of a list', (_name, stage, a) => {
    for (const before of [[{ x: 1 }], 5])
      expect([...runPipeline([stage], [{ a: before, l: 1 }], { variables: {}, collection: () => [] })]).toEqual([
        { a, l: 1 },
      ]);
  });
});
