import type { AnyBulkWriteOperation, Collection, IndexSpecification, SearchIndexDescription } from 'mongodb';
import { z } from 'zod';
import type { Perform } from './arguments.ts';
import { opened } from './open-cursor.ts';
import { isDoc } from '../doc.ts';

const indexKeys = z.custom<IndexSpecification>(isDoc);
const searchIndex = z.custom<SearchIndexDescription>(isDoc);
const named = z.array(z.object({ name: z.string() }));
const writeRequests = z.array(z.custom<AnyBulkWriteOperation>(isDoc));

/** Operations that read from a collection. */
const READS: Readonly<Record<string, Perform<Collection>>> = {
  aggregate: (target, given) => target.aggregate(given.docs('pipeline'), given.options()).toArray(),
  count: (target, given) => target.count(given.doc('filter'), given.options()),
  countDocuments: (target, given) => target.countDocuments(given.doc('filter'), given.options()),
  createChangeStream: (target, given) => {
    const pipeline = given.has('pipeline') ? given.docs('pipeline') : [];
    return opened(target.watch(pipeline, given.options()));
  },
  createFindCursor: (target, given) => opened(target.find(given.doc('filter'), given.options())),
  distinct: (target, given) => {
    const filter = given.has('filter') ? given.doc('filter') : {};
    return target.distinct(given.text('fieldName'), filter, given.options());
  },
  estimatedDocumentCount: (target, given) => target.estimatedDocumentCount(given.options()),
  find: (target, given) => target.find(given.doc('filter'), given.options()).toArray(),
  findOne: (target, given) => target.findOne(given.doc('filter'), given.options()),
  listIndexes: (target, given) => target.listIndexes(given.options()).toArray(),
  listIndexNames: async (target, given) => {
    const indexes: unknown = await target.listIndexes(given.options()).toArray();
    return named.parse(indexes).map((index) => index.name);
  },
};

/** Operations that write documents. */
const WRITES: Readonly<Record<string, Perform<Collection>>> = {
  bulkWrite: (target, given) => {
    const requests = writeRequests.parse(given.take('requests'));
    const inserted = requests.map((one) => ('insertOne' in one ? one.insertOne.document : {}));
    return target.bulkWrite(requests, { ...given.options(), ...keepNullIds(inserted) });
  },
  deleteMany: (target, given) => target.deleteMany(given.doc('filter'), given.options()),
  deleteOne: (target, given) => target.deleteOne(given.doc('filter'), given.options()),
  findOneAndDelete: (target, given) => target.findOneAndDelete(given.doc('filter'), given.options()),
  findOneAndReplace: (target, given) =>
    target.findOneAndReplace(given.doc('filter'), given.doc('replacement'), given.options()),
  findOneAndUpdate: (target, given) =>
    target.findOneAndUpdate(given.doc('filter'), given.update('update'), given.options()),
  insertMany: (target, given) => {
    const documents = given.docs('documents');
    return target.insertMany(documents, { ...given.options(), ...keepNullIds(documents) });
  },
  insertOne: (target, given) => {
    const document = given.doc('document');
    return target.insertOne(document, { ...given.options(), ...keepNullIds([document]) });
  },
  replaceOne: (target, given) => target.replaceOne(given.doc('filter'), given.doc('replacement'), given.options()),
  updateMany: (target, given) => target.updateMany(given.doc('filter'), given.update('update'), given.options()),
  updateOne: (target, given) => target.updateOne(given.doc('filter'), given.update('update'), given.options()),
};

/** The driver puts an id of its own in place of null, which the server would keep, unless the server is to make the ids. */
function keepNullIds(documents: readonly object[]): { readonly forceServerObjectId?: true } {
  return documents.some((one) => '_id' in one && one._id === null) ? { forceServerObjectId: true } : {};
}

/** Operations on the collection itself and its indexes. */
const SCHEMA: Readonly<Record<string, Perform<Collection>>> = {
  createIndex: (target, given) => target.createIndex(indexKeys.parse(given.take('keys')), given.options()),
  drop: (target, given) => target.drop(given.options()),
  dropIndex: (target, given) => target.dropIndex(given.text('name'), given.options()),
  createSearchIndex: (target, given) => target.createSearchIndex(searchIndex.parse(given.take('model'))),
  createSearchIndexes: (target, given) => target.createSearchIndexes(z.array(searchIndex).parse(given.take('models'))),
  dropSearchIndex: (target, given) => target.dropSearchIndex(given.text('name')),
  updateSearchIndex: (target, given) => target.updateSearchIndex(given.text('name'), given.doc('definition')),
  listSearchIndexes: (target, given) => {
    const options = given.has('aggregationOptions') ? given.doc('aggregationOptions') : {};
    return (
      given.has('name') ? target.listSearchIndexes(given.text('name'), options) : target.listSearchIndexes(options)
    ).toArray();
  },
  dropIndexes: (target, given) => target.dropIndexes(given.options()),
  rename: async (target, given) => {
    await target.rename(given.text('to'), given.options());
    // The driver gives the renamed collection, the format has no result here.
    return undefined;
  },
};

/** Every operation on a collection, by the format's name. */
export const COLLECTION_OPERATIONS = { ...READS, ...WRITES, ...SCHEMA };
