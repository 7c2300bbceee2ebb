import { MongoClient } from 'mongodb';
import { afterAll, describe, expect, it } from 'vitest';
import { DURABLE, openCollections } from '#store/collections.ts';

// Never connected: what a collection is opened with is known before any server is asked.
const client = new MongoClient(
  'mongodb://db.example/production?replicaSet=r&readPreference=secondaryPreferred&readConcernLevel=local&w=1',
);
afterAll(() => client.close());

describe('what decides money and leases', () => {
  const db = client.db();
  const opened = Object.entries({ ...openCollections(db), own: db.collection('own', DURABLE) });

  it.each(opened)('is read on the primary and by majority, whatever an address says: %s', (_name, collection) => {
    expect(collection.readPreference?.mode).toBe('primary');
    expect(collection.readConcern?.level).toBe('majority');
    expect(collection.writeConcern).toMatchObject({ w: 'majority', journal: true });
  });
});
