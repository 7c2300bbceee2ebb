import { Binary, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameBson } from '#sandbox/semantics/same-bson.ts';
import { decodeExact, decodeForStore, encode, toWorking, type Doc } from '#sandbox/semantics/values.ts';
import { replyBytes } from '#sandbox/wire/reply-bytes.ts';

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
const { value } = fc.letrec<{ value: unknown; document: Doc; list: unknown[] }>((tie) => ({
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

function bytesOf(one: unknown): Buffer {
  return Buffer.from(encode({ one }));
}

describe('whether two values are the same in BSON', () => {
  it('is what their bytes say', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(isSameBson(left, right)).toBe(bytesOf(left).equals(bytesOf(right)));
      }),
      { numRuns: 20_000 },
    );
  });

  it('does not depend on whether a value is in exact or in working form', () => {
    fc.assert(
      fc.property(value, (one) => {
        const exact = decodeExact(encode({ one }));
        expect(isSameBson(exact['one'], toWorking(exact['one']))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a reply with a page of documents as they were read', () => {
  it.each(['firstBatch', 'nextBatch'])('is written as it would be from the documents, in %s', (name) => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (values) => {
        const page = values.map((one) => decodeForStore(encode({ one })));
        const reply = { cursor: { [name]: page, id: Long.ZERO, ns: 'shop.órders' }, ok: 1, $clusterTime: { a: 'b' } };
        expect(Buffer.from(replyBytes(reply)).equals(encode(reply))).toBe(true);
      }),
    );
  });

  it('is written from the documents where one of them is not as it was read', () => {
    const reply = { cursor: { firstBatch: [decodeForStore(encode({ a: 1 })), { b: 2 }], id: Long.ZERO }, ok: 1 };
    expect(Buffer.from(replyBytes(reply)).equals(encode(reply))).toBe(true);
  });
});
