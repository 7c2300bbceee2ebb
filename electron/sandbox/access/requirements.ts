import type { CommandCall } from '../commands/command.ts';
import { flagField } from '../semantics/flags.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { Access } from './access-control.ts';
import type { AccessName } from './builtin-roles.ts';
import { pipelineNeeds } from './pipeline-needs.ts';
import { privilegesOf, type Privilege, type Target } from './privilege.ts';

/** Whether somebody may run a command. */
export type Requirement = (call: CommandCall, access: Access) => boolean;

const CLUSTER: Target = { type: 'cluster' };
const NORMAL: Target = { type: 'normal' };
const database = (db: string): Target => ({ type: 'database', db });

/** What a command names as its value. */
function namespaceOf(call: CommandCall): Target {
  return { type: 'namespace', db: call.db, coll: String(call.body[call.name]) };
}

const loggedIn: Requirement = () => true;
const onNamespace =
  (...actions: readonly string[]): Requirement =>
  (call, access) =>
    access.may(namespaceOf(call), ...actions);
const onDatabase =
  (...actions: readonly string[]): Requirement =>
  (call, access) =>
    access.may(database(call.db), ...actions);
const onCluster =
  (...actions: readonly string[]): Requirement =>
  (_call, access) =>
    access.may(CLUSTER, ...actions);

function docs(value: unknown): readonly Doc[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isDoc) : [];
}

/** Going around a collection's validator is an action of its own. */
function bypassActions({ body }: CommandCall): readonly string[] {
  return flagField(body, 'bypassDocumentValidation') ? ['bypassDocumentValidation'] : [];
}

const insert: Requirement = (call, access) => access.may(namespaceOf(call), 'insert', ...bypassActions(call));

const update: Requirement = (call, access) => {
  const isUpsert = docs(call.body['updates']).some((statement) => statement['upsert'] === true);
  return access.may(namespaceOf(call), 'update', ...(isUpsert ? ['insert'] : []), ...bypassActions(call));
};

const findAndModify: Requirement = (call, access) => {
  const { body } = call;
  const change = flagField(body, 'remove') ? 'remove' : 'update';
  const inserts = flagField(body, 'upsert') ? ['insert'] : [];
  return access.may(namespaceOf(call), 'find', change, ...inserts, ...bypassActions(call));
};

const aggregate: Requirement = (call, access) =>
  pipelineNeeds(call.db, call.body['aggregate'], call.body['pipeline']).every(({ target, actions, isWrite }) =>
    access.may(target, ...actions, ...(isWrite === true ? bypassActions(call) : [])),
  );

const explain: Requirement = (call, access) => {
  const inner = call.body['explain'];
  if (!isDoc(inner)) return true;
  const name = Object.keys(inner)[0] ?? '';
  return requirementOf(name)({ ...call, name, body: inner }, access);
};

const create: Requirement = (call, access) => {
  const target = namespaceOf(call);
  const { viewOn, pipeline } = call.body;
  if (viewOn === undefined) return access.may(target, 'createCollection') || access.may(target, 'insert');
  return access.may(target, 'createCollection') && mayShow(call, access, { viewOn, pipeline });
};

/** Whoever may read a view must be allowed to read what it shows. */
function mayShow(call: CommandCall, access: Access, { viewOn, pipeline }: Doc): boolean {
  const needs = pipelineNeeds(call.db, viewOn, pipeline);
  return !access.may(namespaceOf(call), 'find') || needs.every((need) => access.may(need.target, ...need.actions));
}

/** Error: `InvalidOptions` for half of a view, which would show more with the other half that it has. */
const collMod: Requirement = (call, access) => {
  const { viewOn, pipeline } = call.body;
  if (!access.may(namespaceOf(call), 'collMod')) return false;
  if ((viewOn === undefined) !== (pipeline === undefined))
    throw new ServerError(
      'InvalidOptions',
      "Must specify both 'viewOn' and 'pipeline' when modifying a view and auth is enabled",
    );
  return viewOn === undefined || mayShow(call, access, { viewOn, pipeline });
};

const renameCollection: Requirement = (call, access) => {
  const from = splitNamespace(call.body['renameCollection']);
  const to = splitNamespace(call.body['to']);
  const isDropping = call.body['dropTarget'] === true;
  if (from.db === to.db && !isDropping && access.may(database(from.db), 'renameCollectionSameDB'))
    return access.may(from, 'find') || !access.may(to, 'find');
  const onTarget = ['insert', 'createIndex', ...(isDropping ? ['dropCollection'] : [])];
  return access.may(from, 'find', 'dropCollection') && access.may(to, ...onTarget);
};

function splitNamespace(value: unknown): Extract<Target, { type: 'namespace' }> {
  const [db = '', ...rest] = String(value).split('.');
  return { type: 'namespace', db, coll: rest.join('.') };
}

const cloneCollectionAsCapped: Requirement = (call, access) => {
  const to: Target = { type: 'namespace', db: call.db, coll: String(call.body['toCollection']) };
  return access.may(namespaceOf(call), 'find') && access.may(to, 'insert', 'createIndex', 'convertToCapped');
};

const listCollections: Requirement = (call, access) => {
  if (access.may(database(call.db), 'listCollections')) return true;
  const isOwnOnly = call.body['authorizedCollections'] === true && call.body['nameOnly'] === true;
  return isOwnOnly && access.mayKnow(call.db);
};

/** Whoever may not list all databases is shown those that a privilege names, unless that is not what was asked for. */
const listDatabases: Requirement = (call, access) =>
  access.may(CLUSTER, 'listDatabases') || call.body['authorizedDatabases'] !== false;

function namesOf(call: CommandCall, field: string): readonly AccessName[] {
  const given = call.body[field];
  return (Array.isArray(given) ? (given as unknown[]) : []).map((one) =>
    isDoc(one) ? { name: String(one['role']), db: String(one['db']) } : { name: String(one), db: call.db },
  );
}

const onRoles =
  (action: 'grantRole' | 'revokeRole'): Requirement =>
  (call, access) =>
    namesOf(call, 'roles').every((role) => access.may(database(role.db), action));

function mayOnPrivileges(privileges: readonly Privilege[], access: Access, action: string): boolean {
  return privileges.every(({ reach }) => {
    const isOfOne = reach.type === 'database' || reach.type === 'namespace';
    return access.may(database(isOfOne ? reach.db : 'admin'), action);
  });
}

const onPrivileges =
  (action: 'grantRole' | 'revokeRole'): Requirement =>
  (call, access) =>
    call.body['privileges'] === undefined || mayOnPrivileges(privilegesOf(call.body['privileges']), access, action);

const all =
  (...requirements: readonly Requirement[]): Requirement =>
  (call, access) =>
    requirements.every((requirement) => requirement(call, access));

const updateUser: Requirement = (call, access) => {
  const { body, db } = call;
  const may = (action: string): boolean => access.may(database(db), action);
  const isOwn = access.user?.name === body['updateUser'] && access.user?.db === db;
  const mayOwn = (own: string, other: string): boolean => may(other) || (isOwn && may(own));
  if (body['pwd'] !== undefined && !mayOwn('changeOwnPassword', 'changePassword')) return false;
  if (body['customData'] !== undefined && !mayOwn('changeOwnCustomData', 'changeCustomData')) return false;
  return body['roles'] === undefined || (access.may(NORMAL, 'revokeRole') && onRoles('grantRole')(call, access));
};

const usersInfo: Requirement = (call, access) => {
  const given = call.body['usersInfo'];
  if (isDoc(given) && given['forAllDBs'] === true) return access.may(CLUSTER, 'viewUser');
  const named = Array.isArray(given) ? (given as unknown[]) : [given];
  return named.every((one) => {
    const name = isDoc(one) ? one['user'] : one;
    const db = isDoc(one) ? String(one['db']) : call.db;
    return (access.user?.name === name && access.user?.db === db) || access.may(database(db), 'viewUser');
  });
};

const rolesInfo: Requirement = (call, access) => {
  const given = call.body['rolesInfo'];
  const named = Array.isArray(given) ? (given as unknown[]) : [given];
  return named.every((one) => {
    const name = isDoc(one) ? one['role'] : one;
    const db = isDoc(one) ? String(one['db']) : call.db;
    return access.hasRole({ name: String(name), db }) || access.may(database(db), 'viewRole');
  });
};

const grantRoles = onRoles('grantRole');
const revokeRoles = onRoles('revokeRole');

/** What each command needs beyond a login; what stands nowhere here is allowed to nobody. */
const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  find: onNamespace('find'),
  count: onNamespace('find'),
  distinct: onNamespace('find'),
  aggregate,
  explain,
  // The cursor itself tells whose it is and what it needs.
  getMore: loggedIn,
  killCursors: loggedIn,
  insert,
  update,
  delete: onNamespace('remove'),
  findAndModify,
  findandmodify: findAndModify,
  createIndexes: onNamespace('createIndex'),
  dropIndexes: onNamespace('dropIndex'),
  deleteIndexes: onNamespace('dropIndex'),
  listIndexes: onNamespace('listIndexes'),
  create,
  collMod,
  drop: onNamespace('dropCollection'),
  dropDatabase: onDatabase('dropDatabase'),
  renameCollection,
  convertToCapped: onNamespace('convertToCapped'),
  cloneCollectionAsCapped,
  listCollections,
  listDatabases,
  createSearchIndexes: onNamespace('createSearchIndexes'),
  updateSearchIndex: onNamespace('updateSearchIndex'),
  dropSearchIndex: onNamespace('dropSearchIndex'),
  listSearchIndexes: onNamespace('listSearchIndexes'),
  dbStats: onDatabase('dbStats'),
  collStats: onNamespace('collStats'),
  serverStatus: onCluster('serverStatus'),
  replSetGetStatus: onCluster('replSetGetStatus'),
  getParameter: onCluster('getParameter'),
  setParameter: onCluster('setParameter'),
  testVersion2: loggedIn,
  testDeprecation: loggedIn,
  testDeprecationInVersion2: loggedIn,
  refreshSessions: loggedIn,
  killSessions: loggedIn,
  killAllSessions: onCluster('killAnySession'),
  killAllSessionsByPattern: onCluster('killAnySession'),
  commitTransaction: loggedIn,
  abortTransaction: loggedIn,
  invalidateUserCache: onCluster('invalidateUserCache'),
  createUser: all(onDatabase('createUser'), grantRoles),
  updateUser,
  dropUser: onDatabase('dropUser'),
  dropAllUsersFromDatabase: onDatabase('dropUser'),
  grantRolesToUser: grantRoles,
  revokeRolesFromUser: revokeRoles,
  usersInfo,
  createRole: all(onDatabase('createRole'), grantRoles, onPrivileges('grantRole')),
  updateRole: all((_call, access) => access.may(NORMAL, 'revokeRole'), grantRoles, onPrivileges('grantRole')),
  dropRole: onDatabase('dropRole'),
  dropAllRolesFromDatabase: onDatabase('dropRole'),
  grantRolesToRole: grantRoles,
  revokeRolesFromRole: revokeRoles,
  grantPrivilegesToRole: onPrivileges('grantRole'),
  revokePrivilegesFromRole: onPrivileges('revokeRole'),
  rolesInfo,
};

/** True where it is said what a command needs. */
export function hasRequirement(name: string): boolean {
  return Object.hasOwn(REQUIREMENTS, name);
}

/** What a command needs. */
export function requirementOf(name: string): Requirement {
  return (Object.hasOwn(REQUIREMENTS, name) ? REQUIREMENTS[name] : undefined) ?? (() => false);
}
