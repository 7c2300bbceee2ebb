import type { Collection, Db, Document, IndexDescription } from 'mongodb';

/**
 * A document as the driver hands it over, before a schema has looked at it. Ids are text here: Runledger gives every
 * document that it writes a text id, and one that is not is listed as malformed.
 */
export interface RawDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** The collections by their canonical names. */
export interface Collections {
  readonly jobs: Collection<RawDocument>;
  readonly accounts: Collection<RawDocument>;
  readonly ledger: Collection<RawDocument>;
  readonly runners: Collection<RawDocument>;
}

export const COLLECTION_NAMES = {
  jobs: 'jobs',
  accounts: 'credit_accounts',
  ledger: 'credit_ledger',
  runners: 'runner_nodes',
} as const satisfies Record<keyof Collections, string>;

/**
 * Whatever decides money, a lease or a role is read and written with majority and journal, and read where it is written, whatever
 * an address says: a secondary that is behind would call an entry missing that an account has had long ago, and it would be posted
 * again. On a standalone server both concerns come down to what that server itself can promise.
 */
export const DURABLE = {
  readPreference: 'primary',
  writeConcern: { w: 'majority', j: true },
  readConcern: { level: 'majority' },
} as const;

/** Opens the collections as {@link DURABLE}. */
export function openCollections(db: Db): Collections {
  const options = DURABLE;
  return {
    jobs: db.collection<RawDocument>(COLLECTION_NAMES.jobs, options),
    accounts: db.collection<RawDocument>(COLLECTION_NAMES.accounts, options),
    ledger: db.collection<RawDocument>(COLLECTION_NAMES.ledger, options),
    runners: db.collection<RawDocument>(COLLECTION_NAMES.runners, options),
  };
}

/**
 * The stage of a database's stream that leaves the events of collections: their own, those of one that takes the name of one of them,
 * because what stood there goes without an event of its own (`renameCollection` with `dropTarget`, `$out`), and the end of the database,
 * which ends the stream too (https://www.mongodb.com/docs/manual/reference/change-events/invalidate/).
 */
export function eventsOf(names: readonly unknown[]): Document {
  return {
    $match: {
      $or: [{ 'ns.coll': { $in: names } }, { 'to.coll': { $in: names } }, { operationType: 'dropDatabase' }],
    },
  };
}

/** An index that Runledger needs, with a name of its own so that it is recognised. */
export interface NeededIndex extends IndexDescription {
  readonly name: string;
}

/** What each collection needs, and what for. */
export const NEEDED_INDEXES: Readonly<Record<keyof Collections, readonly NeededIndex[]>> = {
  jobs: [
    // Claims: due jobs of a state by priority, then due time.
    { name: 'rl_claim', key: { state: 1, priority: -1, notBefore: 1, _id: 1 } },
    // Turns: the same of the workspaces behind one that floods the queue.
    { name: 'rl_turns', key: { state: 1, workspaceId: 1, priority: -1, notBefore: 1 } },
    // Rescues: leases by their end.
    { name: 'rl_lease', key: { state: 1, 'lease.expiresAt': 1 } },
    // Sweeps: jobs that owe entries. Multikey; a job that owes nothing is not in it.
    { name: 'rl_pending', key: { 'billing.pending.at': 1 }, sparse: true },
    // Snapshot and polling.
    { name: 'rl_updated', key: { updatedAt: 1, _id: 1 } },
  ],
  accounts: [],
  ledger: [
    { name: 'rl_generation', key: { generationId: 1 } },
    { name: 'rl_job', key: { jobId: 1 } },
    { name: 'rl_workspace_time', key: { workspaceId: 1, at: 1 } },
    { name: 'rl_time', key: { at: 1, _id: 1 } },
  ],
  runners: [{ name: 'rl_heartbeat', key: { heartbeatAt: 1 } }],
};
