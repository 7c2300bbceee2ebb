import { BSONRegExp, Binary, Code, Decimal128, Int32, Long, MaxKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlyFields } from '#domain/bson-elements.ts';
import { encode, type Doc } from '#sandbox/semantics/values.ts';

const NAMES = ['a', 'b', 'ab', 'ö', '1'] as const;
const value = fc.constantFrom<unknown>(
  null,
  true,
  0.5,
  'ö',
  [],
  ['a', { b: 1 }],
  {},
  { a: { b: [1] } },
  new Int32(1),
  Long.fromNumber(1),
  Decimal128.fromString('1.5'),
  new Date(1),
  new ObjectId('a'.repeat(24)),
  new Timestamp({ t: 1, i: 2 }),
  new Binary(Buffer.from('abc')),
  new BSONRegExp('a', 'i'),
  new Code('a'),
  new Code('a', { b: 1 }),
  new MaxKey(),
);
const entries = fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), value), { selector: ([name]) => name });

describe('a document as BSON with some of its fields', () => {
  it('is what those fields alone would be written as', () => {
    fc.assert(
      fc.property(entries, fc.subarray([...NAMES]), (fields, names) => {
        const whole: Doc = Object.fromEntries(fields);
        const wanted = new Set<string>(names);
        const some: Doc = Object.fromEntries(Object.entries(whole).filter(([name]) => wanted.has(name)));
        const bytes = Buffer.from(encode(whole));
        const picked = onlyFields(bytes, (from, to) => wanted.has(bytes.toString('utf8', from, to)));
        expect(Buffer.from(picked).equals(encode(some))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['has something behind it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['does not end', (bytes: Buffer) => bytes.fill(1, bytes.length - 1)],
    ['is nothing at all', () => Buffer.alloc(0)],
    ['has a type that does not exist', (bytes: Buffer) => bytes.fill(0x55, 4, 5)],
    ['has a text that is longer than it', (bytes: Buffer) => bytes.fill(0x7f, 7, 10)],
    ['has a text of a negative length', (bytes: Buffer) => bytes.fill(0xff, 7, 11)],
    ['has a name without an end', (bytes: Buffer) => bytes.fill(1, 5)],
  ])('stays as it is where it %s', (_, spoil) => {
    const bytes = spoil(Buffer.from(encode({ a: 'text', b: 'text' })));
    expect(onlyFields(bytes, () => true)).toBe(bytes);
  });
});
