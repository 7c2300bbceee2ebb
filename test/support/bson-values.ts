import { Binary, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import type { Doc } from '#sandbox/semantics/values.ts';

const scalar = fc.constantFrom<unknown>(
  null,
  undefined,
  true,
  false,
  '',
  'a',
  0,
  -0,
  1,
  0.5,
  2 ** 31,
  Number.NaN,
  new Int32(0),
  new Int32(1),
  new Double(0),
  new Double(-0),
  new Double(1),
  new Double(0.5),
  new Double(2 ** 31),
  Long.fromNumber(1),
  new Date(0),
  new Date(1),
  new ObjectId('a'.repeat(24)),
  new ObjectId('b'.repeat(24)),
  new Timestamp({ t: 0, i: 1 }),
  new Binary(Buffer.from('a')),
);
/** Values of BSON in exact and working form, `undefined` among them, of which equal ones are likely; lists and documents up to three deep. */
export const { value: bsonValue } = fc.letrec<{ value: unknown; document: Doc; list: unknown[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: tie('document') },
    { weight: 1, arbitrary: tie('list') },
  ),
  document: fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '1', '__proto__'), tie('value')), {
      maxLength: 3,
      selector: ([name]) => name,
    })
    .map((entries): Doc => Object.fromEntries(entries)),
  list: fc.array(tie('value'), { maxLength: 3 }),
}));
