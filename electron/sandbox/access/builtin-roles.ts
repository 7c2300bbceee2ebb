import {
  DB_ADMIN,
  HOST_CLUSTER,
  MANAGER_CLUSTER,
  MANAGER_DATABASE,
  MONITOR_CLUSTER,
  MONITOR_DATABASE,
  PROFILE_ADMIN,
  READ,
  READ_WRITE,
  RESTORE,
  RESTORE_CLUSTER,
  USER_ADMIN,
} from './actions.ts';
import type { Privilege, Reach } from './privilege.ts';

/** The name of a role or user in full. */
export interface AccessName {
  readonly name: string;
  readonly db: string;
}

/** A role that every MongoDB has. */
export interface BuiltinRole {
  readonly roles: readonly AccessName[];
  readonly privileges: readonly Privilege[];
}

const ANY: Reach = { type: 'any' };
const CLUSTER: Reach = { type: 'cluster' };
const NORMAL: Reach = { type: 'normal' };
const database = (db: string): Reach => ({ type: 'database', db });
const everywhere = (coll: string): Reach => ({ type: 'collection', coll });
const namespace = (db: string, coll: string): Reach => ({ type: 'namespace', db, coll });
const may = (actions: readonly string[], ...reaches: readonly Reach[]): readonly Privilege[] =>
  reaches.map((reach) => ({ reach, actions }));
const inAdmin = (...names: readonly string[]): readonly AccessName[] => names.map((name) => ({ name, db: 'admin' }));

/** Roles of each database. */
const OF_DATABASE: Readonly<Record<string, (db: string) => BuiltinRole>> = {
  read: (db) => ({ roles: [], privileges: may(READ, database(db), namespace(db, 'system.js')) }),
  readWrite: (db) => ({ roles: [], privileges: may(READ_WRITE, database(db), namespace(db, 'system.js')) }),
  userAdmin: (db) => ({ roles: [], privileges: may(USER_ADMIN, database(db)) }),
  dbAdmin: (db) => ({
    roles: [],
    privileges: [...may(DB_ADMIN, database(db)), ...may(PROFILE_ADMIN, namespace(db, 'system.profile'))],
  }),
  dbOwner: (db) => ({ roles: ['readWrite', 'dbAdmin', 'userAdmin'].map((name) => ({ name, db })), privileges: [] }),
};

const USERS_AND_INDEXES = [...READ, 'createIndex', 'createSearchIndexes', 'dropIndex', 'dropSearchIndex'];
const ELECTIONS = [namespace('local', 'replset.election'), namespace('local', 'replset.minvalid')];

/** Roles of the database `admin` alone. */
const OF_ADMIN: Readonly<Record<string, BuiltinRole>> = {
  readAnyDatabase: {
    roles: [],
    privileges: [...may(READ, NORMAL, everywhere('system.js')), ...may(['listDatabases'], CLUSTER)],
  },
  readWriteAnyDatabase: {
    roles: inAdmin('readAnyDatabase'),
    privileges: may(READ_WRITE, NORMAL, everywhere('system.js')),
  },
  userAdminAnyDatabase: {
    roles: [],
    privileges: [
      ...may([...USER_ADMIN, 'listCachedAndActiveUsers'], NORMAL),
      ...may(USER_ADMIN, database('local'), database('config')),
      ...may(['listDatabases', 'authSchemaUpgrade', 'invalidateUserCache', 'viewUser'], CLUSTER),
      ...may(USERS_AND_INDEXES, namespace('admin', 'system.users'), namespace('admin', 'system.roles')),
      ...may(READ, everywhere('system.users')),
      ...may(READ, namespace('admin', 'system.version'), namespace('admin', 'system.backup_users')),
    ],
  },
  dbAdminAnyDatabase: {
    roles: [],
    privileges: [
      ...may(['listDatabases', 'applyOps'], CLUSTER),
      ...may(DB_ADMIN, NORMAL),
      ...may(PROFILE_ADMIN, everywhere('system.profile')),
    ],
  },
  clusterMonitor: {
    roles: [
      { name: 'read', db: 'config' },
      { name: 'read', db: 'local' },
    ],
    privileges: [
      ...may(MONITOR_CLUSTER, CLUSTER),
      ...may(MONITOR_DATABASE, NORMAL, database('config'), database('local'), namespace('config', 'system.sessions')),
      ...may(['find'], namespace('local', 'system.replset'), ...ELECTIONS, everywhere('system.profile')),
    ],
  },
  hostManager: { roles: [], privileges: [...may(HOST_CLUSTER, CLUSTER), ...may(['killCursors'], NORMAL)] },
  clusterManager: {
    roles: [{ name: 'read', db: 'config' }],
    privileges: [
      ...may(MANAGER_CLUSTER, CLUSTER),
      ...may(MANAGER_DATABASE, NORMAL, database('config'), database('local')),
      ...may(READ, namespace('local', 'system.replset'), namespace('local', 'system.healthlog')),
      ...may(['dbCheck'], ANY),
      ...may(['insert', 'update', 'remove'], database('config'), database('local'), ...ELECTIONS),
    ],
  },
  clusterAdmin: {
    roles: inAdmin('clusterMonitor', 'hostManager', 'clusterManager'),
    privileges: [...may(['dropDatabase'], NORMAL), ...may(['importCollection', 'exportCollection'], ANY)],
  },
  backup: {
    roles: [],
    privileges: [
      ...may(['collStats', 'listCollections', 'listIndexes', 'listSearchIndexes'], ANY),
      ...may(['find'], NORMAL, database('config'), database('local'), ...ELECTIONS),
      ...may(['find'], everywhere('system.js'), everywhere('system.users'), everywhere('system.profile')),
      ...may(['find'], ...['system.backup_users', 'system.roles', 'system.version'].map((c) => namespace('admin', c))),
      ...may(['find', 'insert', 'update'], namespace('config', 'settings')),
      ...may(
        ['appendOplogNote', 'getParameter', 'listDatabases', 'serverStatus', 'setUserWriteBlockMode', 'useUUID'],
        CLUSTER,
      ),
    ],
  },
  restore: {
    roles: [],
    privileges: [
      ...may(RESTORE_CLUSTER, CLUSTER),
      ...may(RESTORE, database('local'), database('config'), namespace('local', 'system.replset'), ...ELECTIONS),
      ...may(RESTORE, everywhere('system.js'), namespace('admin', 'system.backup_users')),
      ...may(['listCollections'], ANY),
      ...may([...RESTORE, ...USER_ADMIN], NORMAL),
      ...may(['find'], namespace('admin', 'tempusers'), namespace('admin', 'temproles')),
      ...may([...RESTORE, 'find'], namespace('admin', 'system.version')),
      ...may([...RESTORE, 'find', 'update', 'remove'], everywhere('system.users')),
      ...may(['createIndex'], namespace('admin', 'system.roles')),
    ],
  },
  root: {
    roles: inAdmin(
      'clusterAdmin',
      'userAdminAnyDatabase',
      'dbAdminAnyDatabase',
      'readWriteAnyDatabase',
      'backup',
      'restore',
    ),
    privileges: [
      ...may(['validate'], ANY),
      ...may(['useTenant', 'issueDirectShardOperations'], CLUSTER),
      ...may(['find', 'remove'], namespace('config', 'system.preimages')),
    ],
  },
};

/** The built-in role of that name, null where the database has none. */
export function builtinRole({ name, db }: AccessName): BuiltinRole | null {
  if (Object.hasOwn(OF_DATABASE, name)) return OF_DATABASE[name]?.(db) ?? null;
  return db === 'admin' && Object.hasOwn(OF_ADMIN, name) ? (OF_ADMIN[name] ?? null) : null;
}

/** The names of the built-in roles of a database. */
export function builtinRoleNames(db: string): readonly AccessName[] {
  const names = [...Object.keys(OF_DATABASE), ...(db === 'admin' ? Object.keys(OF_ADMIN) : [])];
  return names.sort().map((name) => ({ name, db }));
}
