import { BSONSymbol, Decimal128, Double, Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, evaluated, exact } from '../../support/evaluated.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

describe('a conversion', () => {
  it.each<[string, Doc, number]>([
    ['to a type that nothing is converted to', { $convert: { input: 1, to: 'array' } }, 241],
    ['to such a type by its number', { $convert: { input: 1, to: 4 } }, 241],
    ['to what is missing', { $convert: { input: 1, to: 'missing' } }, 241],
    ['to a type that there is not', { $convert: { input: 1, to: 'nope', onError: 0 } }, 2],
    ['to a number that is no type', { $convert: { input: 1, to: 99, onError: 0 } }, 9],
    ['to a fraction', { $convert: { input: 1, to: 1.5, onError: 0 } }, 9],
    ['to true', { $convert: { input: 1, to: true, onError: 0 } }, 9],
    ['of null to a type that there is not', { $convert: { input: null, to: 'nope', onNull: 0 } }, 2],
    ['of two values', { $toInt: [1, 2] }, 50_723],
    ['of no value', { $toString: [] }, 50_723],
    ['of a decimal that no double holds', { $toDouble: decimal('1E400') }, 241],
    ['of a decimal that is too small for a double', { $toDouble: decimal('1E-400') }, 241],
    ['of a decimal of which a double loses digits', { $toDouble: decimal('1E-310') }, 241],
    ['of a text that no double holds', { $toDouble: '-1e400' }, 241],
    ['of a text that is too small for a double', { $toDouble: '1e-400' }, 241],
    ['of a symbol to a text', { $toString: { $literal: new BSONSymbol('a') } }, 241],
  ])('is refused: %s', (_what, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });

  it('to a type that nothing is converted to is an error that may be answered', () => {
    expect(evaluated({ $convert: { input: 1, to: 'array', onError: 'none' } })).toBe(exact('none'));
  });

  it('of null says what it was told for null, also where it is told no type', () => {
    expect(evaluated({ $convert: { input: null, to: null, onNull: 'none' } })).toBe(exact('none'));
    expect(evaluated({ $convert: { input: 1, to: null, onNull: 'none' } })).toBe(exact(null));
  });

  it.each<[string, unknown, number]>([
    ['a decimal that is nothing', decimal('0E-400'), 0],
    ['a decimal without end', decimal('-Infinity'), -Infinity],
    ['a decimal that is no number', decimal('NaN'), Number.NaN],
    ['a text without end', '-inf', -Infinity],
    ['a text of nothing', '0e-400', 0],
    ['a decimal of more digits', decimal('0.1000000000000000000000000000000001'), 0.1],
  ])('makes a double of %s', (_what, value, double) => {
    expect(evaluated({ $toDouble: value })).toBe(exact(new Double(double)));
  });

  it('tells the bytes of a document', () => {
    expect(evaluated({ $bsonSize: '$$ROOT' }, { a: new Int32(1) })).toBe(exact(new Int32(12)));
    expect(codeOf(() => evaluated({ $bsonSize: 'a' }))).toBe(31_393);
  });
});

describe('a part of a text', () => {
  it.each<[string, unknown, number]>([
    ['a start that is a fraction', ['abc', 1.5, 1], 34_451],
    ['a length that is a fraction', ['abc', 1, 1.5], 34_453],
    ['a length beyond 32 bits', ['abc', 1, 2_147_483_648], 34_453],
    ['a start and a length below zero', ['abc', -1, -1], 34_454],
  ])('counted by signs is refused for %s', (_what, operands, code) => {
    expect(codeOf(() => evaluated({ $substrCP: operands }))).toBe(code);
  });

  it('counted by bytes has no use for fractions', () => {
    expect(evaluated({ $substrBytes: ['abc', 1.5, 1.5] })).toBe(exact('b'));
  });

  it('of a date beyond the year 9999 is refused', () => {
    expect(codeOf(() => evaluated({ $toUpper: new Date(253_402_300_800_000) }))).toBe(18_537);
  });
});
