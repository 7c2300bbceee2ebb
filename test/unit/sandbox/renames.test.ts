import { describe, expect, it } from 'vitest';
import { applyUpdate } from '#sandbox/semantics/updates.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf } from '../../support/evaluated.ts';

describe('another name for a field', () => {
  const renamed = (document: Doc, $rename: Doc): Doc | null =>
    applyUpdate(document, { update: { $rename }, filter: {}, arrayFilters: [], variables: {} })?.document ?? null;

  it.each<[string, Doc, Doc, number]>([
    ['within a number', { _id: 1, a: 1 }, { 'a.b': 'c' }, 28],
    ['within null', { _id: 1, a: null }, { 'a.b': 'c' }, 28],
    ['of the elements of a list', { _id: 1, a: [{ b: 1 }] }, { 'a.b': 'c' }, 28],
    ['of an element of a list', { _id: 1, a: [1] }, { 'a.0': 'c' }, 2],
    ['within a list', { _id: 1, a: [], b: 1 }, { b: 'a.0' }, 2],
  ])('is refused %s', (_what, document, names, code) => {
    expect(codeOf(() => renamed(document, names))).toBe(code);
  });

  it.each<[string, Doc, Doc]>([
    ['that is not there, within a list', { _id: 1, a: [] }, { b: 'a.0' }],
    ['of an element that is not there', { _id: 1, a: [1] }, { 'a.5': 'c' }],
    ['that is not there, within a document', { _id: 1, a: {} }, { 'a.b.c': 'd' }],
  ])('changes nothing for one %s', (_what, document, names) => {
    expect(renamed(document, names)).toBeNull();
  });
});
