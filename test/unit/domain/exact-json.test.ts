import { expect, it } from 'vitest';
import { parseExactly, unsafeIntegerIn } from '#domain/exact-json.ts';

it.each([
  { json: '{"seed": 9007199254740993}', unsafe: '9007199254740993' },
  { json: '{"seed": 10000000000000000}', unsafe: null },
  { json: '{"seed": 9007199254740991, "share": 0.1}', unsafe: null },
  { json: `[${'9'.repeat(400)}]`, unsafe: '9'.repeat(400) },
])('an integer is refused where a number of JavaScript is another one, and only there: $json', ({ json, unsafe }) => {
  expect(unsafeIntegerIn(json)).toBe(unsafe);
});

it('an integer that no number can hold is kept as it was written', () => {
  expect(JSON.stringify(parseExactly('{"id":12345678901234567891,"n":1}'))).toBe('{"id":12345678901234567891,"n":1}');
});
