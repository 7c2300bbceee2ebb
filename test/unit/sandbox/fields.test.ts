import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, evaluated, exact, piped } from '../../support/evaluated.ts';

describe('a field by its name', () => {
  it.each<[string, Doc, number]>([
    ['is not read with another operand', { $getField: { field: 'a', input: {}, x: 1 } }, 3_041_701],
    ['is not read without a name', { $getField: { input: {} } }, 3_041_702],
    ['is not read from what is not told beside its name', { $getField: { field: 'a' } }, 3_041_703],
    ['is not read by a path', { $getField: { field: '$a', input: {} } }, 5_654_600],
    ['is not read by a variable', { $getField: '$$ROOT.a' }, 5_654_600],
    ['is not read by what a document decides', { $getField: { $concat: ['a', '$b'] } }, 5_654_601],
    ['is not read by a document', { $getField: { field: { a: 1 }, input: {} } }, 5_654_601],
    ['is not read by a number', { $getField: { field: 5, input: {} } }, 5_654_602],
    ['is not set with no document of operands', { $setField: 1 }, 4_161_100],
    ['is not set with another operand', { $setField: { field: 'a', input: {}, value: 1, x: 1 } }, 4_161_101],
    ['is not taken away with a value', { $unsetField: { field: 'a', input: {}, value: 1 } }, 4_161_101],
    ['is not set without a name', { $setField: { input: {}, value: 1 } }, 4_161_102],
    ['is not set without a value', { $setField: { field: 'a', input: { a: 1 } } }, 4_161_103],
    ['is not set in nothing', { $setField: { field: 'a', value: 1 } }, 4_161_109],
    ['is not set by a path', { $setField: { field: '$a', input: {}, value: 1 } }, 4_161_108],
    ['is not set by an expression', { $setField: { field: { $concat: ['a'] }, input: {}, value: 1 } }, 4_161_106],
    ['is not taken away by a number', { $unsetField: { field: 5, input: {} } }, 4_161_107],
    ['is not taken from nothing', { $unsetField: { field: 'a' } }, 4_161_109],
  ])('%s', (_what, expression, code) => {
    expect(codeOf(() => piped([{ $replaceWith: { value: expression } }], []))).toBe(code);
  });

  it('is read of the document at hand by an expression alone', () => {
    const odd = { $odd: new Int32(7), ab: new Int32(8) };
    expect(evaluated({ $getField: { $literal: '$odd' } }, odd)).toBe(exact(new Int32(7)));
    expect(evaluated({ $getField: { $concat: ['a', 'b'] } }, odd)).toBe(exact(new Int32(8)));
  });

  it('is set by a name with a dollar and a dot', () => {
    const setField = { field: { $literal: '$a.b' }, input: '$c', value: 1 };
    expect(evaluated({ $setField: setField }, { c: {} })).toBe(exact({ '$a.b': new Int32(1) }));
  });

  it('is set to the text that stands for its removal where that comes from a document', () => {
    const setField = { field: 'a', input: '$b', value: '$c' };
    expect(evaluated({ $setField: setField }, { b: {}, c: '$$REMOVE' })).toBe(exact({ a: '$$REMOVE' }));
  });
});
