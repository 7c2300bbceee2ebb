import { z } from 'zod';
import { permissionSchema, type Permission } from './people.ts';

/**
 * A privilege as MongoDB's `connectionStatus` shows it. An empty database or collection name stands for any
 * (https://www.mongodb.com/docs/manual/reference/resource-document/).
 */
export const privilegeSchema = z.looseObject({
  resource: z.looseObject({
    db: z.string().optional(),
    collection: z.string().optional(),
    cluster: z.boolean().optional(),
    anyResource: z.boolean().optional(),
  }),
  actions: z.array(z.string()),
});
export type Privilege = z.infer<typeof privilegeSchema>;

/** Actions on one collection that something needs. */
export interface NeededPrivilege {
  readonly collection: string;
  readonly actions: readonly string[];
}

/** Writes that each permission's requests do, by canonical collection name. What writes nothing needs nothing. */
export const WRITES_OF: Readonly<Record<Permission, readonly NeededPrivilege[]>> = {
  view: [],
  payload: [],
  export: [],
  retry: [
    { collection: 'retry_plans', actions: ['insert', 'update'] },
    { collection: 'retry_plan_items', actions: ['insert', 'update'] },
    { collection: 'retry_plan_outcomes', actions: ['insert', 'update'] },
    { collection: 'jobs', actions: ['insert', 'update'] },
    { collection: 'credit_accounts', actions: ['insert', 'update'] },
    { collection: 'credit_ledger', actions: ['insert'] },
  ],
  money: [
    { collection: 'jobs', actions: ['update'] },
    { collection: 'credit_accounts', actions: ['insert', 'update'] },
    { collection: 'credit_ledger', actions: ['insert'] },
    { collection: 'adjustments', actions: ['insert', 'update'] },
    { collection: 'periods', actions: ['insert'] },
    { collection: 'period_entries', actions: ['insert', 'update'] },
    { collection: 'reconciliations', actions: ['insert', 'update'] },
    { collection: 'provider_invoices', actions: ['insert', 'remove'] },
  ],
  policy: [
    { collection: 'retry_policies', actions: ['insert'] },
    { collection: 'redaction_rules', actions: ['insert'] },
    { collection: 'console_people', actions: ['insert', 'update', 'remove'] },
  ],
  runner: [
    { collection: 'runner_nodes', actions: ['insert', 'update'] },
    { collection: 'runner_limits', actions: ['insert', 'update'] },
  ],
};

/** What everybody who looks needs to read. */
export const READS: readonly NeededPrivilege[] = [
  'jobs',
  'credit_accounts',
  'credit_ledger',
  'runner_nodes',
  'runner_limits',
].map((collection) => ({ collection, actions: ['find'] }));

/**
 * The needed actions that no privilege covers, each as `action on collection`.
 * @param privileges null where the server asks nobody to log in: then everything is covered
 */
export function missingPrivileges(
  needed: readonly NeededPrivilege[],
  privileges: readonly Privilege[] | null,
  dbName: string,
): readonly string[] {
  if (privileges === null) return [];
  return needed.flatMap(({ collection, actions }) =>
    actions
      .filter((action) => !privileges.some((privilege) => covers(privilege, action, dbName, collection)))
      .map((action) => `${action} on ${collection}`),
  );
}

/** Of each permission, what its writing requests lack; permissions that lack nothing are left out. */
export function missingByPermission(
  privileges: readonly Privilege[] | null,
  dbName: string,
): Readonly<Partial<Record<Permission, readonly string[]>>> {
  return Object.fromEntries(
    permissionSchema.options
      .map((permission) => [permission, missingPrivileges(WRITES_OF[permission], privileges, dbName)] as const)
      .filter(([, missing]) => missing.length > 0),
  );
}

function covers({ resource, actions }: Privilege, action: string, dbName: string, collection: string): boolean {
  if (!actions.includes(action) && !actions.includes('anyAction')) return false;
  if (resource.anyResource === true) return true;
  if (resource.db === undefined || resource.collection === undefined) return false;
  return (
    (resource.db === '' || resource.db === dbName) && (resource.collection === '' || resource.collection === collection)
  );
}
