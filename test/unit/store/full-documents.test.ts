import { BSON, Decimal128, Long, ObjectId } from 'mongodb';
import { expect, it } from 'vitest';
import { documentBytesOf } from '#store/full-documents.ts';

const VALUES = { näme: ['x', { y: new Date(0), z: [] }, null, 1.5], id: new ObjectId(), big: Long.MAX_VALUE, of: {} };

it('a document comes to the bytes that it is written with, also where a field of it is called as the driver calls its own', () => {
  const renamed = (name: string): object => ({
    ...VALUES,
    deep: [{ [name]: 'ObjectId', price: Decimal128.fromString('1.5') }],
  });
  expect(documentBytesOf(renamed('_bsontypf'))).toBe(BSON.serialize(renamed('_bsontypf')).byteLength);
  expect(documentBytesOf(renamed('_bsontype'))).toBe(documentBytesOf(renamed('_bsontypf')));
});
