import { isDeepStrictEqual } from 'node:util';
import type { ChangeStream, Db, Document } from 'mongodb';
import { MAPPED_PARTS } from '#domain/mapping/canonical-fields.ts';
import { NO_MAPPING, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { mappedCollection, type MappedCollection } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { eventsOf } from '../collections.ts';
import { mappedDocuments } from './mapped-collection.ts';
import { eventToOurs } from './mapped-events.ts';
import { NotMappableError } from './mapping-error.ts';

/** Commands that name no field and none of the mapped collections. */
const COMMANDS: ReadonlySet<string> = new Set(['ping', 'hello', 'buildInfo', 'serverStatus', 'dbStats']);

/**
 * Their database as one of ours: jobs, accounts and ledger are found by our names and go through the mapping, in both directions;
 * the console's own collections are the same. Everything built on it knows nothing of the mapping. What cannot be translated throws
 * {@link NotMappableError} and reaches no server.
 */
export function mappedDb(db: Db, mapping: JobMapping): Db {
  const parts = MAPPED_PARTS.map((part) => mappedCollection(mapping, part));
  const byOurs = new Map(parts.map((part) => [NO_MAPPING.collections[part.part], part]));
  const byTheirs = new Map(parts.map((part) => [part.name, part]));
  const theirName = (name: unknown): unknown => (typeof name === 'string' ? (byOurs.get(name)?.name ?? name) : name);
  return new Proxy(db, {
    get: (target, key) => {
      // The receiver must be the object itself: the driver's classes keep their state in private fields.
      const value: unknown = Reflect.get(target, key, target);
      if (typeof key === 'symbol' || typeof value !== 'function') return value;
      switch (key) {
        case 'collection':
          return (name: string, options: Parameters<Db['collection']>[1]) => {
            const part = byOurs.get(name);
            if (part !== undefined) return mappedDocuments(target.collection(part.name, options), part);
            // One of theirs under its own name would be a way around the mapping.
            if (byTheirs.has(name)) throw new NotMappableError(`the collection ${name} under its own name`);
            return target.collection(name, options);
          };
        case 'listCollections':
          return ({ name }: { readonly name?: unknown } = {}) => target.listCollections({ name: theirName(name) });
        case 'watch':
          return (pipeline: readonly Document[], options: Document) =>
            mappedStream(target.watch(watchedNames(pipeline, theirName), options), byTheirs);
        case 'admin':
          return () => target.admin();
        case 'command':
          return async (command: Document) => {
            const [name = ''] = Object.keys(command);
            if (name === 'connectionStatus') return withOurPrivileges(await target.command(command), byOurs, byTheirs);
            if (!COMMANDS.has(name)) throw new NotMappableError(`the command ${name}`);
            return target.command(command);
          };
        default:
          return () => {
            throw new NotMappableError(`${key} of the database`);
          };
      }
    },
  });
}

/** The one question that is asked of a stream: which collections. */
function watchedNames(pipeline: readonly Document[], theirName: (name: unknown) => unknown): Document[] {
  const match: unknown = pipeline[0]?.['$match'];
  const tests: unknown = isFields(match) ? match['$or'] : undefined;
  const first: unknown = Array.isArray(tests) ? tests[0] : undefined;
  const test: unknown = isFields(first) ? first['ns.coll'] : undefined;
  const names: unknown = isFields(test) ? test['$in'] : undefined;
  if (!Array.isArray(names) || !isDeepStrictEqual(pipeline, [eventsOf(names)]))
    throw new NotMappableError('a stream of anything but collections');
  return [eventsOf(names.map(theirName))];
}

function mappedStream(stream: ChangeStream, byTheirs: ReadonlyMap<string, MappedCollection>): ChangeStream {
  return new Proxy(stream, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'tryNext') {
        return async () => {
          const event: unknown = await target.tryNext();
          return isFields(event) ? eventToOurs(event, byTheirs) : event;
        };
      }
      if (key === 'close' || key === 'bufferedCount') return (): unknown => Reflect.apply(value, target, []);
      if (key === 'once') {
        return (event: unknown, ...listeners: unknown[]): unknown => {
          // Positions are told as they are; a document would be told by their names.
          if (event !== 'resumeTokenChanged') throw new NotMappableError(`${String(event)} of a stream`);
          return Reflect.apply(value, target, [event, ...listeners]);
        };
      }
      return () => {
        throw new NotMappableError(`${String(key)} of a stream`);
      };
    },
  });
}

/** What may be done with their collections counts for ours; a collection of theirs that only has a name of ours counts for nothing. */
function withOurPrivileges(
  reply: Document,
  byOurs: ReadonlyMap<string, MappedCollection>,
  byTheirs: ReadonlyMap<string, MappedCollection>,
): Document {
  const info: unknown = reply['authInfo'];
  const privileges: unknown = isFields(info) ? info['authenticatedUserPrivileges'] : undefined;
  if (!isFields(info) || !Array.isArray(privileges)) return reply;
  const translated = privileges.flatMap((privilege: unknown): unknown[] => {
    if (!isFields(privilege) || !isFields(privilege['resource'])) return [privilege];
    const { collection } = privilege['resource'];
    if (typeof collection !== 'string') return [privilege];
    const part = byTheirs.get(collection);
    if (part === undefined) return byOurs.has(collection) ? [] : [privilege];
    return [{ ...privilege, resource: { ...privilege['resource'], collection: NO_MAPPING.collections[part.part] } }];
  });
  return { ...reply, authInfo: { ...info, authenticatedUserPrivileges: translated } };
}
