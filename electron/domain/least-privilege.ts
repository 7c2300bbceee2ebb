import { MAPPED_PARTS } from './mapping/canonical-fields.ts';
import { NO_MAPPING, type JobMapping } from './mapping/job-mapping.ts';
import type { Role } from './people.ts';
import { PERMISSIONS_OF } from './people.ts';
import { WRITES, WRITES_OF, type NeededPrivilege } from './privileges.ts';

/** A role of MongoDB as its `createRole` takes it, in the database that it is about. */
export interface ServerRole {
  readonly createRole: string;
  readonly privileges: readonly {
    readonly resource: { readonly db: string; readonly collection: string };
    readonly actions: readonly string[];
  }[];
  readonly roles: readonly { readonly role: string; readonly db: string }[];
}

/** Who a role of the server is for: a person's role, or a machine that runs jobs. */
export type RoleHolder = Role | 'runner';

/** What every console does besides reading: it records what is done. */
const RECORDING: readonly NeededPrivilege[] = [
  { collection: 'console_audit', actions: ['insert'] },
  { collection: 'console_audit_heads', actions: ['insert', 'update'] },
];

/** What is done once, before the first runner: collections and indexes. */
const INDEXED = ['jobs', 'credit_accounts', 'credit_ledger', 'runner_nodes'] as const;

/** The name of a holder's role on the server. */
export function serverRoleName(holder: RoleHolder): string {
  return `runledger_${holder}`;
}

/**
 * The least that each holder needs on the server, as MongoDB's custom roles
 * (https://www.mongodb.com/docs/manual/core/security-user-defined-roles/). Reading is for the whole database, because a stream of
 * a database's changes needs it; what may be written is named collection by collection. The first one is inherited by the rest.
 * @param mapping what the collections are called there, where they are not Runledger's own
 */
export function leastPrivilegeRoles(dbName: string, mapping: JobMapping = NO_MAPPING): readonly ServerRole[] {
  const theirs = new Map(MAPPED_PARTS.map((part) => [NO_MAPPING.collections[part], mapping.collections[part]]));
  const viewer = serverRoleName('viewer');
  const inherited = [{ role: viewer, db: dbName }];
  const role = (holder: RoleHolder, writes: readonly NeededPrivilege[]): ServerRole => ({
    createRole: serverRoleName(holder),
    privileges: merged(writes).map(({ collection, actions }) => ({
      resource: { db: dbName, collection: theirs.get(collection) ?? collection },
      actions,
    })),
    roles: holder === 'viewer' ? [] : inherited,
  });
  const base = role('viewer', RECORDING);
  const reading = {
    resource: { db: dbName, collection: '' },
    actions: ['find', 'changeStream', 'listCollections', 'listIndexes'],
  };
  const writesOf = (holder: Role): readonly NeededPrivilege[] =>
    PERMISSIONS_OF[holder].flatMap((permission) => WRITES_OF[permission]);
  return [
    { ...base, privileges: [reading, ...base.privileges] },
    role('support', writesOf('support')),
    role('finance', writesOf('finance')),
    role('founder', [
      ...writesOf('founder'),
      ...INDEXED.map((collection) => ({ collection, actions: ['createCollection', 'createIndex'] })),
    ]),
    role('runner', WRITES.run),
  ];
}

/** One entry a collection, actions in order and once. */
function merged(needed: readonly NeededPrivilege[]): readonly NeededPrivilege[] {
  const actionsOf = new Map<string, Set<string>>();
  for (const { collection, actions } of needed) {
    const known = actionsOf.get(collection) ?? new Set();
    actions.forEach((action) => known.add(action));
    actionsOf.set(collection, known);
  }
  return [...actionsOf].map(([collection, actions]) => ({ collection, actions: [...actions].sort() }));
}

/** The roles as lines for mongosh, to be run by somebody who may administer users of the database. */
export function roleScript(dbName: string, mapping: JobMapping = NO_MAPPING): string {
  const lines = leastPrivilegeRoles(dbName, mapping).map(
    (role) => `db.getSiblingDB(${JSON.stringify(dbName)}).runCommand(${JSON.stringify(role)})`,
  );
  return `${lines.join('\n')}\n`;
}
