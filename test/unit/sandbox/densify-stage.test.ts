import { Double } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { date, plain, refusalOf, runStage } from '../../support/one-stage.ts';

describe('$densify', () => {
  const places = (range: Doc, documents: readonly Doc[], more: Doc = {}): readonly unknown[] =>
    runStage({ $densify: { field: 'x', range, ...more } }, documents).map(({ k, x }) =>
      typeof k === 'string' ? `${k}${String(plain(x))}` : plain(x),
    );
  const of = (k: string, ...xs: readonly number[]): readonly Doc[] => xs.map((x) => ({ k, x, own: true }));
  const parted = { partitionByFields: ['k'] };

  it('makes each hour between two', () => {
    const documents = [{ x: new Date('2021-05-18T00:00:00Z') }, { x: new Date('2021-05-18T03:00:00Z') }];
    const bounds = [new Date('2021-05-18T00:00:00Z'), new Date('2021-05-18T05:00:00Z')];
    expect(places({ step: 1, unit: 'hour', bounds }, documents)).toEqual(
      [0, 1, 2, 3, 4].map((hour) => date(`2021-05-18T0${hour}:00:00Z`)),
    );
  });

  it.each<[name: string, range: Doc, documents: readonly Doc[], more: Doc, made: readonly unknown[]]>([
    [
      'lets what lies between steps stand',
      { step: 2, bounds: 'full' },
      of('a', 0, 3, 4, 9),
      {},
      ['a0', 2, 'a3', 'a4', 6, 8, 'a9'],
    ],
    [
      'goes from the first place of each partition to its last',
      { step: 1, bounds: 'partition' },
      [...of('b', 5, 7), ...of('a', 1, 3)],
      parted,
      ['a1', 'a2', 'a3', 'b5', 'b6', 'b7'],
    ],
    [
      'goes from the first place of all to the last one in each partition',
      { step: 1, bounds: 'full' },
      [...of('b', 2, 4), ...of('a', 1, 2)],
      parted,
      ['a1', 'b1', 'b2', 'a2', 'b3', 'b4', 'a3', 'a4'],
    ],
    [
      'stays within its bounds, and lets stand what lies outside',
      { step: 2, bounds: [10, 16] },
      [...of('a', 3, 12, 20), { k: 'a', x: null }],
      {},
      ['anull', 'a3', 10, 'a12', 14, 'a20'],
    ],
    ['makes all that the bounds hold of nothing', { step: 2, bounds: [0, 5] }, [], {}, [0, 2, 4]],
  ])('%s', (_name, range, documents, more, made) => {
    const shown = places(range, documents, more);
    expect(shown).toEqual(made);
  });

  it('gives what it makes the fields of the partition and the place', () => {
    const stage = { $densify: { field: 'x', partitionByFields: ['k'], range: { step: 1, bounds: 'partition' } } };
    expect(runStage(stage, of('a', 1, 3))[1]).toEqual({ k: 'a', x: 2 });
  });

  it.each<[name: string, given: Doc, documents: readonly Doc[], code: number]>([
    ['a step of nothing', { field: 'x', range: { step: 0, bounds: 'full' } }, [], 5_733_401],
    ['half a day', { field: 'x', range: { step: 0.5, unit: 'day', bounds: 'full' } }, [], 6_586_400],
    ['partitions without fields', { field: 'x', range: { step: 1, bounds: 'partition' } }, [], 5_733_408],
    ['bounds of another kind', { field: 'x', range: { step: 1, bounds: 1 } }, [], 5_733_404],
    ['a word for bounds', { field: 'x', range: { step: 1, bounds: 'all' } }, [], 5_946_802],
    ['one bound', { field: 'x', range: { step: 1, bounds: [1] } }, [], 5_733_403],
    ['bounds the wrong way round', { field: 'x', range: { step: 1, bounds: [2, 1] } }, [], 5_733_402],
    ['bounds of another type', { field: 'x', range: { step: 1, bounds: [1, new Double(2)] } }, [], 5_876_900],
    ['a text', { field: 'x', range: { step: 1, bounds: 'full' } }, [{ x: 'a' }], 5_733_201],
    [
      'more than half a million documents',
      { field: 'x', range: { step: 1, bounds: 'full' } },
      of('a', 0, 600_000),
      5_897_900,
    ],
  ])('refuses %s', (_name, given, documents, code) => {
    expect(refusalOf({ $densify: given }, documents)).toBe(code);
  });
});
