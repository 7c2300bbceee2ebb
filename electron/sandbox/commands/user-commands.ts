import type { AccessControl } from '../access/access-control.ts';
import { isSameName, roleDoc, type AccessStore, type User } from '../access/access-store.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import { toDoc } from '../access/privilege.ts';
import { credentialsOf, MECHANISM, type ScramCredentials } from '../access/scram.ts';
import { matcherOf } from '../semantics/matching.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { docField, type Command, type CommandCall } from './command.ts';

/** Roles as a command names them, short for those of its own database. Errors: `TypeMismatch`, `RoleNotFound`. */
export function rolesField(call: CommandCall, store: AccessStore): readonly AccessName[] {
  const given = call.body['roles'];
  if (!Array.isArray(given)) throw new ServerError('TypeMismatch', "BSON field 'roles' must be an array");
  const names = (given as unknown[]).map((one) => nameOf(call, one, 'role'));
  const missing = names.find((name) => !store.isRole(name));
  if (missing !== undefined)
    throw new ServerError('RoleNotFound', `Could not find role: ${missing.name}@${missing.db}`);
  return names.filter((name, at) => names.findIndex((other) => isSameName(other, name)) === at);
}

/** A user or role as a command names it. Error: `TypeMismatch`. */
export function nameOf(call: CommandCall, given: unknown, field: 'role' | 'user'): AccessName {
  if (typeof given === 'string') return { name: given, db: call.db };
  if (isDoc(given) && typeof given[field] === 'string' && typeof given['db'] === 'string')
    return { name: given[field], db: given['db'] };
  throw new ServerError('TypeMismatch', `a ${field} must be named by a string, or an object with ${field} and db`);
}

/** Every name of `left` that is not in `right`. */
export function namesWithout(left: readonly AccessName[], right: readonly AccessName[]): readonly AccessName[] {
  return left.filter((one) => !right.some((other) => isSameName(one, other)));
}

/** Commands that make, change and tell users. */
export function userCommands({ store }: AccessControl): Record<string, Command> {
  const write = (run: Command['run']): Command => ({ writes: true, run });
  const change = (edit: (call: CommandCall, user: User) => User): Command =>
    write((call) => {
      store.putUser(edit(call, existing(call, store)));
      return {};
    });
  return {
    createUser: write((call) => createUser(call, store)),
    updateUser: change((call, user) => updatedUser(call, user, store)),
    grantRolesToUser: change((call, user) => {
      const granted = rolesField(call, store);
      return { ...user, roles: [...user.roles, ...namesWithout(granted, user.roles)] };
    }),
    revokeRolesFromUser: change((call, user) => ({
      ...user,
      roles: namesWithout(user.roles, rolesField(call, store)),
    })),
    dropUser: write((call) => {
      const user = existing(call, store);
      store.removeUser(user);
      return {};
    }),
    dropAllUsersFromDatabase: write((call) => {
      const users = store.users(call.db);
      for (const user of users) store.removeUser(user);
      return { n: users.length };
    }),
    usersInfo: { writes: false, run: (call) => usersInfo(call, store) },
    invalidateUserCache: { writes: false, run: () => ({}) },
  };
}

function existing(call: CommandCall, store: AccessStore): User {
  const name = nameOf(call, call.body[call.name], 'user');
  const user = store.user(name);
  if (user === null) throw new ServerError('UserNotFound', `User '${name.name}@${name.db}' not found`);
  return user;
}

function createUser(call: CommandCall, store: AccessStore): Doc {
  const name = call.body['createUser'];
  if (typeof name !== 'string' || name === '') throw new ServerError('BadValue', 'Username must be a non-empty string');
  if (call.db === 'local') throw new ServerError('BadValue', 'Cannot create users in the local database');
  refuseOptions(call);
  if (call.body['pwd'] === undefined)
    throw new ServerError(
      'BadValue',
      "Must provide a 'pwd' field for all user documents, except those with '$external' as the user's source db",
    );
  if (store.user({ name, db: call.db }) !== null)
    throw new ServerError('Location51003', `User "${name}@${call.db}" already exists`);
  store.putUser({
    name,
    db: call.db,
    credentials: credentialsField(call),
    roles: rolesField(call, store),
    customData: docField(call.body, 'customData') ?? null,
  });
  return {};
}

function updatedUser(call: CommandCall, user: User, store: AccessStore): User {
  const { pwd, roles, customData } = call.body;
  if (pwd === undefined && roles === undefined && customData === undefined && call.body['mechanisms'] === undefined)
    throw new ServerError('BadValue', 'Must specify at least one field to update in updateUser');
  refuseOptions(call);
  return {
    ...user,
    ...(pwd === undefined ? {} : { credentials: credentialsField(call) }),
    ...(roles === undefined ? {} : { roles: rolesField(call, store) }),
    ...(customData === undefined ? {} : { customData: docField(call.body, 'customData') ?? null }),
  };
}

function credentialsField({ body }: CommandCall): ScramCredentials {
  const { pwd } = body;
  if (typeof pwd !== 'string')
    throw new ServerError('TypeMismatch', "BSON field 'pwd' is the wrong type, expected type 'string'");
  if (pwd === '') throw new ServerError('BadValue', 'Password cannot be empty');
  if (body['digestPassword'] === false)
    throw new ServerError('BadValue', 'Use of SCRAM-SHA-256 requires undigested passwords');
  try {
    return credentialsOf(pwd);
  } catch (cause) {
    // The preparation names no character: the password must stand in no message.
    throw new ServerError('BadValue', 'The password holds a character that passwords cannot have', { cause });
  }
}

function refuseOptions({ body }: CommandCall): void {
  const { mechanisms, authenticationRestrictions: restrictions } = body;
  if (mechanisms !== undefined && (!Array.isArray(mechanisms) || mechanisms.length === 0))
    throw new ServerError('BadValue', 'mechanisms field must not be empty');
  if (Array.isArray(mechanisms) && mechanisms.some((one) => one !== MECHANISM))
    throw new ServerError('NotImplemented', `The sandbox server has no mechanism but ${MECHANISM}`);
  if (Array.isArray(restrictions) && restrictions.length > 0)
    throw new ServerError('NotImplemented', 'The sandbox server has no authenticationRestrictions');
}

function usersInfo(call: CommandCall, store: AccessStore): Doc {
  const given = call.body['usersInfo'];
  const matches = matcherOf(docField(call.body, 'filter') ?? {});
  const users = namedUsers(call, store, given).map((user) => userDoc(call, store, user));
  return { users: users.filter((user) => matches(user)) };
}

function namedUsers(call: CommandCall, store: AccessStore, given: unknown): readonly User[] {
  if (isDoc(given) && given['forAllDBs'] === true) return store.users(null);
  if (typeof given === 'string' || isDoc(given)) {
    const user = store.user(nameOf(call, given, 'user'));
    return user === null ? [] : [user];
  }
  if (Array.isArray(given)) return (given as unknown[]).flatMap((one) => namedUsers(call, store, one));
  return store.users(call.db);
}

function userDoc(call: CommandCall, store: AccessStore, user: User): Doc {
  const grants = store.resolve(user.roles);
  return {
    _id: `${user.db}.${user.name}`,
    userId: user.userId,
    user: user.name,
    db: user.db,
    ...(user.customData === null || call.body['showCustomData'] === false ? {} : { customData: user.customData }),
    roles: user.roles.map(roleDoc),
    mechanisms: user.credentials === null ? ['external'] : [MECHANISM],
    ...(call.body['showCredentials'] === true && user.credentials !== null
      ? { credentials: { [MECHANISM]: { ...user.credentials } } }
      : {}),
    ...(call.body['showPrivileges'] === true
      ? {
          inheritedRoles: grants.roles.map(roleDoc),
          inheritedPrivileges: grants.privileges.map(toDoc),
          inheritedAuthenticationRestrictions: [],
        }
      : {}),
  };
}
