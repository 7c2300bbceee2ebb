import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { applyUpdate } from '#sandbox/semantics/updates.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, exact, piped } from '../../support/evaluated.ts';

const int = (value: number): Int32 => new Int32(value);

describe('$addFields', () => {
  it.each<[string, Doc, number]>([
    ['a field and one below it', { a: 1, 'a.b': 2 }, 40_176],
    ['a field below another one, and that', { 'a.b': 2, a: 1 }, 40_176],
    ['a field in two ways', { a: { b: 1 }, 'a.b': 2 }, 40_176],
    ['a field of a document that an expression makes', { a: { $literal: {} }, 'a.b': 2 }, 40_176],
    ['two expressions in one', { a: { $add: [1, 2], $literal: 1 } }, 40_181],
    ['an expression beside a field', { a: { b: 1, $literal: 1 } }, 40_181],
    ['a path within a document', { a: { 'b.c': 1 } }, 40_183],
    ['a field of no name', { '': 1 }, 40_352],
    ['a path that does not end', { 'a.': 1 }, 40_353],
    ['a path with a gap', { 'a..b': 1 }, 15_998],
    ['a field with a dollar below', { 'a.$b': 1 }, 16_410],
  ])('is refused with %s', (_name, specification, code) => {
    expect(codeOf(() => piped([{ $addFields: specification }], []))).toBe(code);
  });

  it('is refused so in an update too, before anything is changed', () => {
    const request = { update: [{ $set: { a: 1, 'a.b': 2 } }], filter: {}, arrayFilters: [], variables: {} };
    expect(codeOf(() => applyUpdate({ _id: int(1) }, request))).toBe(40_176);
  });

  it('sets fields side by side, and one whose name begins as another', () => {
    const stages = [{ $addFields: { 'a.b': int(1), 'a.c': int(2), ab: int(3) } }];
    expect(exact(piped(stages, [{}]))).toBe(exact([{ a: { b: int(1), c: int(2) }, ab: int(3) }]));
  });
});
