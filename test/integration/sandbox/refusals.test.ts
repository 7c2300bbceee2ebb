import { Long, MongoServerError, Timestamp, type Document } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox({ retryWrites: false });

beforeAll(async () => {
  const db = client.db('refusals');
  await db.collection<{ _id: number; a: number; l: number[]; t: string }>('c').insertMany([
    { _id: 1, a: 1, l: [1, 2], t: 'x' },
    { _id: 2, a: 2, l: [3], t: 'y' },
  ]);
  await db.collection('indexed').createIndex({ a: 1 }, { unique: true });
  await db.collection('indexed').createIndex({ a: 1, b: 1 });
  await db.collection('indexed').createIndex({ d: 1 });
  await db.collection('indexed').createIndex({ d: 1 }, { sparse: true, name: 'sparse' });
  await db.createCollection('view', { viewOn: 'c', pipeline: [] });
});

/** The code that a command, or its first statement, is refused with; null where it is not. */
async function codeOf(command: Document, db = 'refusals'): Promise<number | null> {
  try {
    const reply = await client.db(db).command(command);
    const errors = reply['writeErrors'] as { code: number }[] | undefined;
    const concern = reply['writeConcernError'] as { code: number } | undefined;
    return errors?.[0]?.code ?? concern?.code ?? null;
  } catch (cause) {
    if (cause instanceof MongoServerError && typeof cause.code === 'number') return cause.code;
    throw cause;
  }
}

const NOT_IMPLEMENTED = 238;
const aggregate = (...pipeline: Document[]): Document => ({ aggregate: 'c', pipeline, cursor: {} });
const index = (key: unknown, more: Document = {}): Document => ({
  createIndexes: 'c',
  indexes: [{ key, name: 'new', ...more }],
});
/** A search with other options than a right one; those that are undefined are not given. */
const graphLookup = (options: Document): Document => {
  const stage = { from: 'c', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'g', ...options };
  return aggregate({
    $graphLookup: Object.fromEntries(Object.entries(stage).filter(([, value]) => value !== undefined)),
  });
};
const merge = (options: Document): Document => aggregate({ $merge: options });
const update = (statement: Document): Document => ({
  update: 'c',
  updates: [{ q: {}, u: { $set: { z: 1 } }, ...statement }],
});

const change = (of: Document): Document => ({ collMod: 'indexed', index: of });

const FOO = { a: { $foo: 1 } };

type Case = readonly [name: string, command: Document, code: number];

/** What MongoDB 7 refuses too, with its codes. */
const REFUSED_BY_MONGODB: readonly Case[] = [
  ['create: a size without capped', { create: 'n', size: 1 }, 72],
  ['create: capped without a size', { create: 'n', capped: true }, 72],
  ['find: multiples of nothing', { find: 'c', filter: { $jsonSchema: { properties: { a: { multipleOf: 0 } } } } }, 9],
  ['find: multiples of less', { find: 'c', filter: { $jsonSchema: { properties: { a: { multipleOf: -1 } } } } }, 9],
  ['find: unique by a number', { find: 'c', filter: { $jsonSchema: { properties: { l: { uniqueItems: 1 } } } } }, 14],
  ['create: a pipeline without a view', { create: 'n', pipeline: [] }, 72],
  ['create: a view that is capped', { create: 'n', viewOn: 'c', capped: true, size: 100 }, 72],
  ['create: a view with a validator', { create: 'n', viewOn: 'c', validator: { a: 1 } }, 72],
  ['create: a view that writes', { create: 'n', viewOn: 'c', pipeline: [{ $out: 'o' }] }, 167],
  ['create: a view with a filter that nobody has', { create: 'n', viewOn: 'c', pipeline: [{ $match: FOO }] }, 2],
  ['create: a view with an expression that nobody has', { create: 'n', viewOn: 'c', pipeline: [{ $set: FOO }] }, 168],
  [
    'create: a view that writes within',
    { create: 'n', viewOn: 'c', pipeline: [{ $lookup: { from: 'c', as: 'x', pipeline: [{ $out: 'o' }] } }] },
    51_047,
  ],
  [
    'create: a view that writes in a part',
    { create: 'n', viewOn: 'c', pipeline: [{ $facet: { x: [{ $out: 'o' }] } }] },
    40_600,
  ],
  ['create: a view with a stage that nobody has', { create: 'n', viewOn: 'c', pipeline: [{ $foo: 1 }] }, 40_324],
  ['create: an option that nobody has', { create: 'n', foo: 1 }, 40_415],
  ['create: expiry without time series or clustering', { create: 'n', expireAfterSeconds: 5 }, 72],
  ['createIndexes: no index', { createIndexes: 'c', indexes: [] }, 2],
  ['createIndexes: no indexes', { createIndexes: 'c' }, 40_414],
  ['createIndexes: a direction of zero', index({ a: 0 }), 67],
  ['createIndexes: a plugin that nobody has', index({ a: 'foo' }), 67],
  ['createIndexes: a direction that is no number', index({ a: true }), 67],
  ['createIndexes: an empty pattern', index({}), 67],
  ['createIndexes: an empty name of a field', index({ '': 1 }), 67],
  ['createIndexes: a path with an empty part', index({ 'a..b': 1 }), 67],
  ['createIndexes: a name that begins with a dollar', index({ $a: 1 }), 67],
  ['createIndexes: an option that nobody has', index({ a: 1 }, { foo: 1 }), 197],
  ['createIndexes: a flag that is none', index({ a: 1 }, { unique: 'yes' }), 14],
  [
    'createIndexes: sparse and partial at once',
    index({ a: 1 }, { sparse: true, partialFilterExpression: { a: 1 } }),
    67,
  ],
  ['createIndexes: expiry of a compound index', index({ a: 1, b: 1 }, { expireAfterSeconds: 5 }), 67],
  ['createIndexes: a negative expiry', index({ a: 1 }, { expireAfterSeconds: -1 }), 67],
  [
    'createIndexes: a partial filter that MongoDB does not take',
    index({ a: 1 }, { partialFilterExpression: { a: { $ne: 1 } } }),
    67,
  ],
  ['createIndexes: another index of _id', index({ _id: 1 }, { name: '_id_', unique: true }), 197],
  ['createIndexes: on a view', { createIndexes: 'view', indexes: [{ key: { a: 1 }, name: 'a' }] }, 166],
  [
    'createIndexes: the name of another index',
    { createIndexes: 'indexed', indexes: [{ key: { b: 1 }, name: 'a_1' }] },
    86,
  ],
  [
    'createIndexes: the same name without unique',
    { createIndexes: 'indexed', indexes: [{ key: { a: 1 }, name: 'a_1' }] },
    86,
  ],
  [
    'createIndexes: the same index by another name',
    { createIndexes: 'indexed', indexes: [{ key: { a: 1 }, name: 'b', unique: true }] },
    85,
  ],
  ['createIndexes: ids the other way round', index({ _id: -1 }), 2],
  ['createIndexes: the name of the index of ids', index({ a: 1 }, { name: '_id_' }), 2],
  ['createIndexes: more members than there are', { ...index({ a: 1 }), commitQuorum: 2 }, 278],
  ['createIndexes: a quorum of a name that nobody has', { ...index({ a: 1 }), commitQuorum: 'mine' }, 79],
  ['createIndexes: a quorum below zero', { ...index({ a: 1 }), commitQuorum: -1 }, 9],
  ['dropIndexes: the index of ids', { dropIndexes: 'c', index: '_id_' }, 72],
  ['dropIndexes: the index of ids by its key', { dropIndexes: 'c', index: { _id: 1 } }, 72],
  ['dropIndexes: the index of ids among others', { dropIndexes: 'indexed', index: ['a_1', '_id_'] }, 72],
  ['dropIndexes: a key that two indexes have', { dropIndexes: 'indexed', index: { d: 1 } }, 181],
  ['dropIndexes: a key that no index has', { dropIndexes: 'indexed', index: { z: 1 } }, 27],
  ['dropIndexes: what is no name', { dropIndexes: 'indexed', index: 5 }, 14],
  ['dropIndexes: a name that is none', { dropIndexes: 'indexed', index: ['a_1', 5] }, 14],
  ['create: an index of ids with another key', { create: 'n', idIndex: { key: { a: 1 }, name: '_id_' } }, 2],
  ['create: an index of ids without a name', { create: 'n', idIndex: { key: { _id: 1 } } }, 9],
  [
    'create: an index of ids with an option',
    { create: 'n', idIndex: { key: { _id: 1 }, name: '_id_', unique: true } },
    197,
  ],
  ['create: images that are told by no flag', { create: 'n', changeStreamPreAndPostImages: { enabled: 'x' } }, 14],
  ['create: images of which nothing is said', { create: 'n', changeStreamPreAndPostImages: {} }, 40_414],
  ['collMod: images with a field that nobody has', { collMod: 'c', changeStreamPreAndPostImages: { foo: 1 } }, 40_415],
  ['create: a collection that is there otherwise', { create: 'c', capped: true, size: 4096 }, 48],
  ['create: a collection where a view is', { create: 'view' }, 48],
  ['create: a view of another collection', { create: 'view', viewOn: 'd' }, 48],
  ['create: a view of other stages', { create: 'view', viewOn: 'c', pipeline: [{ $match: {} }] }, 48],
  ['create: a view where a collection is', { create: 'c', viewOn: 'd' }, 48],
  ['dropIndexes: an index that is not there', { dropIndexes: 'c', index: 'nobody' }, 27],
  ['find: a negative skip', { find: 'c', skip: -1 }, 51_024],
  ['find: a negative limit', { find: 'c', limit: -1 }, 51_024],
  ['find: a negative size of batches', { find: 'c', batchSize: -1 }, 51_024],
  ['find: a filter that is none', { find: 'c', filter: 'x' }, 14],
  ['find: a sort by 2', { find: 'c', sort: { a: 2 } }, 15_975],
  ['find: a sort by a text', { find: 'c', sort: { a: 'up' } }, 15_974],
  ['find: a hint that is none', { find: 'c', hint: 5 }, 9],
  ['find: a collation without a locale', { find: 'c', collation: { strength: 1 } }, 40_414],
  ['create: a collation without a locale', { create: 'n', collation: {} }, 40_414],
  ['create: a collation of a locale that nobody has', { create: 'n', collation: { locale: 'xx' } }, 2],
  ['createIndexes: an empty collation', index({ a: 1 }, { collation: {} }), 2],
  ['createIndexes: a collation that is none', index({ a: 1 }, { collation: 1 }), 14],
  ['find: a collation with a field that nobody has', { find: 'c', collation: { locale: 'en', foo: 1 } }, 40_415],
  ['find: an operator that nobody has', { find: 'c', filter: { a: { $foo: 1 } } }, 2],
  ['find: a top operator that nobody has', { find: 'c', filter: { $foo: 1 } }, 2],
  ['find: variables that are none', { find: 'c', let: 5 }, 14],
  ['find: a projection with an operator that nobody has', { find: 'c', projection: { a: { $foo: 1 } } }, 31_325],
  ['count: a negative skip', { count: 'c', skip: -1 }, 51_024],
  ['distinct: no key', { distinct: 'c' }, 40_414],
  ['insert: an id of another name with a dollar', { insert: 'c', documents: [{ _id: { $id: 1 } }] }, 52],
  ['insert: an id with one within it', { insert: 'c', documents: [{ _id: { a: [{ $b: 1 }] } }] }, 52],
  ['insert: no documents', { insert: 'c' }, 40_414],
  ['insert: an empty list', { insert: 'c', documents: [] }, 16],
  ['update: no updates', { update: 'c' }, 40_414],
  ['update: a statement without q', { update: 'c', updates: [{ u: {} }] }, 40_414],
  ['update: a statement without u', { update: 'c', updates: [{ q: {} }] }, 40_414],
  ['update: a sort, which came with 8.0', update({ sort: { a: 1 } }), 40_415],
  ['update: an operator that nobody has', update({ u: { $foo: { a: 1 } } }), 9],
  ['update: several replaced', update({ u: { a: 1 }, multi: true }), 9],
  ['update: a filter of elements that nobody uses', update({ arrayFilters: [{ x: 1 }] }), 9],
  ['update: filters of elements beside a pipeline', update({ u: [{ $set: { a: 1 } }], arrayFilters: [{ x: 1 }] }), 9],
  ['update: constants beside operators', update({ c: { x: 1 } }), 51_198],
  ['update: a stage that updates do not have', update({ u: [{ $match: {} }] }), 72],
  ['delete: a statement without limit', { delete: 'c', deletes: [{ q: {} }] }, 40_414],
  ['delete: a limit of 2', { delete: 'c', deletes: [{ q: { a: 99 }, limit: 2 }] }, 9],
  ['delete: a statement without q', { delete: 'c', deletes: [{ limit: 0 }] }, 40_414],
  ['findAndModify: nothing to do', { findAndModify: 'c', query: {} }, 9],
  ['findAndModify: remove and update', { findAndModify: 'c', remove: true, update: { a: 1 } }, 9],
  ['findAndModify: remove and new', { findAndModify: 'c', remove: true, new: true }, 9],
  ['findAndModify: remove and upsert', { findAndModify: 'c', remove: true, upsert: true }, 9],
  ['aggregate: no cursor', { aggregate: 'c', pipeline: [] }, 9],
  ['aggregate: no pipeline', { aggregate: 'c', cursor: {} }, 40_414],
  ['aggregate: a pipeline that is none', { aggregate: 'c', pipeline: 'x', cursor: {} }, 14],
  ['aggregate: an unknown field of the cursor', { aggregate: 'c', pipeline: [], cursor: { foo: 1 } }, 40_415],
  ['aggregate: a stage that nobody has', aggregate({ $foo: 1 }), 40_324],
  ['aggregate: an empty stage', aggregate({}), 40_323],
  ['aggregate: a stage with two names', aggregate({ $skip: 1, $limit: 1 }), 40_323],
  ['aggregate: an expression that nobody has', aggregate({ $project: { x: { $foo: 1 } } }), 31_325],
  ['aggregate: an accumulator that nobody has', aggregate({ $group: { _id: null, x: { $foo: 1 } } }), 15_952],
  ['aggregate: $out in the middle', aggregate({ $out: 'o' }, { $limit: 1 }), 40_601],
  ['aggregate: a stream behind a stage', aggregate({ $match: {} }, { $changeStream: {} }), 40_602],
  ['$out: onto a view', aggregate({ $out: 'view' }), 166],
  ['$out: an option that nobody has', aggregate({ $out: { db: 'refusals', coll: 'o', foo: 1 } }), 40_415],
  ['$out: onto a collection of the server', aggregate({ $out: 'system.x' }), 17_385],
  ['$out: into a database of the server', aggregate({ $out: { db: 'local', coll: 'o' } }), 31_321],
  ['$merge: onto a collection of the server', merge({ into: 'system.x' }), 31_319],
  ['$merge: into a database of the server', merge({ into: { db: 'config', coll: 'o' } }), 31_320],
  [
    '$merge: the new document beside other variables, where none is inserted',
    merge({ into: 'c', let: { x: 1 }, whenMatched: [{ $set: { z: '$$new.a' } }], whenNotMatched: 'discard' }),
    17_276,
  ],
  ['$merge: an option that nobody has', merge({ into: 'o', foo: 1 }), 40_415],
  ['$merge: no target', merge({ on: '_id' }), 40_414],
  ['$merge: onto a view', merge({ into: 'view' }), 166],
  ['$merge: a mode that nobody has', merge({ into: 'o', whenMatched: 'foo' }), 2],
  ['$merge: a mode of the missing that nobody has', merge({ into: 'o', whenNotMatched: 'foo' }), 2],
  [
    '$merge: modes that do not go together',
    merge({ into: 'o', whenMatched: 'keepExisting', whenNotMatched: 'fail' }),
    51_181,
  ],
  ['$merge: variables without a pipeline', merge({ into: 'o', let: { x: 1 } }), 51_199],
  ['$merge: a key without a unique index', merge({ into: 'o', on: 'a' }), 51_183],
  ['$merge: a document without the key', merge({ into: 'indexed', on: 'zzz' }), 51_183],
  ['$merge: nothing there to merge with', merge({ into: 'empty', whenNotMatched: 'fail' }), 13_113],
  ['$merge: a pipeline with a stage that updates do not have', merge({ into: 'c', whenMatched: [{ $match: {} }] }), 72],
  [
    '$lookup: an argument that nobody has',
    aggregate({ $lookup: { from: 'c', localField: 'a', foreignField: 'a', as: 'b', foo: 1 } }),
    9,
  ],
  [
    '$lookup: a pipeline that writes',
    aggregate({ $lookup: { from: 'c', pipeline: [{ $out: 'o' }], as: 'b' } }),
    51_047,
  ],
  ['$lookup: a collection that is no text', aggregate({ $lookup: { from: 5, pipeline: [], as: 'b' } }), 9],
  ['$lookup: a collection without a name', aggregate({ $lookup: { from: '', pipeline: [], as: 'b' } }), 73],
  ['$lookup: no collection', aggregate({ $lookup: { pipeline: [{ $match: {} }], as: 'b' } }), 9],
  [
    '$lookup: variables without a pipeline',
    aggregate({ $lookup: { from: 'c', localField: 'a', foreignField: 'a', let: { x: '$a' }, as: 'b' } }),
    9,
  ],
  ['$unionWith: what is no collection', aggregate({ $unionWith: 5 }), 9],
  ['$unionWith: a collection that is no text', aggregate({ $unionWith: { coll: 5, pipeline: [] } }), 14],
  ['$unionWith: a collection without a name', aggregate({ $unionWith: '' }), 73],
  ['$unionWith: no collection', aggregate({ $unionWith: { pipeline: [{ $match: {} }] } }), 9],
  ['$facet: a stage that is no document', aggregate({ $facet: { a: [5] } }), 40_171],
  ['$unionWith: a field that nobody has', aggregate({ $unionWith: { coll: 'c', foo: 1 } }), 40_415],
  ['$unionWith: a pipeline that writes', aggregate({ $unionWith: { coll: 'c', pipeline: [{ $out: 'o' }] } }), 31_441],
  [
    '$lookup: a pipeline that watches',
    aggregate({ $lookup: { from: 'c', pipeline: [{ $changeStream: {} }], as: 'b' } }),
    51_047,
  ],
  [
    '$unionWith: a pipeline that watches',
    aggregate({ $unionWith: { coll: 'c', pipeline: [{ $changeStream: {} }] } }),
    31_441,
  ],
  ['aggregate: a stream behind a stream', aggregate({ $changeStream: {} }, { $changeStream: {} }), 40_602],
  ['$unset: no path', aggregate({ $unset: [] }), 31_119],
  ['$unset: a path that is no text', aggregate({ $unset: ['a', 5] }), 31_120],
  ['$unset: an empty path', aggregate({ $unset: '' }), 40_352],
  ['$unset: an expression', aggregate({ $unset: '$a' }), 16_410],
  ['$unset: a path twice', aggregate({ $unset: ['a', 'a'] }), 31_250],
  ['$unset: a path in another one', aggregate({ $unset: ['a', 'a.b'] }), 31_249],
  ['$replaceRoot: no root', aggregate({ $replaceRoot: {} }), 40_414],
  ['$replaceRoot: an option that nobody has', aggregate({ $replaceRoot: { newRoot: {}, foo: 1 } }), 40_415],
  ['$sort: by an expression', aggregate({ $sort: { $a: 1 } }), 16_410],
  ['$sort: by a path that does not end', aggregate({ $sort: { 'a.': 1 } }), 40_353],
  ['$sort: by the natural order', aggregate({ $sort: { $natural: 1 } }), 16_410],
  [
    '$setWindowFields: by the natural order',
    aggregate({ $setWindowFields: { sortBy: { $natural: 1 }, output: {} } }),
    16_410,
  ],
  ['find: a sort by an expression', { find: 'c', sort: { $a: 1 } }, 16_410],
  ['$facet: a facet within', aggregate({ $facet: { a: [{ $facet: { b: [] } }] } }), 40_600],
  ['$sample: an option that nobody has', aggregate({ $sample: { size: 1, foo: 1 } }), 28_748],
  ['$sort: by 2', aggregate({ $limit: 5 }, { $sort: { a: 2 } }), 15_975],
  ['$bucket: an option that nobody has', aggregate({ $bucket: { groupBy: '$a', boundaries: [0, 5], foo: 1 } }), 40_197],
  [
    '$graphLookup: an option that nobody has',
    aggregate({
      $graphLookup: { from: 'c', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'g', foo: 1 },
    }),
    40_104,
  ],
  ['$graphLookup: what is no object', aggregate({ $graphLookup: 4 }), 9],
  ['$graphLookup: no collection', graphLookup({ from: undefined }), 9],
  ['$graphLookup: a collection that is no text', graphLookup({ from: -1 }), 9],
  ['$graphLookup: a collection without a name', graphLookup({ from: '' }), 73],
  ['$graphLookup: a depth that is no number', graphLookup({ maxDepth: 'string' }), 40_100],
  ['$graphLookup: a depth below zero', graphLookup({ maxDepth: -1 }), 40_101],
  ['$graphLookup: a part of a step', graphLookup({ maxDepth: 2.3 }), 40_102],
  ['$graphLookup: a field that is no text', graphLookup({ connectFromField: 0 }), 40_103],
  ['$graphLookup: a field of the depth that is an expression', graphLookup({ depthField: '$depth' }), 16_410],
  ['$graphLookup: a field that is an expression', graphLookup({ as: '$output' }), 16_410],
  ['$graphLookup: a restriction that is no filter', graphLookup({ restrictSearchWithMatch: 'notamatch' }), 40_185],
  ['$graphLookup: nothing to begin with', graphLookup({ startWith: undefined }), 40_105],
  ['$graphLookup: no field to go to', graphLookup({ connectToField: undefined }), 40_105],
  ['getMore: a cursor that is not there', { getMore: { $numberLong: '5' }, collection: 'c' }, 14],
  ['killCursors: no cursors', { killCursors: 'c' }, 40_414],
  ['collMod: a collection that is not there', { collMod: 'nobody' }, 26],
  ['collMod: an index that is not there', { collMod: 'c', index: { name: 'nobody', hidden: true } }, 27],
  ['collMod: an option of an index that nobody has', { collMod: 'indexed', index: { name: 'a_1', foo: true } }, 40_415],
  ['collMod: an index by its name and its keys', change({ name: 'a_1', keyPattern: { a: 1 }, hidden: true }), 72],
  ['collMod: an index that is not named', change({ hidden: true }), 72],
  ['collMod: nothing to change of an index', change({ name: 'a_1' }), 72],
  ['collMod: keys of several indexes', change({ keyPattern: { d: 1 }, hidden: true }), 181],
  ['collMod: hiding the index of ids', change({ name: '_id_', hidden: true }), 2],
  ['collMod: ids that expire', change({ name: '_id_', expireAfterSeconds: 1 }), 72],
  ['collMod: several fields that expire', change({ name: 'a_1_b_1', expireAfterSeconds: 1 }), 72],
  ['collMod: a time below zero', change({ name: 'a_1', expireAfterSeconds: -1 }), 72],
  ['collMod: a size of what is not capped', { collMod: 'c', cappedSize: 5 }, 72],
  ['create: a size below zero', { create: 'n', capped: true, size: -1 }, 2],
  ['create: too many documents', { create: 'n', capped: true, size: 1, max: 2 ** 31 }, 2],
  ['collMod: a trial of nothing', { collMod: 'c', dryRun: true }, 72],
  ['collMod: a trial of hiding', { ...change({ name: 'a_1', hidden: true }), dryRun: true }, 72],
  ['collMod: unique at once', change({ name: 'a_1_b_1', unique: true }), 72],
  ['collMod: unique no more', change({ name: 'a_1', unique: false }), 2],
  ['collMod: unique by a text', change({ name: 'a_1', unique: '1' }), 14],
  ['collMod: two changes of which one goes alone', change({ name: 'a_1_b_1', hidden: true, prepareUnique: true }), 72],
  ['collMod: what is no view', { collMod: 'c', viewOn: 'd', pipeline: [] }, 72],
  ['collMod: a view of nothing', { collMod: 'view', viewOn: '', pipeline: [] }, 72],
  ['collMod: a view of itself', { collMod: 'view', viewOn: 'view', pipeline: [] }, 5],
  ['collMod: a view that writes', { collMod: 'view', viewOn: 'c', pipeline: [{ $out: 'o' }] }, 167],
  ['collMod: a validator of a view', { collMod: 'view', validator: {} }, 72],
  ['find: a flag that is a number', { find: 'c', noCursorTimeout: 1 }, 14],
  ['find: a collation that is none', { find: 'c', collation: 1 }, 14],
  ['find: a natural order beside another', { find: 'c', sort: { $natural: 1, a: 1 } }, 2],
  ['find: a hint of a natural order beside another', { find: 'c', hint: { $natural: 1, a: 1 } }, 2],
  ['find: a write concern', { find: 'c', writeConcern: { w: 1 } }, 72],
  ['insert: an order that is no flag', { insert: 'c', documents: [{}], ordered: 'x' }, 14],
  [
    'insert: a way around validation that is no flag',
    { insert: 'c', documents: [{}], bypassDocumentValidation: 'x' },
    14,
  ],
  ['insert: a collection of the server', { insert: 'system.c', documents: [{}] }, 73],
  ['create: a collection of the server', { create: 'system.c' }, 73],
  ['update: several by a number', update({ multi: 1 }), 14],
  ['update: an upsert by a number', update({ upsert: 1 }), 14],
  ['update: a collation that is none', update({ collation: 1 }), 14],
  ['findAndModify: a flag that is a text', { findAndModify: 'c', update: { $set: { z: 1 } }, new: 'x' }, 14],
  ['aggregate: no name', { aggregate: '', pipeline: [], cursor: {} }, 73],
  ['aggregate: a database by another number', { aggregate: 2, pipeline: [{ $documents: [] }], cursor: {} }, 9],
  ['aggregate: nothing of a database', { aggregate: 1, pipeline: [], cursor: {} }, 73],
  ['aggregate: documents of a database', { aggregate: 1, pipeline: [{ $match: {} }], cursor: {} }, 73],
  ['aggregate: documents that are given, of a collection', aggregate({ $documents: [] }), 73],
  ['dropIndexes: one that is not there among others', { dropIndexes: 'indexed', index: ['a_1', 'nobody'] }, 27],
  ['deleteIndexes: no index', { deleteIndexes: 'c' }, 40_414],
  ['createUser: a field that nobody has', { createUser: 'u', pwd: 'p', roles: [], foo: 1 }, 40_415],
  ['createRole: a field that nobody has', { createRole: 'r', privileges: [], roles: [], foo: 1 }, 40_415],
  ['usersInfo: a field that nobody has', { usersInfo: 1, foo: 1 }, 40_415],
  [
    'createRole: a privilege elsewhere',
    {
      createRole: 'r',
      privileges: [{ resource: { db: 'other', collection: '' }, actions: ['find'] }],
      roles: [],
    },
    49,
  ],
  ['insert: ids of fewer statements than there are', { insert: 'c', documents: [{}, {}], stmtIds: [1] }, 16],
  ['insert: ids and a first id of statements', { insert: 'c', documents: [{}], stmtIds: [1], stmtId: 1 }, 72],
  ['insert: a number below zero', { insert: 'c', documents: [{}], txnNumber: Long.fromNumber(-1) }, 72],
  ['find: the number of a write', { find: 'c', txnNumber: Long.fromNumber(1) }, 50_768],
  ['update: several by a number of a write', { ...update({ multi: true }), txnNumber: Long.fromNumber(1) }, 72],
  [
    'delete: several by a number of a write',
    { delete: 'none', deletes: [{ q: {}, limit: 0 }], txnNumber: Long.fromNumber(1) },
    72,
  ],
  [
    '$densify: a field that is an expression',
    aggregate({ $densify: { field: '$a', range: { step: 1, bounds: 'full' } } }),
    16_410,
  ],
  ['$out: a collection of no database', aggregate({ $out: { coll: 'o' } }), 40_414],
  [
    '$shift: a default that reads a field',
    aggregate({
      $setWindowFields: { sortBy: { a: 1 }, output: { z: { $shift: { output: '$a', by: 1, default: '$a' } } } },
    }),
    9,
  ],
  ['$match: no filter', aggregate({ $match: 1 }), 15_959],
  ['$unwind: no path behind its sign', aggregate({ $unwind: '$' }), 40_352],
  ['$facet: a name with a dot', aggregate({ $facet: { 'a.b': [] } }), 16_412],
  ['$indexStats: options', aggregate({ $indexStats: { a: 1 } }), 28_803],
  ['listIndexes: a view', { listIndexes: 'view' }, 166],
  ['dropIndexes: a view', { dropIndexes: 'view', index: '*' }, 166],
  ['collStats: a view', { collStats: 'view' }, 166],
  ['create: a view of itself', { create: 'self', viewOn: 'self' }, 5],
  [
    'create: a view that looks itself up',
    { create: 'self', viewOn: 'c', pipeline: [{ $lookup: { from: 'self', pipeline: [], as: 'l' } }] },
    5,
  ],
  ['dropDatabase: by another number', { dropDatabase: 2 }, 5_255_100],
  ['listDatabases: outside of admin', { listDatabases: 1 }, 13],
  ['getParameter: outside of admin', { getParameter: '*' }, 13],
  ['a write concern with a journal that is no flag', { insert: 'w', documents: [{}], writeConcern: { j: 'x' } }, 9],
  ['a write concern twice on disk', { insert: 'w', documents: [{}], writeConcern: { j: true, fsync: true } }, 9],
  ['renameCollection: outside of admin', { renameCollection: 'refusals.c', to: 'refusals.d' }, 13],
  ['a write concern that one member cannot give', { insert: 'w', documents: [{}], writeConcern: { w: 2 } }, 100],
  ['a write concern of a name that nobody has', { insert: 'w', documents: [{}], writeConcern: { w: 'mine' } }, 79],
  ['a write concern with a field that nobody has', { insert: 'w', documents: [{}], writeConcern: { w: 1, foo: 1 } }, 9],
  ['a read concern that nobody has', { find: 'c', readConcern: { level: 'foo' } }, 9],
  ['let: a name that begins with a capital', { find: 'c', let: { Reserved: 1 } }, 9],
  ['let: a name that is reserved', { aggregate: 'c', pipeline: [], cursor: {}, let: { ROOT: 1 } }, 9],
  ["let: a name that is the server's", { aggregate: 'c', pipeline: [], cursor: {}, let: { NOW: 1 } }, 4_738_901],
  ['let: a field', { find: 'c', let: { a: '$_id' } }, 4_890_500],
  ['let: a field of the whole document', { find: 'c', let: { a: { $type: '$$ROOT.a' } } }, 4_890_500],
  ['let: the whole document', { find: 'c', let: { a: '$$ROOT' } }, 4_890_500],
  ['let: a variable that is not there', { find: 'c', let: { a: '$$oops' } }, 17_276],
  ['find: a variable that nobody declared, of no document', { find: 'none', filter: { $expr: '$$oops' } }, 17_276],
  ['find: a variable that nobody declared, to be shown', { find: 'none', projection: { a: '$$oops' } }, 17_276],
  ['update: a variable that nobody declared', update({ q: { _id: 0 }, u: [{ $set: { a: '$$oops' } }] }), 17_276],
  [
    'delete: a variable that nobody declared',
    { delete: 'c', deletes: [{ q: { _id: 0, $expr: '$$oops' }, limit: 1 }] },
    17_276,
  ],
  ['a read concern of an unknown field', { find: 'c', readConcern: { level: 'local', foo: 1 } }, 72],
  ['a read concern after what is no time', { find: 'c', readConcern: { afterClusterTime: 1 } }, 14],
  ['a read concern after no time', { find: 'c', readConcern: { afterClusterTime: new Timestamp({ t: 0, i: 0 }) } }, 72],
  [
    'a linearizable read after a time',
    { find: 'c', readConcern: { level: 'linearizable', afterClusterTime: new Timestamp({ t: 1, i: 1 }) } },
    72,
  ],
  [
    'a local read at a time',
    { find: 'c', readConcern: { level: 'local', atClusterTime: new Timestamp({ t: 1, i: 1 }) } },
    72,
  ],
  ['a read concern that is none', { find: 'c', readConcern: 'local' }, 9],
  ['a read concern with a field that nobody has', { find: 'c', readConcern: { foo: 1 } }, 72],
  ['a level that is no text', { find: 'c', readConcern: { level: 5 } }, 14],
  ['a level that nobody has', { find: 'c', readConcern: { level: 'foo' } }, 9],
  [
    'a read after a time that has not come',
    { find: 'c', readConcern: { afterClusterTime: new Timestamp({ t: 4_000_000_000, i: 1 }) } },
    72,
  ],
  [
    'a read at a time and after one',
    {
      find: 'c',
      readConcern: {
        level: 'snapshot',
        atClusterTime: new Timestamp({ t: 1, i: 1 }),
        afterClusterTime: new Timestamp({ t: 1, i: 1 }),
      },
    },
    72,
  ],
  ['a command that nobody has', { foo: 1 }, 59],
  ['collStats: a field that nobody has', { collStats: 'c', foo: 1 }, 40_415],
  ['dbStats: a field that nobody has', { dbStats: 1, foo: 1 }, 40_415],
];

/** What MongoDB 7 does and this server does not: it says so. */
const NOT_OFFERED: readonly (readonly [name: string, command: Document])[] = [
  ['create: time series', { create: 'n', timeseries: { timeField: 't' } }],
  ['create: a collation', { create: 'n', collation: { locale: 'en' } }],
  ['create: encrypted fields', { create: 'n', encryptedFields: {} }],
  ['create: options of the storage engine', { create: 'n', storageEngine: { wiredTiger: {} } }],
  ['create: defaults of indexes', { create: 'n', indexOptionDefaults: { storageEngine: {} } }],
  ['create: temporary', { create: 'n', temp: true }],
  ['createIndexes: a text index', index({ a: 'text' })],
  ['createIndexes: a hashed index', index({ a: 'hashed' })],
  ['createIndexes: a sphere', index({ a: '2dsphere' })],
  ['createIndexes: a plane', index({ a: '2d' })],
  ['createIndexes: a wildcard', index({ '$**': 1 })],
  ['createIndexes: a wildcard below a field', index({ 'a.$**': 1 })],
  ['createIndexes: a collation', index({ a: 1 }, { collation: { locale: 'en' } })],
  ['createIndexes: weights', index({ a: 1 }, { weights: { a: 1 } })],
  ['find: returnKey', { find: 'c', returnKey: true }],
  ['find: showRecordId', { find: 'c', showRecordId: true }],
  ['find: min', { find: 'c', min: { a: 1 }, hint: { a: 1 } }],
  ['find: max', { find: 'c', max: { a: 1 }, hint: { a: 1 } }],
  [
    'find: an expression by a collation',
    { find: 'c', projection: { x: { $eq: ['$t', 'X'] } }, collation: { locale: 'en', strength: 2 } },
  ],
  ['find: the id of a collection', { find: 'c', collectionUUID: 'x' }],
  ['find: $where', { find: 'c', filter: { $where: 'true' } }],
  ['find: $text', { find: 'c', filter: { $text: { $search: 'a' } } }],
  ['find: $near', { find: 'c', filter: { a: { $near: [0, 0] } } }],
  ['find: $geoWithin', { find: 'c', filter: { a: { $geoWithin: { $center: [[0, 0], 1] } } } }],
  ['find: a score', { find: 'c', projection: { s: { $meta: 'textScore' } } }],
  ['find: a sort by a score', { find: 'c', sort: { s: { $meta: 'textScore' } } }],
  ['aggregate: an exchange', { ...aggregate(), exchange: {} }],
  ['aggregate: a program', aggregate({ $project: { x: { $function: { body: 'f', args: [], lang: 'js' } } } })],
  ['aggregate: a program that accumulates', aggregate({ $group: { _id: 1, x: { $accumulator: {} } } })],
  ['aggregate: $geoNear', aggregate({ $geoNear: { near: [0, 0], distanceField: 'd' } })],
  ['aggregate: $planCacheStats', aggregate({ $planCacheStats: {} })],
  ['$out: time series', aggregate({ $out: { db: 'refusals', coll: 'o', timeseries: { timeField: 't' } } })],
  ['$out: a first batch of nothing', { ...aggregate({ $out: 'o' }), cursor: { batchSize: 0 } }],
  ['$merge: a first batch of nothing', { ...aggregate({ $merge: 'o' }), cursor: { batchSize: 0 } }],
  ['collMod: a time series', { collMod: 'c', timeseries: {} }],
  [
    'update: an upserted document that is given',
    update({ c: { new: {} }, u: [{ $set: { a: 1 } }], upsertSupplied: true }),
  ],
];

const nowhere = (...pipeline: Document[]): Document => ({ aggregate: 'nowhere', pipeline, cursor: {} });
const change0 = (u: unknown, more: Document = {}): Document => ({
  update: 'nowhere',
  updates: [{ q: {}, u, ...more }],
});

/** What MongoDB reads before it looks for the collection. */
const REFUSED_OF_NOTHING: readonly Case[] = [
  ['find: a filter', { find: 'nowhere', filter: FOO }, 2],
  ['find: a sort', { find: 'nowhere', sort: { a: 5 } }, 15_975],
  ['find: a hint of another natural order', { find: 'c', hint: { $natural: 2 } }, 2],
  ['find: another natural order', { find: 'c', sort: { $natural: -3 } }, 2],
  ['find: a natural order that is a text', { find: 'c', sort: { $natural: 'x' } }, 2],
  ['find: a natural order that is a document', { find: 'nowhere', sort: { $natural: { x: 1 } } }, 2],
  ['count: a hint of half a natural order', { count: 'c', hint: { $natural: 1.1 } }, 2],
  ['delete: a hint of no natural order', { delete: 'c', deletes: [{ q: {}, limit: 1, hint: { $natural: 0 } }] }, 2],
  ['$sort: by another natural order', aggregate({ $sort: { $natural: 2 } }), 15_975],
  ['find: a hint of no order', { find: 'nowhere', hint: { $natural: 'x' } }, 2],
  ['count', { count: 'nowhere', query: FOO }, 2],
  ['distinct', { distinct: 'nowhere', key: 'a', query: FOO }, 2],
  ['delete', { delete: 'nowhere', deletes: [{ q: FOO, limit: 0 }] }, 2],
  ['findAndModify: a filter', { findAndModify: 'nowhere', query: FOO, remove: true }, 2],
  ['findAndModify: a sort', { findAndModify: 'nowhere', sort: { a: 5 }, remove: true }, 15_975],
  ['findAndModify: an update', { findAndModify: 'nowhere', update: { $bit: { a: { foo: 1 } } } }, 2],
  ['aggregate: a filter', nowhere({ $match: FOO }), 2],
  ['$lookup: a filter', nowhere({ $lookup: { from: 'c', as: 'x', pipeline: [{ $match: FOO }] } }), 2],
  ['$unionWith: a filter', nowhere({ $unionWith: { coll: 'c', pipeline: [{ $match: FOO }] } }), 2],
  [
    '$graphLookup: a filter',
    nowhere({
      $graphLookup: {
        from: 'c',
        startWith: '$a',
        connectFromField: 'a',
        connectToField: 'b',
        as: 'x',
        restrictSearchWithMatch: FOO,
      },
    }),
    2,
  ],
  ['update: a filter', { update: 'nowhere', updates: [{ q: FOO, u: { $set: { a: 1 } } }] }, 2],
  ['update: a list of elements that is none', change0({ $push: { a: { $each: 1 } } }), 2],
  ['update: a list of new elements that is none', change0({ $addToSet: { a: { $each: 1 } } }), 14],
  ['update: a date that is none', change0({ $currentDate: { a: 1 } }), 2],
  ['update: bits that nobody has', change0({ $bit: { a: { foo: 1 } } }), 2],
  ['update: another name for each element', change0({ $rename: { 'a.$[]': 'b' } }), 2],
  ['update: elements that no filter names', change0({ $set: { 'a.$[x]': 1 } }), 2],
  ['update: a filter of elements that is not used', change0({ $set: { a: 1 } }, { arrayFilters: [{ x: 1 }] }), 9],
  ['update: a wrong filter of elements', change0({ $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: { $foo: 1 } }] }), 2],
  ['update: a stage that nobody has', change0([{ $foo: 1 }]), 40_324],
  ['update: a stage of other pipelines', change0([{ $match: {} }]), 72],
  ['update: an expression that nobody has', change0([{ $set: FOO }]), 168],
  ['explain: a filter', { explain: { find: 'nowhere', filter: FOO }, verbosity: 'queryPlanner' }, 2],
  ['explain: a stage', { explain: nowhere({ $project: FOO }), verbosity: 'queryPlanner' }, 31_325],
  ['explain: an update', { explain: change0({ $currentDate: { a: 1 } }), verbosity: 'queryPlanner' }, 2],
];

/** What a collection does and a view does not. */
const REFUSED_ON_VIEWS: readonly Case[] = [
  ['find: another order of texts', { find: 'view', collation: { locale: 'en' } }, 167],
  ['count: another order of texts', { count: 'view', collation: { locale: 'en' } }, 167],
  ['distinct: another order of texts', { distinct: 'view', key: 'a', collation: { locale: 'en' } }, 167],
  ['aggregate: another order of texts', { ...aggregate(), aggregate: 'view', collation: { locale: 'en' } }, 167],
  ['explain: another order of texts', { explain: { find: 'view', collation: { locale: 'en' } } }, 167],
  ['find: a tail', { find: 'view', tailable: true }, 168],
  ['find: without a time-out', { find: 'view', noCursorTimeout: true }, 168],
  ['find: partial results', { find: 'view', allowPartialResults: true }, 168],
  ['find: the natural order', { find: 'view', sort: { $natural: 1 } }, 168],
  ['find: one batch of many', { find: 'view', singleBatch: true }, 168],
  ['$collStats', { ...aggregate({ $collStats: { storageStats: {} } }), aggregate: 'view' }, 166],
  ['find: an index that is not there', { find: 'view', hint: 'nobody' }, 2],
  ['count: an index that is not there', { count: 'view', hint: 'nobody' }, 2],
];

describe('what no view does is refused on a view', () => {
  it.each(REFUSED_ON_VIEWS)('%s', async (_name, command, code) => {
    expect(await codeOf(command)).toBe(code);
  });

  it.each<[string, Document]>([
    ['the order of bytes', { find: 'view', collation: { locale: 'simple' } }],
    ['one batch of one', { find: 'view', singleBatch: true, limit: 1 }],
    ['an index that is there', { find: 'view', hint: '_id_' }],
  ])('but not %s', async (_name, command) => {
    expect(await codeOf(command)).toBeNull();
  });
});

describe('what is wrong is refused also where there is nothing', () => {
  it.each(REFUSED_OF_NOTHING)('%s', async (_name, command, code) => {
    expect(await codeOf(command)).toBe(code);
  });

  it('but not an expression of an update that no document comes to', async () => {
    expect(await codeOf(change0([{ $set: { a: { $abs: 'x' } } }]))).toBeNull();
    expect(await codeOf(update({ u: [{ $set: { z: { $cond: ['$a', 1, { $abs: 'x' }] } } }] }))).toBeNull();
    expect(await codeOf(update({ u: [{ $set: { z: { $cond: ['$b', 1, { $abs: 'x' }] } } }] }))).toBe(28_765);
    expect(await codeOf(aggregate({ $set: { z: { $cond: ['$a', 1, { $abs: 'x' }] } } }))).toBe(28_765);
  });
});

describe('what MongoDB refuses is refused with its code', () => {
  it.each(REFUSED_BY_MONGODB)('%s', async (_name, command, code) => {
    expect(await codeOf(command)).toBe(code);
  });
});

describe('what MongoDB has and this server has not is refused and never passed over', () => {
  it.each(NOT_OFFERED)('%s', async (_name, command) => {
    expect(await codeOf(command)).toBe(NOT_IMPLEMENTED);
  });
});

describe('the database admin', () => {
  it.each<Case>([
    ['dropDatabase: itself', { dropDatabase: 1 }, 20],
    ['getParameter: none that is there', { getParameter: 1, nothing: 1 }, 72],
    ['renameCollection: a view', { renameCollection: 'refusals.view', to: 'refusals.other' }, 166],
    ['renameCollection: into what is not replicated', { renameCollection: 'refusals.c', to: 'local.c' }, 20],
    ['renameCollection: what is no name', { renameCollection: 1, to: 'refusals.d' }, 14],
    ['renameCollection: a database that may not be', { renameCollection: 'refusals.c', to: 'a b.c' }, 73],
    ['renameCollection: a database in other capitals', { renameCollection: 'refusals.c', to: 'Refusals.c' }, 13_297],
    ['renameCollection: to a view', { renameCollection: 'refusals.c', to: 'refusals.view', dropTarget: true }, 48],
  ])('refuses %s', async (_what, command, code) => {
    expect(await codeOf(command, 'admin')).toBe(code);
  });

  it.each(['a b', 'a/b', 'a\\b', 'a"b', 'x'.repeat(64)])('refuses a command on the database %s', async (name) => {
    expect(await codeOf({ find: 'c' }, name)).toBe(73);
    expect(await codeOf({ insert: 'c', documents: [{}] }, name)).toBe(73);
  });

  it.each<Case>([
    ['an insert', { insert: 'a$b', documents: [{}], ordered: false }, 73],
    ['an update that finds nothing', { update: 'a$b', updates: [{ q: {}, u: { $set: { a: 1 } } }] }, 73],
    ['a deletion that finds nothing', { delete: 'a$b', deletes: [{ q: {}, limit: 0 }] }, 73],
    ['a findAndModify that finds nothing', { findAndModify: 'a$b', remove: true }, 73],
    ["an insert into what is the server's own", { insert: 'system.x', documents: [{}] }, 73],
    ['an insert into the views', { insert: 'system.views', documents: [{}] }, 73],
    ["an insert into what is the server's own within", { insert: 'a.system.x', documents: [{}] }, 2],
    ['an index of the views', { createIndexes: 'system.views', indexes: [{ key: { a: 1 }, name: 'a' }] }, 73],
  ])('fails as a whole where nobody may write: %s', async (_what, command, code) => {
    await expect(client.db('refusals').command(command)).rejects.toMatchObject({ code });
  });

  it('makes no database whose name differs from that of another one in capitals only', async () => {
    expect(await codeOf({ insert: 'c', documents: [{}] }, 'REFUSALS')).toBe(13_297);
    expect(await codeOf({ find: 'c' }, 'REFUSALS')).toBeNull();
  });

  it('gives the parameters that are asked for, and all where all are', async () => {
    const ask = (command: Document): Promise<Document> => client.db('admin').command(command);
    const one = await ask({ getParameter: 1, featureCompatibilityVersion: 1 });
    expect(one).toMatchObject({ featureCompatibilityVersion: { version: '7.0' } });
    expect(one).not.toHaveProperty('enableTestCommands');
    expect(await ask({ getParameter: '*' })).toMatchObject({ enableTestCommands: true, requireApiVersion: false });
  });
});
