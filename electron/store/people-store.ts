import type { Collection, Db } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { personSchema, type Person } from '#domain/people.ts';
import { privilegeSchema, type Privilege } from '#domain/privileges.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { listedOf, type Listed } from './parsed.ts';

/** As whom the server knows this connection. */
export interface Login {
  /** `user@database`, null where the server asks nobody to log in. */
  readonly user: string | null;
  /** What that user may do, null where nobody has to log in. */
  readonly privileges: readonly Privilege[] | null;
}

const statusSchema = z.looseObject({
  authInfo: z.looseObject({
    authenticatedUsers: z.array(z.looseObject({ user: z.string(), db: z.string() })),
    authenticatedUserPrivileges: z.array(privilegeSchema).optional(),
  }),
});

/** The most people that are listed; a console is used by a team. */
const PEOPLE_MAX = 1000;

/** Who this connection is, and which role each person has (`console_people`). */
export class PeopleStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** The database that the privileges are about. */
  get dbName(): string {
    return this.#db.databaseName;
  }

  async readLogin(): Promise<Result<Login, AppError>> {
    const reply = await attemptCall(() => this.#db.command({ connectionStatus: 1, showPrivileges: true }));
    if (!reply.ok) return reply;
    const status = safeParse(statusSchema, reply.value);
    if (!status.success) return err(appError('server_error', 'the server does not say who this connection is'));
    const { authenticatedUsers, authenticatedUserPrivileges } = status.data.authInfo;
    const [user] = authenticatedUsers;
    if (user === undefined) return ok({ user: null, privileges: null });
    return ok({ user: `${user.user}@${user.db}`, privileges: authenticatedUserPrivileges ?? [] });
  }

  /** Everybody who has a role, by name. A document of another form gives nobody a role, and is named beside them. */
  async list(): Promise<Result<Listed<Person>, AppError>> {
    const found = await attemptCall(() => this.#people().find().sort({ _id: 1 }).limit(PEOPLE_MAX).toArray());
    return found.ok ? ok(listedOf(personSchema, found.value)) : found;
  }

  /** Gives somebody a role; `since` and `by` tell when and who. */
  async save(person: Person): Promise<Result<void, AppError>> {
    const { _id, ...rest } = person;
    const written = await attemptCall(() => this.#people().updateOne({ _id }, { $set: rest }, { upsert: true }));
    return written.ok ? ok(undefined) : written;
  }

  /** Takes somebody's role away; who has none is let in as a viewer. */
  async remove(personId: string): Promise<Result<void, AppError>> {
    const written = await attemptCall(() => this.#people().deleteOne({ _id: personId }));
    return written.ok ? ok(undefined) : written;
  }

  #people(): Collection<RawDocument> {
    return this.#db.collection<RawDocument>('console_people', DURABLE);
  }
}
