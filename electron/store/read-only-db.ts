import type { Db } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';

/** Thrown by whatever would write over a read-only connection; {@link attemptCall} turns it into `read_only`. */
export class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';

  /** The error as a value. */
  toAppError(): AppError {
    return appError('read_only', this.message, this);
  }
}

/** What a read-only collection can do; everything else that can be called is a way to write, or may become one. */
const COLLECTION_CALLS: ReadonlySet<string> = new Set([
  'find',
  'findOne',
  'aggregate',
  'countDocuments',
  'estimatedDocumentCount',
  'distinct',
  'watch',
  'listIndexes',
  'indexes',
  'indexExists',
  'indexInformation',
  'options',
  'isCapped',
]);
const DATABASE_CALLS: ReadonlySet<string> = new Set(['listCollections', 'watch', 'stats', 'aggregate']);
const COMMANDS: ReadonlySet<string> = new Set([
  'ping',
  'hello',
  'buildInfo',
  'connectionStatus',
  'serverStatus',
  'collStats',
  'dbStats',
  'listCollections',
  'listIndexes',
  'count',
  'distinct',
  'find',
  'getCmdLineOpts',
  'usersInfo',
  'rolesInfo',
]);
const WRITING_STAGES = ['$out', '$merge'];

/**
 * A database through which nothing can be written: what is not known to read is refused before it reaches the driver. Parts that
 * are built on it keep working as far as they read, and their writes fail with `read_only`, whoever wrote them.
 */
export function readOnlyDb(db: Db): Db {
  return guard(db, (name, target) => {
    if (name === 'collection')
      return (...args: Parameters<Db['collection']>) => readOnlyCollection(db.collection(...args));
    if (name === 'admin') return () => guard(target.admin(), (call, admin) => commandOnly(call, admin));
    if (name === 'command') return commandOnly(name, target);
    return DATABASE_CALLS.has(name) ? readingCall(target, name) : null;
  });
}

function readOnlyCollection<Target extends object>(collection: Target): Target {
  return guard(collection, (name, target) => (COLLECTION_CALLS.has(name) ? readingCall(target, name) : null));
}

type Call = (...args: never[]) => unknown;

/** Hands out data as it is and calls only as `allow` gives them; a call that it does not give refuses when it is made. */
function guard<Target extends object>(target: Target, allow: (name: string, target: Target) => Call | null): Target {
  return new Proxy(target, {
    get: (object, key) => {
      // The receiver must be the object itself: the driver's classes keep their state in private fields.
      const value: unknown = Reflect.get(object, key, object);
      if (typeof key === 'symbol' || typeof value !== 'function') return key === 'client' ? undefined : value;
      return allow(key, object) ?? refusing(key);
    },
  });
}

function commandOnly(name: string, target: { command: (document: Record<string, unknown>) => unknown }): Call | null {
  if (name === 'ping') return () => target.command({ ping: 1 });
  if (name !== 'command') return null;
  return (document: Record<string, unknown>, ...rest: unknown[]) => {
    const [command = ''] = Object.keys(document);
    if (!COMMANDS.has(command)) return refusing(command)();
    const reply: unknown = Reflect.apply(target.command, target, [document, ...rest]);
    return reply;
  };
}

function readingCall(target: object, name: string): Call {
  return (...args: unknown[]) => {
    if (name === 'aggregate' && hasWritingStage(args[0])) return refusing('aggregate with $out or $merge')();
    const call: unknown = Reflect.get(target, name, target);
    const found: unknown = typeof call === 'function' ? Reflect.apply(call, target, args) : undefined;
    return found;
  };
}

function hasWritingStage(pipeline: unknown): boolean {
  return (
    Array.isArray(pipeline) &&
    pipeline.some((stage: unknown) => {
      return typeof stage === 'object' && stage !== null && WRITING_STAGES.some((name) => name in stage);
    })
  );
}

function refusing(name: string): () => never {
  return () => {
    throw new ReadOnlyError(name);
  };
}
