import fc from 'fast-check';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LeasedJob } from '#domain/job.ts';
import { planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { openCollections, type RawDocument } from '#store/collections.ts';
import type { WritableStore } from '#store/ports.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate } from '../../support/model-driver.ts';
import { openModelStore } from '../../support/model-store.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/**
 * The deployment in memory that the simulation runs on is held against a server: the same calls of the store, and the same
 * calls of the driver, leave the same documents and give the same answers on both.
 */
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(() => clear());

async function clear(): Promise<void> {
  const db = server.client.db(server.dbName);
  for (const name of ['jobs', 'credit_accounts', 'credit_ledger']) await db.collection(name).deleteMany({});
}

/** A value without what differs between two runs: times, and ids that were made up. */
function timeless(value: unknown): unknown {
  if (value instanceof Date) return '(time)';
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // What an account has posted is cleared some time later, when nobody writes it any more: not at the same moment on both sides.
      .filter(([name]) => name !== 'claimId' && name !== 'posting')
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, field]) => [name, timeless(field)]),
  );
}

function byId(documents: readonly RawDocument[]): unknown {
  return timeless(documents.toSorted((left, right) => (left._id < right._id ? -1 : 1)));
}

type Call =
  | { readonly type: 'insert'; readonly job: number; readonly price: number }
  | { readonly type: 'grant'; readonly credits: number; readonly n: number }
  | { readonly type: 'reserve' | 'settle' | 'rescue' | 'sweep' | 'unblock' }
  | { readonly type: 'claim'; readonly limit: number; readonly isExpired: boolean }
  | { readonly type: 'change'; readonly event: 'generated' | 'complete' | 'defer' | 'fail'; readonly pick: number }
  | { readonly type: 'beat' | 'accept' | 'progress'; readonly pick: number };

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ type: fc.constant('insert' as const), job: fc.nat({ max: 4 }), price: fc.constantFrom(0, 50, 100) }),
  fc.record({ type: fc.constant('grant' as const), credits: fc.nat({ max: 200 }), n: fc.nat({ max: 3 }) }),
  fc.record({
    type: fc.constantFrom(
      'reserve' as const,
      'settle' as const,
      'rescue' as const,
      'sweep' as const,
      'unblock' as const,
    ),
  }),
  fc.record({ type: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 3 }), isExpired: fc.boolean() }),
  fc.record({
    type: fc.constant('change' as const),
    event: fc.constantFrom('generated' as const, 'complete' as const, 'defer' as const, 'fail' as const),
    pick: fc.nat({ max: 3 }),
  }),
  fc.record({
    type: fc.constantFrom('beat' as const, 'accept' as const, 'progress' as const),
    pick: fc.nat({ max: 3 }),
  }),
);

const EVENTS: Readonly<Record<string, JobEvent>> = {
  generated: { type: 'generated' },
  complete: {
    type: 'complete',
    output: { uri: '$uri', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
    validation: { passed: true, checks: [] },
    providerCost: 5,
    finalCredits: 40,
  },
  defer: {
    type: 'defer',
    failure: { class: 'temporary', code: 'http_503', message: '$$NOW' },
    delayMs: 0,
    providerCost: null,
    validation: null,
  },
  fail: {
    type: 'fail',
    failure: { class: 'input', code: 'http_400', message: 'no' },
    charge: 'release',
    providerCost: null,
    validation: null,
  },
};

/** One side of the comparison: the store, and the jobs that it claimed, as they were then. */
interface Side {
  readonly store: WritableStore;
  readonly claimed: LeasedJob[];
}

function planned(job: LeasedJob, event: JobEvent): JobChange | null {
  const context = { actor: { type: 'runner', id: '$r' }, reason: '$reason', policyVersion: 1 } as const;
  const change = planChange(job, event, context);
  return change.ok ? change.value : null;
}

async function make({ store, claimed }: Side, step: Call): Promise<unknown> {
  const picked = 'pick' in step ? claimed[step.pick % Math.max(claimed.length, 1)] : undefined;
  const lease = picked === undefined ? null : { jobId: picked._id, token: picked.lease.token };
  switch (step.type) {
    case 'insert':
      return store.insertJobs([queuedJob({ id: `j${step.job}`, priceCredits: step.price })]);
    case 'grant':
      return store.postEntry(grant('w1', step.credits, step.n));
    case 'reserve':
      return store.reserveDue({ limit: 3 });
    case 'settle':
      return store.settle(['j0', 'j1', 'j2', 'j3', 'j4']);
    case 'rescue': {
      const defer = EVENTS['defer'];
      return store.rescueExpired({ limit: 5, decide: (job) => (defer === undefined ? null : planned(job, defer)) });
    }
    case 'sweep':
      return store.sweep({ limit: 5, olderThanMs: -60_000, isDryRun: false });
    case 'unblock':
      return store.unblock('w1');
    case 'claim': {
      const leaseMs = step.isExpired ? -60_000 : 60_000;
      const result = await store.claimBatch({ runnerId: '$r', limit: step.limit, leaseMs });
      const jobs = (result.ok ? result.value : []).toSorted((left, right) => (left._id < right._id ? -1 : 1));
      claimed.push(...jobs);
      return jobs;
    }
    case 'change': {
      const event = EVENTS[step.event];
      const change = picked === undefined || event === undefined ? null : planned(picked, event);
      return change === null ? null : store.applyChanges([change, change]);
    }
    case 'beat':
      return lease === null ? null : store.heartbeat([lease, { jobId: 'j9', token: 1 }], 60_000);
    case 'accept':
      return lease === null ? null : store.recordAcceptance(lease, '$acceptance');
    case 'progress':
      return lease === null ? null : store.recordProgress([{ ...lease, fraction: 0.5, message: '$m' }]);
  }
}

describe('the deployment in memory', () => {
  it('gives the same answers and is left with the same documents as a server, whatever the store is asked to do', async () => {
    const db = server.client.db(server.dbName);
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (steps) => {
        await clear();
        const deployment = new ModelDeployment(Date.now());
        const sides: readonly Side[] = [
          { store: (await server.openStore()).writer, claimed: [] },
          { store: openModelStore(deployment), claimed: [] },
        ];
        for (const step of steps) {
          const [real, model] = await Promise.all(sides.map((side) => make(side, step)));
          expect({ step, answer: timeless(model) }).toEqual({ step, answer: timeless(real) });
          const stored = openCollections(db);
          expect(byId([...deployment.jobs.documents.values()])).toEqual(byId(await stored.jobs.find().toArray()));
        }
        const stored = openCollections(db);
        expect(byId([...deployment.accounts.documents.values()])).toEqual(byId(await stored.accounts.find().toArray()));
        expect(byId([...deployment.ledger.documents.values()])).toEqual(byId(await stored.ledger.find().toArray()));
      }),
      { numRuns: 25 },
    );
  });

  const AT = new Date('2026-10-01T00:00:00Z');
  const documents: readonly RawDocument[] = [
    { _id: 'a', n: 1, pending: [], at: AT, nested: { list: [{ at: AT }] } },
    { _id: 'b', n: 2, pending: [{ key: 'x', at: AT }], at: new Date(0), nested: null },
    { _id: 'c', n: null, at: null, map: { k: 1 } },
    { _id: 'd', map: {}, nested: { list: [] } },
  ];

  it.each<{ filter: Document }>([
    { filter: { n: null } },
    { filter: { n: { $in: [1, null] } } },
    { filter: { n: { $ne: null } } },
    { filter: { n: { $gt: 0 } } },
    { filter: { n: { $lte: 1 } } },
    { filter: { n: { $nin: [1] } } },
    { filter: { at: AT } },
    { filter: { at: { $lt: AT } } },
    { filter: { at: { $lte: AT } } },
    { filter: { pending: { $size: 0 } } },
    { filter: { 'pending.0': { $exists: true } } },
    { filter: { 'pending.key': 'x' } },
    { filter: { 'pending.at': { $lt: new Date('2027-01-01') } } },
    { filter: { 'nested.list.at': { $lte: AT } } },
    { filter: { map: { $exists: true, $ne: {} } } },
    { filter: { $or: [{ n: 2 }, { 'map.k': 1 }] } },
    { filter: { $and: [{ n: { $gt: 0 } }, { _id: { $nin: ['a'] } }] } },
    { filter: { _id: { $in: ['a', 'd', 'z'] }, n: 1 } },
  ])('meets the filter $filter with the same documents as a server', async ({ filter }) => {
    const deployment = new ModelDeployment(0);
    const [stored, model] = [openCollections(server.client.db(server.dbName)), connectTo(deployment, openGate)];
    for (const { jobs } of [stored, model]) await jobs.insertMany([...documents]);
    const found = await Promise.all([stored, model].map(({ jobs }) => jobs.find(filter).sort({ _id: 1 }).toArray()));
    expect(found[1]).toEqual(found[0]);
  });

  it('refuses ids that it has, inserts the others, and says so as a server does', async () => {
    const deployment = new ModelDeployment(0);
    const sides = [openCollections(server.client.db(server.dbName)), connectTo(deployment, openGate)];
    const answers = await Promise.all(
      sides.map(async ({ jobs }) => {
        await jobs.insertMany([{ _id: 'a' }]);
        const error: unknown = await jobs
          .insertMany([{ _id: 'a' }, { _id: 'b' }], { ordered: false })
          .catch((cause: unknown) => cause);
        const left = await jobs.find().sort({ _id: 1 }).toArray();
        return { name: error instanceof Error ? error.name : '', code: (error as { code?: unknown }).code, left };
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
  });
});
