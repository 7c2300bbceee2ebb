import { describe, expect, it } from 'vitest';
import { keyOf } from '#sandbox/semantics/field-names.ts';
import { EMPTY_LIST, keyValuesAt, sortValuesAt, valuesAt } from '#sandbox/semantics/paths.ts';

const missing = undefined;

describe('the values by which an index or a sort knows a document', () => {
  it.each([
    ['a list of documents', { a: [{ x: 1 }, { x: 2 }] }, 'a.x', [1, 2]],
    ['a list with what has no fields', { a: [7, { x: 1 }] }, 'a.x', [missing, 1]],
    ['a list with a list', { a: [[{ x: 5 }], { x: 1 }] }, 'a.x', [missing, 1]],
    ['a list with documents without the field', { a: [{ y: 3 }, { x: 1 }] }, 'a.x', [missing, 1]],
    ['an empty list on the way', { a: [] }, 'a.x', [missing]],
    ['an empty list at the end', { a: [] }, 'a', [EMPTY_LIST]],
    ['a place', { a: [{ x: 1 }, 2] }, 'a.1', [2]],
    ['a list at a place', { a: [[1, 2], 3] }, 'a.0', [[1, 2]]],
    ['an empty list at a place', { a: [[]] }, 'a.0', [EMPTY_LIST]],
    ['a list behind a place', { a: [{ x: [1, 2] }] }, 'a.0.x', [1, 2]],
    ['documents in a list at a place', { a: [[{ x: 1 }, { x: 2 }]] }, 'a.0.x', [1, 2]],
    ['a place that is not there', { a: [{ [keyOf('5')]: 1 }, 2] }, 'a.5', [1, missing]],
    ['a name that is a number', { a: { [keyOf('0')]: 4 } }, 'a.0', [4]],
  ])('are told for %s', (_name, document, path, values) => {
    expect(sortValuesAt(document, path)).toEqual(values);
  });

  it('are for an index those of the elements too, where a number is a place', () => {
    expect(keyValuesAt({ a: [{ x: 1 }, 2] }, 'a.0').values).toEqual([{ x: 1 }, missing]);
    expect(keyValuesAt({ a: [7, { x: 1 }] }, 'a.x').values).toEqual([missing, 1]);
  });

  it('are refused where a number is a place and a name at once', () => {
    expect(() => keyValuesAt({ a: [{ [keyOf('0')]: 1 }] }, 'a.0')).toThrow(
      expect.objectContaining({ codeName: 'Location16746' }) as Error,
    );
  });

  it('are others than those that a query sees, which passes over what has no fields', () => {
    expect(valuesAt({ a: [7, { x: 1 }] }, 'a.x').values).toEqual([1]);
  });
});
