import { z } from 'zod';
import type { Permission } from './people.ts';

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

/** What something needs that writes: never nothing. */
export type NeededPrivileges = readonly [NeededPrivilege, ...NeededPrivilege[]];

/** Posting to accounts: what every charge, release, refund and mend does. */
const POSTING = [
  { collection: 'jobs', actions: ['update'] },
  { collection: 'credit_accounts', actions: ['insert', 'update'] },
  { collection: 'credit_ledger', actions: ['insert'] },
] as const satisfies NeededPrivileges;

/**
 * What each thing that somebody does writes on the server, by canonical collection name. Requests of the contract name one of
 * these; whoever lacks a part of it is refused that request, and nothing else.
 */
export const WRITES = {
  /** An edited job is a job of its own. Nothing is posted: a retried job's reservation is made by the runner that claims it. */
  retry: [{ collection: 'jobs', actions: ['insert', 'update'] }],
  cancel: POSTING,
  decideFailures: [{ collection: 'failure_groups', actions: ['insert', 'update'] }],
  makePlan: [
    { collection: 'retry_plans', actions: ['insert'] },
    { collection: 'retry_plan_items', actions: ['insert', 'update'] },
  ],
  changePlan: [{ collection: 'retry_plans', actions: ['update'] }],
  runPlan: [
    { collection: 'retry_plans', actions: ['update'] },
    { collection: 'retry_plan_outcomes', actions: ['insert', 'update'] },
    { collection: 'jobs', actions: ['update'] },
  ],
  reviewFindings: [{ collection: 'reconciliations', actions: ['insert', 'update'] }],
  proposeMends: [{ collection: 'adjustments', actions: ['insert'] }],
  decideMends: [{ collection: 'adjustments', actions: ['update'] }],
  postMends: [{ collection: 'adjustments', actions: ['update'] }, ...POSTING],
  closeMonth: [
    { collection: 'periods', actions: ['insert'] },
    { collection: 'period_entries', actions: ['insert', 'update'] },
  ],
  importInvoice: [{ collection: 'provider_invoices', actions: ['insert'] }],
  removeInvoice: [{ collection: 'provider_invoices', actions: ['remove'] }],
  putPolicy: [{ collection: 'retry_policies', actions: ['insert'] }],
  putRedaction: [{ collection: 'redaction_rules', actions: ['insert'] }],
  setPeople: [{ collection: 'console_people', actions: ['insert', 'update', 'remove'] }],
  wishOfRunner: [{ collection: 'runner_nodes', actions: ['update'] }],
  setLimits: [{ collection: 'runner_limits', actions: ['insert', 'update'] }],
  run: [
    ...POSTING,
    { collection: 'runner_nodes', actions: ['insert', 'update'] },
    { collection: 'runner_limits', actions: ['insert', 'update'] },
  ],
} as const satisfies Readonly<Record<string, NeededPrivileges>>;

/** Writes that each permission's requests do, together. What writes nothing needs nothing. */
export const WRITES_OF: Readonly<Record<Permission, readonly NeededPrivilege[]>> = {
  view: [],
  payload: [],
  export: [],
  retry: [...WRITES.retry, ...WRITES.cancel, ...WRITES.decideFailures, ...WRITES.makePlan, ...WRITES.runPlan],
  money: [
    ...WRITES.reviewFindings,
    ...WRITES.proposeMends,
    ...WRITES.postMends,
    ...WRITES.closeMonth,
    ...WRITES.importInvoice,
    ...WRITES.removeInvoice,
  ],
  policy: [...WRITES.putPolicy, ...WRITES.putRedaction, ...WRITES.setPeople],
  runner: WRITES.run,
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

function covers({ resource, actions }: Privilege, action: string, dbName: string, collection: string): boolean {
  if (!actions.includes(action) && !actions.includes('anyAction')) return false;
  if (resource.anyResource === true) return true;
  if (resource.db === undefined || resource.collection === undefined) return false;
  return (
    (resource.db === '' || resource.db === dbName) && (resource.collection === '' || resource.collection === collection)
  );
}
