import { Decimal128, Double, Int32, Long } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, evaluated, exact } from '../../support/evaluated.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const TINY = decimal('1E-400');

describe('arithmetic', () => {
  it.each<[string, Doc, unknown]>([
    ['1 to a power below zero stays an int', { $pow: [1, -1] }, new Int32(1)],
    ['-1 to an odd power below zero stays an int', { $pow: [-1, -3] }, new Int32(-1)],
    ['-1 to an even power below zero stays a long', { $pow: [Long.fromNumber(-1), -2] }, Long.fromNumber(1)],
    ['2 to a power below zero is a double', { $pow: [2, -1] }, new Double(0.5)],
    ['1 to what is no number is 1', { $pow: [1, Number.NaN] }, new Double(1)],
    ['1 to an infinite power is 1', { $pow: [new Double(1), Infinity] }, new Double(1)],
    ['-1 to an infinite power is 1', { $pow: [-1, -Infinity] }, new Double(1)],
    ['a tiny decimal may be divided by', { $divide: [decimal('1'), TINY] }, decimal('1E+400')],
    ['a tiny decimal has a rest', { $mod: [decimal('3E-400'), decimal('2E-400')] }, TINY],
    ['a tiny decimal has a power below zero', { $pow: [TINY, -1] }, decimal('1E+400')],
    ['a tiny decimal has a logarithm', { $log10: TINY }, decimal('-400')],
    ['a number rounded to places that are missing is null', { $round: [1.5, '$none'] }, null],
    ['a number cut at places that are missing is null', { $trunc: [1.5, '$none'] }, null],
    [
      'an int rounded above the greatest one is a long',
      { $round: [2_147_483_647, -1] },
      Long.fromNumber(2_147_483_650),
    ],
    [
      'an int rounded below the least one loses its first bits',
      { $round: [-2_147_483_648, -1] },
      new Int32(2_147_483_646),
    ],
    [
      'a long is rounded below the least int',
      { $round: [Long.fromNumber(-2_147_483_648), -1] },
      Long.fromNumber(-2_147_483_650),
    ],
    ['a number rounded to no places told is whole', { $round: [1.5] }, new Double(2)],
  ])('%s', (_what, expression, result) => {
    expect(evaluated(expression)).toBe(exact(result));
  });

  it.each<[string, Doc, number]>([
    ['a text that is rounded to null places', { $round: ['a', null] }, 51_081],
    ['places that are a text', { $round: [1, 'a'] }, 16_004],
    ['places that are a fraction', { $round: [1, 1.5] }, 51_082],
    ['zero to a power below zero', { $pow: [0, -1] }, 28_764],
    ['zero as a decimal', { $divide: [1, decimal('0.0')] }, 2],
    ['the logarithm of a decimal zero', { $ln: decimal('0') }, 28_766],
    ['the root of a tiny decimal below zero', { $sqrt: decimal('-1E-400') }, 28_714],
    ['a decimal 1 as the base of a logarithm', { $log: [2, decimal('1.0')] }, 28_759],
  ])('refuses %s', (_what, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });
});
