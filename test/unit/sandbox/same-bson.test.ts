import { Long } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameBson } from '#sandbox/semantics/same-bson.ts';
import { decodeExact, decodeForStore, encode, toWorking } from '#sandbox/semantics/values.ts';
import { replyBytes } from '#sandbox/wire/reply-bytes.ts';
import { bsonValue } from '../../support/bson-values.ts';

function bytesOf(one: unknown): Buffer {
  return Buffer.from(encode({ one }));
}

describe('whether two values are the same in BSON', () => {
  it('is what their bytes say', () => {
    fc.assert(
      fc.property(bsonValue, bsonValue, (left, right) => {
        expect(isSameBson(left, right)).toBe(bytesOf(left).equals(bytesOf(right)));
      }),
      { numRuns: 20_000 },
    );
  });

  it('takes what is undefined in a list for the null that it is written as', () => {
    expect(isSameBson([null], [undefined])).toBe(true);
    expect(isSameBson([undefined, 1], [null, 2])).toBe(false);
  });

  it('does not depend on whether a value is in exact or in working form', () => {
    fc.assert(
      fc.property(bsonValue, (one) => {
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
      fc.property(fc.array(bsonValue, { maxLength: 12 }), (values) => {
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
