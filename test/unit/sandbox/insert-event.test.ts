import { deserialize, Double, Int32, Long, ObjectId, Timestamp, UUID, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { InsertEvents } from '#sandbox/streams/insert-event.ts';
import { decodeExact, encode } from '#sandbox/semantics/values.ts';

const place = { db: 'shop', coll: 'órders', uuid: new UUID('0123456789abcdef0123456789abcdef') };
const time = new Timestamp({ t: 1_700_000_000, i: 7 });
const wallMs = 1_700_000_000_123;

describe('the event of an insert that is put together from bytes', () => {
  it.each([
    ['a whole number', new Int32(5)],
    ['a long', Long.fromString('9007199254740993')],
    ['a double', new Double(0.5)],
    ['an object id', new ObjectId()],
    ['a text', 'an ïd'],
    ['an empty text', ''],
  ])('is the one that is written the long way, by the id of %s', (_name, _id) => {
    const events = new InsertEvents();
    for (const document of [{ _id }, { _id, more: { deep: [1, 2] } }]) {
      const bytes = encode(document);
      const event = events.write(place, { time, wallMs }, bytes);
      const expected = serialize({
        operationType: 'insert',
        clusterTime: time,
        wallTime: new Date(wallMs),
        ns: { db: place.db, coll: place.coll },
        collectionUUID: place.uuid,
        documentKey: { _id },
        fullDocument: decodeExact(bytes),
      });
      expect(event === null ? null : Buffer.from(event).equals(expected)).toBe(true);
      expect(deserialize(expected)['operationType']).toBe('insert');
    }
  });

  it('is left to the long way where the id is of another type or stands elsewhere', () => {
    const events = new InsertEvents();
    const write = (document: Record<string, unknown>): Buffer | null =>
      events.write(place, { time, wallMs }, encode(document));
    expect(write({ _id: { a: 1 } })).toBeNull();
    expect(write({ a: 1, _id: 1 })).toBeNull();
    expect(write({})).toBeNull();
  });
});
