import { isDeepStrictEqual } from 'node:util';
import { BSON, type MongoClient } from 'mongodb';
import { show } from './match.ts';
import { isDoc } from './doc.ts';
import type { CollectionData } from './unified-file.ts';

/**
 * Compares what a collection holds with what it is to hold: exactly, types of numbers too; only the order of fields is free.
 * @returns null where it matches
 */
export async function describeOutcomeMismatch(client: MongoClient, expected: CollectionData): Promise<string | null> {
  const collection = client.db(expected.databaseName).collection(expected.collectionName);
  const found = await collection
    .find(
      {},
      {
        sort: { _id: 1 },
        readPreference: 'primary',
        readConcern: { level: 'local' },
        promoteValues: false,
        bsonRegExp: true,
      },
    )
    .toArray();
  const place = `${expected.databaseName}.${expected.collectionName}`;
  if (found.length !== expected.documents.length) {
    return `${place} holds ${found.length} documents, not ${expected.documents.length}: ${show(found)}`;
  }
  for (const [at, document] of expected.documents.entries()) {
    if (!isDeepStrictEqual(normalized(document), normalized(found[at]))) {
      return `${place} document ${at}: expected ${show(document)}, found ${show(found[at])}`;
    }
  }
  return null;
}

/** A value as plain objects that name its types; deep equality of such looks not at the order of fields. */
function normalized(value: unknown): unknown {
  return BSON.EJSON.serialize(isDoc(value) ? value : { value }, { relaxed: false });
}
