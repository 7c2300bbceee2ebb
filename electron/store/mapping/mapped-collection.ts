import type { Collection, Document, FindCursor } from 'mongodb';
import type { MappedCollection, MappedElements } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { toOurs, toTheirs } from '#domain/mapping/mapped-documents.ts';
import {
  filterToTheirs,
  orderToTheirs,
  placeFiltersToTheirs,
  projectionToTheirs,
  sortToTheirs,
} from './mapped-filters.ts';
import { updateToTheirs } from './mapped-updates.ts';
import { NotMappableError } from './mapping-error.ts';

type Call = (...args: unknown[]) => unknown;
type Documents = Collection<Document>;

/** What reaches the server as it is: it names no field. */
const AS_IT_IS: ReadonlySet<string> = new Set(['estimatedDocumentCount', 'indexes']);
const CURSOR_CALLS: ReadonlySet<PropertyKey> = new Set([
  'limit',
  'batchSize',
  'allowDiskUse',
  'toArray',
  'next',
  'close',
  Symbol.asyncIterator,
  Symbol.asyncDispose,
]);

/**
 * Their collection as one of ours: what is asked and written goes through the mapping, and so does what comes back. A call that is
 * not known to be translated throws {@link NotMappableError} before anything reaches the server.
 */
export function mappedDocuments<Target extends Documents>(target: Target, mapping: MappedCollection): Target {
  const calls = callsOf(target, mapping);
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key, object);
      if (typeof key === 'symbol' || typeof value !== 'function') return value;
      if (AS_IT_IS.has(key)) return (...args: unknown[]): unknown => Reflect.apply(value, object, args);
      return calls.get(key) ?? refusing(`${key} on ${mapping.name}`);
    },
  });
}

function callsOf(target: Documents, mapping: MappedCollection): ReadonlyMap<string, Call> {
  const filter = (given: unknown): Document => filterToTheirs(mapping, asDocument(given ?? {}, 'filter'));
  const inserted = (document: unknown): Document => toTheirs(mapping, asDocument(document, 'document'), null);
  const calls: Record<string, Call> = {
    find: (given, options) => mappedCursor(target.find(filter(given), readOptions(mapping, options)), mapping),
    findOne: async (given, options) => {
      const found = await target.findOne(filter(given), readOptions(mapping, options));
      return found === null ? null : toOurs(mapping, found);
    },
    countDocuments: (given, options) => target.countDocuments(filter(given), plainOptions(options)),
    aggregate: (stages, options) => target.aggregate(stagesToTheirs(mapping, stages), plainOptions(options)),
    insertOne: (document, options) => target.insertOne(inserted(document), plainOptions(options)),
    insertMany: (documents, options) => target.insertMany(asList(documents).map(inserted), plainOptions(options)),
    updateOne: (given, update, options) => {
      const translated = translatedUpdate(mapping, update, plainOptions(options));
      return target.updateOne(filter(given), translated.update, translated.options);
    },
    updateMany: (given, update, options) => {
      const translated = translatedUpdate(mapping, update, plainOptions(options));
      return target.updateMany(filter(given), translated.update, translated.options);
    },
    findOneAndUpdate: async (given, update, options) => {
      const translated = translatedUpdate(mapping, update, readOptions(mapping, options));
      const found = await target.findOneAndUpdate(filter(given), translated.update, translated.options);
      return found === null ? null : toOurs(mapping, found);
    },
    bulkWrite: (operations, options) =>
      target.bulkWrite(
        asList(operations).map((operation) => operationToTheirs(mapping, operation)),
        plainOptions(options),
      ),
    createIndexes: (indexes, options) =>
      target.createIndexes(
        asList(indexes).map((index) => {
          const { key, ...rest } = asDocument(index, 'index');
          return { ...rest, key: orderToTheirs(mapping, asDocument(key, 'index')) };
        }),
        plainOptions(options),
      ),
  };
  return new Map(Object.entries(calls));
}

interface TranslatedUpdate {
  readonly update: Document | Document[];
  /** The options with the filters of places, which name fields too. */
  readonly options: Document;
}

/** An upsert by pipeline would begin from a document of ours that is none of theirs yet. */
function translatedUpdate(mapping: MappedCollection, update: unknown, options: Document): TranslatedUpdate {
  if (Array.isArray(update) && options['upsert'] === true) throw new NotMappableError('an insertion by pipeline');
  const named = new Map<string, MappedElements>();
  const translated = updateToTheirs(mapping, update, named);
  const { arrayFilters, ...rest } = options;
  if (arrayFilters === undefined) return { update: translated, options: rest };
  return {
    update: translated,
    options: { ...rest, arrayFilters: placeFiltersToTheirs(named, asList(arrayFilters)) },
  };
}

type Operation = Parameters<Documents['bulkWrite']>[0][number];

function operationToTheirs(mapping: MappedCollection, operation: unknown): Operation {
  const given = asDocument(operation, 'operation');
  const [name = '', ...others] = Object.keys(given);
  const body = asDocument(given[name], name);
  const isUpdate = (name === 'updateOne' || name === 'updateMany') && others.length === 0;
  const known = ['filter', 'update', 'upsert', 'arrayFilters'];
  if (isUpdate && Object.keys(body).every((part) => known.includes(part))) {
    const { filter, update: asked, ...more } = body;
    const { update, options } = translatedUpdate(mapping, asked, more);
    const translated = {
      ...options,
      filter: filterToTheirs(mapping, asDocument(filter, 'filter')),
      update,
      upsert: body['upsert'] === true,
    };
    return name === 'updateOne' ? { updateOne: translated } : { updateMany: translated };
  }
  throw new NotMappableError(`${name} among many writes`);
}

/** The stages that the store asks for; what a stage makes of documents is not translated, so that it may make only ids. */
function stagesToTheirs(mapping: MappedCollection, stages: unknown): Document[] {
  return asList(stages).map((stage) => {
    const given = asDocument(stage, 'stage');
    const [name = ''] = Object.keys(given);
    const operand: unknown = given[name];
    if (name === '$match') return { $match: filterToTheirs(mapping, asDocument(operand, name)) };
    if (name === '$sample' || name === '$indexStats') return given;
    const isId = isFields(operand) && Object.keys(operand).length === 1 && operand['_id'] === 1;
    if (name === '$project' && isId) return given;
    throw new NotMappableError(`the stage ${name}`);
  });
}

function mappedCursor(cursor: FindCursor<Document>, mapping: MappedCollection): FindCursor<Document> {
  const mapped = cursor.map((document) => toOurs(mapping, document));
  const proxy: FindCursor<Document> = new Proxy(mapped, {
    get: (object, key) => {
      if (key === 'project') {
        return (projection: unknown) => {
          object.project(projectionToTheirs(mapping, projection));
          return proxy;
        };
      }
      if (key === 'sort') {
        return (order: unknown) => {
          object.sort(sortToTheirs(mapping, order));
          return proxy;
        };
      }
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== 'function') return value;
      if (!CURSOR_CALLS.has(key)) return refusing(`${String(key)} of a cursor`);
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, object, args);
        return result === object ? proxy : result;
      };
    },
  });
  return proxy;
}

function readOptions(mapping: MappedCollection, options: unknown): Document {
  const { projection, sort, ...rest } = plainOptions(options);
  if (rest['hint'] !== undefined) throw new NotMappableError('a hint');
  return {
    ...rest,
    ...(projection === undefined ? {} : { projection: projectionToTheirs(mapping, projection) }),
    ...(sort === undefined ? {} : { sort: sortToTheirs(mapping, sort) }),
  };
}

function plainOptions(options: unknown): Document {
  return options === undefined ? {} : { ...asDocument(options, 'options') };
}

function asDocument(value: unknown, what: string): Document {
  if (!isFields(value)) throw new NotMappableError(`a ${what} that is no document`);
  return value;
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new NotMappableError('something that is no list');
  return value;
}

function refusing(what: string): () => never {
  return () => {
    throw new NotMappableError(what);
  };
}
