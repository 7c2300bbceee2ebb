import { MongoServerError } from 'mongodb';
import { describe, expect, it, vi } from 'vitest';
import type { LeasedJob } from '#domain/job.ts';
import { planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob, type NewJob } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { openModelStore, readModelBooks } from '../../support/model-store.ts';

const START = new Date('2026-10-01T09:00:00Z');

interface World {
  readonly store: ReturnType<typeof openModelStore>;
  readonly deployment: ModelDeployment;
}

async function setup(jobs: readonly NewJob[]): Promise<World> {
  const deployment = new ModelDeployment(START.getTime() + 3_600_000);
  const store = openModelStore(deployment);
  for (const workspaceId of new Set(jobs.map((job) => job.workspaceId ?? 'w1'))) {
    expectOk(await store.postEntry(grant(workspaceId, 10_000)));
  }
  expectOk(await store.insertJobs(jobs.map(queuedJob)));
  return { store, deployment };
}

/** Puts a document beside the jobs that differs from one in a field. */
function plant(deployment: ModelDeployment, id: string, fields: Record<string, unknown>): void {
  deployment.jobs.insert({ ...queuedJob({ id, priority: 9, priceCredits: 0 }), ...fields });
}

function plan(job: LeasedJob, event: JobEvent): JobChange {
  const context = { actor: { type: 'runner', id: 'r1' }, reason: 'test', policyVersion: 1 } as const;
  return expectOk(planChange(job, event, context));
}

const DEFER: JobEvent = {
  type: 'defer',
  failure: { class: 'temporary', code: 'lease_expired', message: 'gone' },
  delayMs: 0,
  providerCost: null,
  validation: null,
};
const FAIL: JobEvent = { ...DEFER, type: 'fail', charge: 'release' };

describe('documents that are no jobs', () => {
  const billing = { ...queuedJob({ id: 'x' }).billing };

  it.each([
    { attempt: 'first' },
    { version: null, attempt: {} },
    { history: 'long' },
    { leaseToken: 'abc' },
    { attempts: 7 },
  ])('with %o never stop the others from being claimed', async (fields) => {
    const { store, deployment } = await setup([{ id: 'good' }]);
    for (let n = 0; n < 3; n += 1) plant(deployment, `bad${n}`, fields);
    expectOk(await store.reserveDue({ limit: 10 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 2, leaseMs: 30_000 }));
    expect(claimed.map((job) => job._id)).toEqual(['good']);
  });

  it('never stop the others from being reserved, however many they are', async () => {
    const { store, deployment } = await setup([{ id: 'good' }]);
    for (let n = 0; n < 20; n += 1) plant(deployment, `bad${n}`, { billing, kind: 7 });
    expectOk(await store.reserveDue({ limit: 5 }));
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { reserved: 100 } });
  });

  it('never stop the others from being rescued, however many they are', async () => {
    const { store, deployment } = await setup([{ id: 'good' }]);
    const lease = { runnerId: 'r0', token: 1, expiresAt: START, heartbeatAt: START };
    for (let n = 0; n < 20; n += 1) plant(deployment, `bad${n}`, { state: 'running', lease, kind: 7 });
    expectOk(await store.reserveDue({ limit: 30 }));
    expectOk(await store.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 1000 }));
    deployment.nowMs += 60_000;
    const rescued = await store.rescueExpired({ limit: 5, decide: (job) => plan(job, DEFER) });
    expect(expectOk(rescued)).toBe(1);
    expect(deployment.jobs.documents.get('good')).toMatchObject({ state: 'retrying' });
  });

  it('as an account leave the entries of other workspaces to be posted', async () => {
    const { store, deployment } = await setup([{ id: 'good' }, { id: 'stuck', workspaceId: 'broken' }]);
    deployment.accounts.updateOne({ _id: 'broken' }, { $set: { available: 'plenty' } });
    const outcome = expectOk(await store.reserveDue({ limit: 10 }));
    expect(outcome.reserved).toBe(1);
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { reserved: 100, status: 'reserved' } });
    expect(deployment.jobs.documents.get('stuck')).toMatchObject({ billing: { reserved: 0, status: 'unknown' } });
  });

  it('a charge that stays unknown does not hide what a sweep could settle', async () => {
    const jobs = Array.from({ length: 5 }, (_, n) => ({ id: `stuck${n}`, workspaceId: 'broken' }));
    const { store, deployment } = await setup([...jobs, { id: 'good' }]);
    expectOk(await store.reserveDue({ limit: 10 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 30_000 }));
    deployment.accounts.updateOne({ _id: 'broken' }, { $set: { available: 'plenty' } });
    const [good, ...others] = claimed.toSorted((left, right) => (left._id < right._id ? -1 : 1));
    if (good === undefined) throw new Error('nothing was claimed');
    expectOk(await store.applyChanges(others.map((job) => plan(job, FAIL))));
    deployment.nowMs += 60_000;
    expectOk(await store.applyChanges([plan(good, FAIL)]));
    deployment.nowMs += 60_000;
    for (let round = 0; round < 2; round += 1) {
      expectOk(await store.sweep({ limit: 3, olderThanMs: 1000, isDryRun: false }));
    }
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { pending: [], status: 'not_charged' } });
  });
});

describe('a job whose customer sent a field by which the driver tells its own values', () => {
  it.each([{ _bsontype: 'ObjectId' }, { deep: [{ _bsontype: 'Foo', at: START }] }, { _bsontype: 5 }])(
    'is paid for, claimed and rescued as any other (%o)',
    async (options) => {
      const { store, deployment } = await setup([{ id: 'good' }, { id: 'odd', options }]);
      expectOk(await store.reserveDue({ limit: 1 }));
      const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 2, leaseMs: 1000 }));
      expect(claimed.map(({ _id }) => _id).sort()).toEqual(['good', 'odd']);
      deployment.nowMs += 60_000;
      expect(expectOk(await store.rescueExpired({ limit: 5, decide: (job) => plan(job, DEFER) }))).toBe(2);
    },
  );
});

describe('what a sweep cannot settle', () => {
  /** Jobs that failed and owe a release, swept some times after something was done to them. */
  async function sweptAfter(
    jobs: readonly NewJob[],
    spoil: (deployment: ModelDeployment) => void,
  ): Promise<ModelDeployment> {
    const { store, deployment } = await setup(jobs);
    expectOk(await store.reserveDue({ limit: 20 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 20, leaseMs: 30_000 }));
    expectOk(await store.applyChanges(claimed.map((job) => plan(job, FAIL))));
    spoil(deployment);
    deployment.nowMs += 60_000;
    for (let round = 0; round < 5; round += 1) {
      expectOk(await store.sweep({ limit: 3, olderThanMs: 1000, isDryRun: false }));
    }
    return deployment;
  }

  const stuck = Array.from({ length: 5 }, (_, n) => ({ id: `a${n}`, workspaceId: 'broken' }));
  const SETTLED = { billing: { pending: [], status: 'not_charged' } };

  it('does not hide an unknown charge that it can', async () => {
    const deployment = await sweptAfter([...stuck, { id: 'good' }], ({ accounts, jobs }) => {
      accounts.updateOne({ _id: 'broken' }, { $set: { available: 'plenty' } });
      for (const _id of jobs.documents.keys()) jobs.updateOne({ _id }, { $set: { 'billing.status': 'unknown' } });
    });
    expect(deployment.jobs.documents.get('good')).toMatchObject(SETTLED);
    expect(deployment.jobs.documents.get('a0')).toMatchObject({ billing: { status: 'unknown' } });
  });

  it('does not hide what it can, where it is no entry', async () => {
    const deployment = await sweptAfter([...stuck, { id: 'good' }], ({ jobs }) => {
      for (const { id } of stuck) jobs.updateOne({ _id: id }, { $set: { 'billing.generationId': 7 } });
    });
    expect(deployment.jobs.documents.get('good')).toMatchObject(SETTLED);
  });
});

describe('a document that the server refuses to write', () => {
  it('never keeps a sweep from settling the others', async () => {
    const { store, deployment } = await setup([{ id: 'a' }, { id: 'good' }]);
    expectOk(await store.reserveDue({ limit: 10 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 30_000 }));
    expectOk(await store.applyChanges(claimed.map((job) => plan(job, FAIL))));
    deployment.jobs.updateOne({ _id: 'a' }, { $set: { version: 'first' } });
    deployment.nowMs += 60_000;
    expectOk(await store.sweep({ limit: 10, olderThanMs: 1000, isDryRun: false }));
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { pending: [], status: 'not_charged' } });
    expect(deployment.jobs.documents.get('a')).toMatchObject({ billing: { pending: [{ type: 'release' }] } });
  });
});

describe('a lease that the server refuses to prolong', () => {
  it('counts as lost, and keeps no other of the same heartbeat from being prolonged', async () => {
    const { store, deployment } = await setup([{ id: 'a' }, { id: 'good' }]);
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 30_000 }));
    const write = deployment.jobs.updateOne.bind(deployment.jobs);
    vi.spyOn(deployment.jobs, 'updateOne').mockImplementation((filter, update) => {
      if (filter['_id'] === 'a') throw new MongoServerError({ message: 'Document failed validation', code: 121 });
      return write(filter, update);
    });
    deployment.nowMs += 10_000;
    const leases = claimed.map((job) => ({ jobId: job._id, token: job.lease.token }));
    const lost = expectOk(await store.heartbeat(leases, 30_000));
    expect(lost.map(({ jobId }) => jobId)).toEqual(['a']);
    const { jobs } = readModelBooks(deployment);
    expect(jobs.find(({ _id }) => _id === 'good')?.lease?.heartbeatAt).toEqual(new Date(deployment.nowMs));
  });
});

describe('an account that the server refuses to write', () => {
  /** As one that has come to more than a document may hold. */
  function refuse({ accounts }: ModelDeployment): void {
    const write = accounts.updateOne.bind(accounts);
    vi.spyOn(accounts, 'updateOne').mockImplementation((filter, update) => {
      if (filter['_id'] === 'broken') throw new MongoServerError({ message: 'too large', code: 10_334 });
      return write(filter, update);
    });
  }

  it('never stops what is paid for in other workspaces from being claimed, however urgent its own jobs are', async () => {
    const { store, deployment } = await setup([{ id: 'good' }]);
    expectOk(await store.reserveDue({ limit: 10 }));
    expectOk(await store.postEntry(grant('broken', 10_000)));
    refuse(deployment);
    expectOk(await store.insertJobs([queuedJob({ id: 'stuck', workspaceId: 'broken', priority: 9 })]));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 2, leaseMs: 30_000 }));
    expect(claimed.map(({ _id }) => _id)).toEqual(['good']);
    expect(await store.claimBatch({ runnerId: 'r1', limit: 2, leaseMs: 30_000 })).toMatchObject({
      error: { code: 'document_too_large' },
    });
  });

  it('does not hide from a sweep what others owe, and is told all the same', async () => {
    const stuck = Array.from({ length: 5 }, (_, n) => ({ id: `a${n}`, workspaceId: 'broken' }));
    const { store, deployment } = await setup([...stuck, { id: 'good' }]);
    expectOk(await store.reserveDue({ limit: 10 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 30_000 }));
    expectOk(await store.applyChanges(claimed.map((job) => plan(job, FAIL))));
    refuse(deployment);
    deployment.nowMs += 60_000;
    const sweep = () => store.sweep({ limit: 3, olderThanMs: 1000, isDryRun: false });
    expect(await sweep()).toMatchObject({ error: { code: 'document_too_large' } });
    await sweep();
    await sweep();
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { pending: [], status: 'not_charged' } });
    expect(deployment.jobs.documents.get('a0')).toMatchObject({ billing: { pending: [{ type: 'release' }] } });
  });

  it('keeps nobody from being settled who is named behind hundreds of its jobs', async () => {
    const stuck = Array.from({ length: 500 }, (_, n) => ({ id: `a${n}`, workspaceId: 'broken', priceCredits: 1 }));
    const { store, deployment } = await setup([...stuck, { id: 'good' }]);
    expectOk(await store.reserveDue({ limit: 501 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 501, leaseMs: 30_000 }));
    expectOk(await store.applyChanges(claimed.map((job) => plan(job, FAIL))));
    refuse(deployment);
    const settled = await store.settle([...stuck.map(({ id }) => id), 'good']);
    expect(settled).toMatchObject({ error: { code: 'document_too_large' } });
    expect(deployment.jobs.documents.get('good')).toMatchObject({ billing: { pending: [], status: 'not_charged' } });
  });
});

describe('a document that cannot be marked as waiting for credit', () => {
  it('never keeps the others from being marked', async () => {
    const { store, deployment } = await setup([]);
    const jobs = [{ id: 'a' }, { id: 'poor' }].map((job) => queuedJob({ ...job, workspaceId: 'empty' }));
    expectOk(await store.insertJobs(jobs));
    const owed = { key: 'g-a:reserve:1', type: 'reserve', credits: 100, attempt: 0, at: START };
    const pending = [{ ...owed, actor: { type: 'system', id: 'reservation' }, reason: 'price' }];
    deployment.jobs.updateOne({ _id: 'a' }, { $set: { version: 'first', 'billing.pending': pending } });
    deployment.jobs.updateOne(
      { _id: 'poor' },
      { $set: { 'billing.pending': pending.map((entry) => ({ ...entry, key: 'g-poor:reserve:1' })) } },
    );
    expectOk(await store.settle(['a', 'poor']));
    expect(deployment.jobs.documents.get('poor')).toMatchObject({ billing: { blocked: { neededCredits: 100 } } });
  });
});

describe('a server that refuses one change', () => {
  it('applies the others, and each is told what became of it', async () => {
    const { store, deployment } = await setup([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expectOk(await store.reserveDue({ limit: 10 }));
    const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 30_000 }));
    deployment.jobs.updateOne({ _id: 'b' }, { $set: { history: 'too long' } });
    const results = expectOk(await store.applyChanges(claimed.map((job) => plan(job, { type: 'generated' }))));
    expect(results.map((result) => (result.ok ? 'done' : result.error.code))).toEqual(['done', 'lease_lost', 'done']);
  });
});

describe('what a provider says', () => {
  it.each([
    { fraction: 7, message: 'x', stored: 1 },
    { fraction: -1, message: 'x', stored: 0 },
    { fraction: Number.NaN, message: 'x'.repeat(9000), stored: 0 },
  ])(
    'of its progress ($fraction) never turns a job into something that is none',
    async ({ fraction, message, stored }) => {
      const { store, deployment } = await setup([{ id: 'a' }]);
      expectOk(await store.reserveDue({ limit: 10 }));
      const [job] = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 30_000 }));
      if (job === undefined) throw new Error('nothing was claimed');
      const lease = { jobId: 'a', token: job.lease.token };
      expectOk(await store.recordProgress([{ ...lease, fraction, message }]));
      expect(await store.recordAcceptance(lease, 'x'.repeat(501))).toMatchObject({
        ok: false,
        error: { code: 'invalid_request' },
      });
      expectOk(await store.applyChanges([plan(job, { type: 'generated' })]));
      const { jobs } = readModelBooks(deployment);
      expect(jobs[0]?.progress?.fraction).toBe(stored);
    },
  );
});
