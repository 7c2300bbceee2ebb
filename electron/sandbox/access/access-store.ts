import { UUID } from 'bson';
import { z } from 'zod';
import type { Deployment } from '../deployment.ts';
import { isDoc, workingDoc, type Doc } from '../semantics/values.ts';
import { builtinRole, type AccessName } from './builtin-roles.ts';
import { merged, privilegesOf, toDoc, type Privilege } from './privilege.ts';
import { MECHANISM, type ScramCredentials } from './scram.ts';

/** Where MongoDB keeps them, and this server too: two collections of `admin`, readable with the privileges for just these. */
const DB = 'admin';
const USERS = 'system.users';
const ROLES = 'system.roles';

/** Somebody who may log in. */
export interface User extends AccessName {
  readonly userId: unknown;
  /** Null for somebody whom an identity provider knows. */
  readonly credentials: ScramCredentials | null;
  readonly roles: readonly AccessName[];
  readonly customData: Doc | null;
}

/** A role that was made by `createRole`. */
export interface CustomRole extends AccessName {
  readonly roles: readonly AccessName[];
  readonly privileges: readonly Privilege[];
}

/** What somebody may do, with what comes through inherited roles. */
export interface Grants {
  /** Every role, those given first. */
  readonly roles: readonly AccessName[];
  readonly privileges: readonly Privilege[];
}

/** Users and roles as documents of the deployment. Reads are remembered until a document of `admin` changes. */
export class AccessStore {
  readonly #deployment: Deployment;
  #grants = new Map<string, Grants | null>();
  #generation = -1;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  user(name: AccessName): User | null {
    return this.#find(USERS, { _id: idOf(name) }).map(userOf)[0] ?? null;
  }

  /** @param db null for all databases */
  users(db: string | null): readonly User[] {
    return this.#find(USERS, db === null ? {} : { db }).map(userOf);
  }

  customRole(name: AccessName): CustomRole | null {
    return this.#find(ROLES, { _id: idOf(name) }).map(customRoleOf)[0] ?? null;
  }

  customRoles(db: string | null): readonly CustomRole[] {
    return this.#find(ROLES, db === null ? {} : { db }).map(customRoleOf);
  }

  get hasNobody(): boolean {
    return this.#find(USERS, {}).length === 0 && this.#find(ROLES, {}).length === 0;
  }

  isRole(name: AccessName): boolean {
    return builtinRole(name) !== null || this.customRole(name) !== null;
  }

  /** What a user may do; null where there is none of that name (any more). */
  grantsOf(name: AccessName): Grants | null {
    if (this.#generation !== this.#deployment.accessGeneration) {
      this.#grants.clear();
      this.#generation = this.#deployment.accessGeneration;
    }
    const id = idOf(name);
    const known = this.#grants.get(id);
    if (known !== undefined) return known;
    const user = this.user(name);
    const grants = user === null ? null : this.resolve(user.roles);
    this.#grants.set(id, grants);
    return grants;
  }

  /** Roles with all that they inherit. A role that is gone gives nothing. */
  resolve(given: readonly AccessName[]): Grants {
    const roles = new Map<string, AccessName>();
    const privileges: Privilege[] = [];
    const pending = [...given];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const role = builtinRole(next) ?? this.customRole(next);
      if (role === null || roles.has(idOf(next))) continue;
      roles.set(idOf(next), next);
      privileges.push(...role.privileges);
      pending.push(...role.roles);
    }
    return { roles: [...roles.values()], privileges: merged(privileges) };
  }

  putUser(user: Omit<User, 'userId'>): void {
    const before = this.user(user);
    this.#put(USERS, {
      _id: idOf(user),
      userId: before?.userId ?? new UUID(),
      user: user.name,
      db: user.db,
      credentials: user.credentials === null ? { external: true } : { [MECHANISM]: { ...user.credentials } },
      roles: user.roles.map(roleDoc),
      ...(user.customData === null ? {} : { customData: user.customData }),
    });
  }

  putRole(role: CustomRole): void {
    this.#put(ROLES, {
      _id: idOf(role),
      role: role.name,
      db: role.db,
      privileges: role.privileges.map(toDoc),
      roles: role.roles.map(roleDoc),
    });
  }

  /** @returns false where there was none */
  removeUser(name: AccessName): boolean {
    return this.#remove(USERS, name);
  }

  /** Removes a role, also from whoever has it. @returns false where there was none */
  removeRole(name: AccessName): boolean {
    if (!this.#remove(ROLES, name)) return false;
    const others = (roles: readonly AccessName[]): readonly AccessName[] =>
      roles.filter((one) => !isSameName(one, name));
    const has = (one: { readonly roles: readonly AccessName[] }): boolean =>
      others(one.roles).length < one.roles.length;
    for (const user of this.users(null).filter(has)) this.putUser({ ...user, roles: others(user.roles) });
    for (const role of this.customRoles(null).filter(has)) this.putRole({ ...role, roles: others(role.roles) });
    return true;
  }

  #find(coll: string, filter: Doc): readonly Doc[] {
    return Array.from(this.#deployment.find(DB, coll, { filter }), (found) => found.document);
  }

  #put(coll: string, document: Doc): void {
    const [found] = this.#deployment.find(DB, coll, { filter: { _id: document['_id'] } });
    if (found === undefined) {
      this.#deployment.insert(DB, coll, document);
      return;
    }
    const request = { update: document, filter: {}, arrayFilters: [], variables: {} };
    this.#deployment.update(this.#deployment.ensureCollection(DB, coll), found, request);
  }

  #remove(coll: string, name: AccessName): boolean {
    const [found] = this.#deployment.find(DB, coll, { filter: { _id: idOf(name) } });
    if (found === undefined) return false;
    this.#deployment.remove(this.#deployment.ensureCollection(DB, coll), found);
    return true;
  }
}

/** Whether two names are those of one user or role: a name belongs to its database. */
export function isSameName(left: AccessName, right: AccessName): boolean {
  return left.name === right.name && left.db === right.db;
}

/** A role's name as commands tell it. */
export function roleDoc({ name, db }: AccessName): Doc {
  return { role: name, db };
}

function idOf({ name, db }: AccessName): string {
  return `${db}.${name}`;
}

const namesSchema = z.array(
  z.object({ role: z.string(), db: z.string() }).transform(({ role, db }): AccessName => ({ name: role, db })),
);
const docSchema = z.custom<Doc>(isDoc);

const userSchema = z
  .object({
    user: z.string(),
    db: z.string(),
    userId: z.unknown(),
    credentials: z.union([
      z.object({
        [MECHANISM]: z.object({
          iterationCount: z.number().int().positive(),
          salt: z.string(),
          storedKey: z.string(),
          serverKey: z.string(),
        }),
      }),
      z.object({ external: z.literal(true) }),
    ]),
    roles: namesSchema,
    customData: docSchema.nullable().default(null),
  })
  .transform(({ user, db, userId, credentials, roles, customData }): User => ({
    name: user,
    db,
    userId,
    credentials: MECHANISM in credentials ? credentials[MECHANISM] : null,
    roles,
    customData,
  }));

const roleSchema = z
  .object({ role: z.string(), db: z.string(), roles: namesSchema, privileges: z.array(docSchema) })
  .transform(({ role, db, roles, privileges }): CustomRole => ({
    name: role,
    db,
    roles,
    privileges: privilegesOf(privileges),
  }));

/** Throws where somebody wrote what is no user into the collection by hand. */
function userOf(document: Doc): User {
  return userSchema.parse(workingDoc(document));
}

function customRoleOf(document: Doc): CustomRole {
  return roleSchema.parse(workingDoc(document));
}
