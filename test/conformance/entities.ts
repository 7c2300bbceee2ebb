import {
  AbstractCursor,
  ChangeStream,
  ClientSession,
  type Collection,
  Db,
  GridFSBucket,
  ReadConcern,
  ReadConcernLevel,
  WriteConcern,
  ReadPreference,
} from 'mongodb';
import { z } from 'zod';
import type { MatchContext } from './match-context.ts';
import { Mismatch } from './mismatch.ts';
import { ObservedClient } from './observed-client.ts';
import { isDoc, type Doc } from './doc.ts';
import { entity } from './entity-schema.ts';

/** A stream or cursor that was opened at once, as the format wants it; the driver alone would open it with the first read. */
export type OpenedCursor = ChangeStream | AbstractCursor;

type EntityClass<Kind> = abstract new (...args: never[]) => Kind;

/** Everything that a test gave a name to. */
export class Entities implements MatchContext {
  readonly #uri: string;
  readonly #byId = new Map<string, unknown>();
  readonly #lsids = new Map<string, unknown>();

  constructor(uri: string) {
    this.#uri = uri;
  }

  /** Makes entities from a `createEntities` list. Rejects for kinds that the format does not have. */
  async create(given: readonly Doc[]): Promise<void> {
    for (const one of given) {
      entity.parse(one);
      const [kind = ''] = Object.keys(one);
      const spec = one[kind];
      if (!isDoc(spec)) throw new Mismatch(`the entity ${kind} is no document`);
      this.save(z.string().parse(spec['id']), await this.#make(kind, spec));
    }
  }

  /** Gives a value a name. Throws where the name is taken. */
  save(id: string, value: unknown): void {
    if (this.#byId.has(id)) throw new Mismatch(`the entity '${id}' is there already`);
    this.#byId.set(id, value);
    if (value instanceof ClientSession) this.#lsids.set(id, value.id);
  }

  entity(id: string): unknown {
    if (!this.#byId.has(id)) throw new Mismatch(`there is no entity '${id}'`);
    return this.#byId.get(id);
  }

  /** An entity of a class. Throws where it is another, or none. */
  get<Kind>(id: string, kind: EntityClass<Kind>): Kind {
    const value = this.entity(id);
    if (!(value instanceof kind)) throw new Mismatch(`the entity '${id}' is no ${kind.name}`);
    return value;
  }

  /** Also of a session that has ended. */
  sessionLsid(id: string): unknown {
    if (!this.#lsids.has(id)) throw new Mismatch(`there is no session '${id}'`);
    return this.#lsids.get(id);
  }

  all<Kind>(kind: EntityClass<Kind>): readonly Kind[] {
    return [...this.#byId.values()].filter((value): value is Kind => value instanceof kind);
  }

  /** Closes cursors, ends sessions and closes clients; no failure of these may hide the test's own. */
  async close(): Promise<void> {
    await Promise.allSettled(this.all(ChangeStream).map((stream) => stream.close()));
    await Promise.allSettled(this.all(AbstractCursor).map((cursor) => cursor.close()));
    await Promise.allSettled(this.all(ClientSession).map((session) => session.endSession()));
    await Promise.allSettled(this.all(ObservedClient).map((observed) => observed.client.close()));
  }

  async #make(kind: string, spec: Doc): Promise<unknown> {
    switch (kind) {
      case 'client':
        return this.#makeClient(spec);
      case 'database':
        return this.#makeDatabase(spec);
      case 'collection':
        return this.#makeCollection(spec);
      case 'session':
        return this.#makeSession(spec);
      case 'bucket':
        return new GridFSBucket(this.get(String(spec['database']), Db), concernsOf(spec['bucketOptions']));
      case 'thread':
        return { tail: Promise.resolve() };
      default:
        throw new Mismatch(`entities of the kind ${kind} are not known`);
    }
  }

  async #makeClient(spec: Doc): Promise<ObservedClient> {
    const observed = new ObservedClient(this.#uri, spec);
    for (const [id, events] of observed.storedEvents) this.save(id, events);
    await observed.connect();
    return observed;
  }

  #makeDatabase(spec: Doc): Db {
    const { client } = this.get(String(spec['client']), ObservedClient);
    return client.db(z.string().parse(spec['databaseName']), concernsOf(spec['databaseOptions']));
  }

  #makeCollection(spec: Doc): Collection {
    const database = this.get(String(spec['database']), Db);
    return database.collection(z.string().parse(spec['collectionName']), concernsOf(spec['collectionOptions']));
  }

  #makeSession(spec: Doc): ClientSession {
    const { client } = this.get(String(spec['client']), ObservedClient);
    const options = isDoc(spec['sessionOptions']) ? spec['sessionOptions'] : {};
    const { defaultTransactionOptions: transaction, snapshotTime, ...others } = options;
    const session = client.startSession({
      ...others,
      ...(isDoc(transaction) ? { defaultTransactionOptions: { ...transaction, ...concernsOf(transaction) } } : {}),
    });
    // This driver has no option for it, but reads at the time that a session knows.
    if (snapshotTime !== undefined) Reflect.set(session, 'snapshotTime', this.entity(z.string().parse(snapshotTime)));
    return session;
  }
}

/** Options with the concerns and the preference as the driver's classes. */
export function concernsOf(given: unknown): Doc & {
  readConcern?: ReadConcern;
  writeConcern?: WriteConcern;
  readPreference?: ReadPreference;
} {
  if (!isDoc(given)) return {};
  const { readConcern, writeConcern, readPreference, ...others } = given;
  // One without a level is the server's default, which the driver sends as none.
  const level = isDoc(readConcern) ? readConcern['level'] : undefined;
  const read = level === undefined ? undefined : new ReadConcern(z.enum(ReadConcernLevel).parse(level));
  const write = isDoc(writeConcern) ? WriteConcern.fromOptions({ writeConcern }) : undefined;
  const preference = isDoc(readPreference) ? preferenceOf(readPreference) : undefined;
  return {
    ...others,
    ...(read === undefined ? {} : { readConcern: read }),
    ...(write === undefined ? {} : { writeConcern: write }),
    ...(preference === undefined ? {} : { readPreference: preference }),
  };
}

function preferenceOf(given: Doc): ReadPreference | undefined {
  const tags = z.array(z.record(z.string(), z.string())).optional().parse(given['tagSets']);
  return ReadPreference.fromOptions({
    readPreference: new ReadPreference(
      z.enum(['primary', 'primaryPreferred', 'secondary', 'secondaryPreferred', 'nearest']).parse(given['mode']),
      tags,
      typeof given['maxStalenessSeconds'] === 'number' ? { maxStalenessSeconds: given['maxStalenessSeconds'] } : {},
    ),
  });
}
