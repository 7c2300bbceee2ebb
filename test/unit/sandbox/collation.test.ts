import { Double, Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { collationOf } from '#sandbox/semantics/collation.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf } from '../../support/evaluated.ts';

const strength = (level: number): Int32 => new Int32(level);

/** The texts in the order of a collation; what it takes for equal stands together. */
function ordered(given: Doc, texts: readonly string[]): string {
  const collation = collationOf(given);
  if (collation === null) throw new Error('an order of bytes');
  const sorted = texts.toSorted(collation);
  return sorted
    .map((text, at) => (at === 0 ? '' : collation(sorted[at - 1] ?? '', text) === 0 ? '=' : '<') + text)
    .join('');
}

describe('a collation orders texts', () => {
  it.each<[string, Doc, string]>([
    ['by case behind accents where nothing else is said', { locale: 'en' }, 'a<A<á<Á'],
    ['by base letters alone', { locale: 'en', strength: strength(1) }, 'a=á=A=Á'],
    ['by accents and not by case', { locale: 'en', strength: strength(2) }, 'a=A<á=Á'],
    ['by case and not by accents', { locale: 'en', strength: strength(1), caseLevel: true }, 'a=á<A=Á'],
    ['by accents and then by case', { locale: 'en', strength: strength(2), caseLevel: true }, 'a<A<á<Á'],
    ['with capitals first where the locale has them first', { locale: 'da' }, 'A<a<Á<á'],
    ['with small letters first where that is told', { locale: 'da', caseFirst: 'off' }, 'a<A<á<Á'],
    ['with capitals first where that is told', { locale: 'en', caseFirst: 'upper' }, 'A<a<Á<á'],
  ])('%s', (_name, given, expected) => {
    expect(ordered(given, ['a', 'á', 'A', 'Á'])).toBe(expected);
  });

  it.each<[string, Doc, readonly string[], string]>([
    ['numbers by their digits', { locale: 'en' }, ['10', '9'], '10<9'],
    ['numbers by their value', { locale: 'en', numericOrdering: true }, ['10', '9'], '9<10'],
    ['punctuation as letters', { locale: 'en' }, ['ab', 'a-b'], 'a-b<ab'],
    ['without punctuation', { locale: 'en', alternate: 'shifted' }, ['ab', 'a-b'], 'ab=a-b'],
    ['without punctuation where the locale has it so', { locale: 'th' }, ['ab', 'a-b'], 'ab=a-b'],
    ['with it where that is told', { locale: 'th', alternate: 'non-ignorable' }, ['ab', 'a-b'], 'a-b<ab'],
    ['accents from the end', { locale: 'fr_CA' }, ['coté', 'côte'], 'côte<coté'],
    ['accents from the beginning', { locale: 'fr_CA', backwards: false }, ['coté', 'côte'], 'coté<côte'],
    ['texts of other characters as the same', { locale: 'en', strength: strength(5) }, ['é', 'e\u0301'], 'é=e\u0301'],
    ['what only looks alike apart', { locale: 'en', strength: strength(5) }, ['a\u0001', 'a'], 'a<a\u0001'],
  ])('%s', (_name, given, texts, expected) => {
    expect(ordered(given, texts)).toBe(expected);
  });
});

describe('a collation that is', () => {
  it.each<[string, Doc]>([
    ['empty', {}],
    ['simple', { locale: 'simple' }],
  ])('%s is the order of bytes', (_name, given) => {
    expect(collationOf(given)).toBeNull();
  });

  it.each<[string, Doc, number]>([
    ['without a locale', { strength: strength(1) }, 40_414],
    ['with a field that nobody has', { locale: 'en', foo: true }, 40_415],
    ['of a locale that is no text', { locale: strength(3) }, 14],
    ['of a locale that nobody has', { locale: 'garbage' }, 2],
    ['of a locale with a hyphen', { locale: 'en-US' }, 2],
    ['of a country in small letters', { locale: 'en_us' }, 2],
    ['of a country that has no order of its own', { locale: 'pt_BR' }, 2],
    ['simple and something else', { locale: 'simple', strength: strength(1) }, 9],
    ['of a strength that is none', { locale: 'en', strength: 'high' }, 14],
    ['of no strength', { locale: 'en', strength: strength(0) }, 9],
    ['of half a strength', { locale: 'en', strength: new Double(0.5) }, 9],
    ['of too much strength', { locale: 'en', strength: strength(6) }, 51_024],
    ['of a strength below zero', { locale: 'en', strength: strength(-1) }, 51_024],
    ['with a flag that is none', { locale: 'en', caseLevel: 'yes' }, 14],
    ['with a choice that is no text', { locale: 'en', caseFirst: true }, 14],
    ['with a choice that there is not', { locale: 'en', alternate: 'foo' }, 2],
    ['with capitals first and no case', { locale: 'en', caseFirst: 'upper', strength: strength(2) }, 2],
    ['of a locale with capitals first and no case', { locale: 'da', strength: strength(1) }, 2],
    ['backwards without accents', { locale: 'fr_CA', strength: strength(1) }, 2],
    ['of another version', { locale: 'en', version: '58.2' }, 161],
    ['of a variant', { locale: 'de@collation=phonebook' }, 238],
    ['backwards where the locale is not', { locale: 'en', backwards: true }, 238],
    ['by punctuation that is passed over', { locale: 'en', alternate: 'shifted', strength: strength(4) }, 238],
    ['by blanks alone', { locale: 'en', alternate: 'shifted', maxVariable: 'space' }, 238],
  ])('%s is refused', (_name, given, code) => {
    expect(codeOf(() => collationOf(given))).toBe(code);
  });
});
