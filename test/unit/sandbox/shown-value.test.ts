import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'bson';
import { expect, it } from 'vitest';
import { shownValue } from '#sandbox/semantics/shown-value.ts';

const ID = '65f1a2b3c4d5e6f708192a3b';

it.each<[string, unknown]>([
  ['missing', undefined],
  ['null', null],
  ['true', true],
  ['"a"', 'a'],
  [`"${'a'.repeat(150)}..."`, 'a'.repeat(161)],
  ['5', new Int32(5)],
  ['5', Long.fromNumber(5)],
  ['5.0', new Double(5)],
  ['-0.0', -0],
  ['0.1', 0.1],
  ['3000000000.0', 3_000_000_000],
  ['1234567890123450.0', 1_234_567_890_123_450],
  ['1e+21', 1e21],
  ['nan', Number.NaN],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['1.50', Decimal128.fromString('1.50')],
  [`ObjectId('${ID}')`, new ObjectId(ID)],
  ['new Date(1700000000000)', new Date(1_700_000_000_000)],
  ['Timestamp(7, 2)', new Timestamp({ t: 7, i: 2 })],
  ['BinData(0, 00FF)', new Binary(Buffer.from([0, 255]))],
  ['UUID("00112233-4455-6677-8899-aabbccddeeff")', new UUID('00112233-4455-6677-8899-aabbccddeeff')],
  ['/^a/i', new BSONRegExp('^a', 'i')],
  ['MinKey', new MinKey()],
  ['MaxKey', new MaxKey()],
  ['{}', {}],
  ['[]', []],
  ['{ a: 1, b: [ "x", { c: null } ] }', { a: 1, b: ['x', { c: null }] }],
])('shows %s as MongoDB does', (shown, value) => {
  expect(shownValue(value)).toBe(shown);
});
