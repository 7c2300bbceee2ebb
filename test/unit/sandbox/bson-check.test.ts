import {
  BSONRegExp,
  Binary,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  serialize,
} from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeExact } from '#sandbox/semantics/values.ts';
import { bsonDefect } from '#sandbox/wire/bson-check.ts';

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.integer().map((number) => new Int32(number)),
    fc.double().map((number) => new Double(number)),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((number) => Long.fromBigInt(number)),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom(
      new MinKey(),
      new MaxKey(),
      new ObjectId(),
      new Timestamp({ t: 1, i: 2 }),
      new BSONRegExp('a.b', 'im'),
    ),
    fc.constantFrom(Decimal128.fromString('1.5'), new Code('f()'), new Code('f()', { a: { b: 1 } })),
    fc.uint8Array().map((bytes) => new Binary(bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => !key.includes('\0')),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));
const document = fc.dictionary(
  fc.string().filter((key) => !key.includes('\0')),
  value,
  { maxKeys: 6 },
);

function refusalOf(bytes: Buffer): string {
  try {
    decodeExact(bytes);
    return '';
  } catch (cause) {
    return String(cause);
  }
}

describe('looking over BSON before it is read', () => {
  it('finds nothing wrong with any document', () => {
    fc.assert(
      fc.property(document, (one) => {
        expect(bsonDefect(Buffer.from(serialize(one)), 200)).toBeNull();
      }),
    );
  });

  it('lets nothing through that reading would run out of its bounds for', () => {
    fc.assert(
      fc.property(document, fc.nat(), fc.integer({ min: 0, max: 255 }), (one, at, byte) => {
        const bytes = Buffer.from(serialize(one));
        bytes[4 + (at % Math.max(1, bytes.length - 4))] = byte;
        fc.pre(bsonDefect(bytes, 200) === null);
        // What is left to the reader are texts that are no UTF-8, and the insides of values.
        expect(refusalOf(bytes)).not.toMatch(/out of range|out of bounds|overflow|call stack/i);
      }),
      { numRuns: 2000 },
    );
  });

  it('tells a document that is nested too deeply, however deep it is, from one that is not', () => {
    const nested = (depth: number): Buffer => {
      const bytes = Buffer.alloc(5 + depth * 8);
      for (let level = 0; level <= depth; level += 1) {
        bytes.writeInt32LE(bytes.length - level * 8, level * 7);
        if (level < depth) bytes.set([3, 97, 0], level * 7 + 4);
      }
      return bytes;
    };
    expect(bsonDefect(nested(199), 200)).toBeNull();
    expect(bsonDefect(nested(200), 200)).toBe('depth');
    expect(bsonDefect(nested(1_000_000), 200)).toBe('depth');
  });
});

describe('values that the platform would read as others', () => {
  /** A document of one field. */
  const holding = (type: number, value: Buffer): Buffer => {
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, type, 97, 0]), value, Buffer.from([0])]);
    bytes.writeInt32LE(bytes.length, 0);
    return bytes;
  };
  const long = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  };

  it.each<[string, number, Buffer, string | null]>([
    ['the last date', 0x09, long(8_640_000_000_000_000n), null],
    ['the one behind it', 0x09, long(8_640_000_000_000_001n), 'far date'],
    ['the first date', 0x09, long(-8_640_000_000_000_000n), null],
    ['the one before it', 0x09, long(-8_640_000_000_000_001n), 'far date'],
    ['a long of that size', 0x12, long(8_640_000_000_000_001n), null],
    ['undefined', 0x06, Buffer.alloc(0), 'deprecated type'],
    ['a pointer', 0x0c, Buffer.concat([Buffer.from([2, 0, 0, 0, 97, 0]), Buffer.alloc(12)]), 'deprecated type'],
  ])('are told: %s', (_name, type, value, defect) => {
    expect(bsonDefect(holding(type, value), 200)).toBe(defect);
  });
});
