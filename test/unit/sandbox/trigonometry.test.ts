import { Decimal128, Double } from 'bson';
import { describe, expect, it } from 'vitest';
import { codeOf, evaluated, exact } from '../../support/evaluated.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

describe('angles', () => {
  it.each([
    ['of ints are doubles', { $cos: 0 }, new Double(1)],
    ['of decimals are decimals', { $acos: decimal('-1') }, decimal('3.141592653589793238462643383279503')],
    ['of large decimals too', { $tan: decimal('1E+20') }, decimal('-0.8446024630198842541840932340005536')],
    ['beyond what a decimal holds', { $cosh: decimal('1E+10') }, decimal('Infinity')],
    ['of small powers keep their digits', { $sinh: decimal('1E-30') }, decimal('1E-30')],
    ['beside a decimal', { $atan2: [decimal('1'), 1] }, decimal('0.7853981633974483096156608458198757')],
    ['of nothing', { $sin: '$none' }, null],
    ['of what is no number', { $sin: Number.NaN }, Number.NaN],
    ['at the ends', { $atanh: 1 }, Infinity],
  ])('%s', (_name, expression, value) => {
    expect(evaluated(expression)).toBe(exact(value));
  });

  it.each([
    ['a text', { $sin: 'x' }, 28_765],
    ['no end', { $sin: Infinity }, 50_989],
    ['a ratio above one', { $acos: 2 }, 50_989],
    ['a ratio below one', { $acosh: 0.5 }, 50_989],
    ['a text beside a number', { $atan2: ['x', 1] }, 51_044],
    ['a decimal of too many digits', { $sin: decimal('1E+1000') }, 238],
  ])('are refused for %s', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });
});
