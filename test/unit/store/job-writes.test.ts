import { MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { parseJob, type LeasedJob } from '#domain/job.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { openGate, type Gate } from '../../support/model-driver.ts';
import { openModelStore } from '../../support/model-store.ts';

const START = Date.parse('2026-10-01T09:00:00Z');
const DONE: JobEvent = {
  type: 'complete',
  output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
  validation: { passed: true, checks: [] },
  providerCost: 10,
  finalCredits: null,
};

interface World {
  readonly deployment: ModelDeployment;
  readonly store: ReturnType<typeof openModelStore>;
  readonly operations: string[];
}

/** A store whose calls are written down; `before` is told of each before it happens, `answer` lets it happen. */
async function setup(before: (operation: string) => void = () => undefined, answer: Gate = openGate): Promise<World> {
  const deployment = new ModelDeployment(START + 3_600_000);
  const operations: string[] = [];
  const gate: Gate = async (operation, apply) => {
    before(operation);
    operations.push(operation);
    return answer(operation, apply);
  };
  const store = openModelStore(deployment, { gate });
  expectOk(await store.postEntry(grant('w1', 1000)));
  expectOk(await store.insertJobs([queuedJob({ id: 'a', priceCredits: 100 })]));
  operations.length = 0;
  return { deployment, store, operations };
}

async function claimOne(store: World['store']): Promise<LeasedJob> {
  const [job] = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 30_000 }));
  if (job === undefined) throw new Error('nothing was claimed');
  return job;
}

function plan(job: LeasedJob, event: JobEvent): JobChange {
  const context = { actor: { type: 'runner', id: 'r1' }, reason: event.type, policyVersion: null } as const;
  return expectOk(planChange(job, event, context));
}

/** The two changes that end an attempt, the second planned from what the first makes of the job. */
function ending(job: LeasedJob): readonly [JobChange, JobChange] {
  const generated = plan(job, { type: 'generated' });
  const after = applyChange(job, generated, new Date(START));
  if (after?.state !== 'validating') throw new Error('not validating');
  return [generated, plan(after, DONE)];
}

describe('a claim', () => {
  it('writes a job twice where its price is still to be reserved: the intent, and the claim that takes it off', async () => {
    const { deployment, store, operations } = await setup();
    const job = await claimOne(store);
    expect(operations.filter((name) => name === 'jobs.findAndModify')).toHaveLength(2);
    expect(job.billing).toMatchObject({ reserved: 100, pending: [], status: 'reserved' });
    expect(deployment.ledger.documents.has(`${job.billing.generationId}:reserve:1`)).toBe(true);
  });

  it('of a lone job reads it no more than before its intent: both writes bring it back', async () => {
    const { store, operations } = await setup();
    await claimOne(store);
    const ofJobs = operations.filter((name) => name.startsWith('jobs.'));
    expect(ofJobs).toEqual(['jobs.find', 'jobs.find', 'jobs.findAndModify', 'jobs.findAndModify']);
  });

  it('is had also where the shards of the collection go by another key, by which alone older servers find and modify', async () => {
    const { store } = await setup((operation) => {
      if (operation === 'jobs.findAndModify') throw new MongoServerError({ message: 'no shard key', code: 61 });
    });
    expect(await claimOne(store)).toMatchObject({ _id: 'a', state: 'running', billing: { reserved: 100 } });
  });

  it('is had also where the reply to it was lost', async () => {
    let writes = 0;
    const { store } = await setup(
      () => undefined,
      async (operation, apply) => {
        const value = apply();
        writes += operation === 'jobs.findAndModify' ? 1 : 0;
        if (operation === 'jobs.findAndModify' && writes === 2) throw new MongoNetworkError('cut');
        return value;
      },
    );
    expect(await claimOne(store)).toMatchObject({ _id: 'a', state: 'running' });
  });

  it.each([
    ['one job', 1, 2],
    ['a batch', 3, 2],
  ])(
    'leaves a job alone that was started anew, and owes another reservation, between its payment and the claim of %s',
    async (_what, jobs, claimAt) => {
      let updates = 0;
      const world = await setup((operation) => {
        if (operation !== 'jobs.updateMany' && operation !== 'jobs.findAndModify') return;
        updates += 1;
        if (updates !== claimAt) return;
        const parsed = parseJob(world.deployment.jobs.documents.get('a'));
        if (!parsed.ok) throw new Error('the job is none');
        const pending = parsed.value.billing.pending.map((entry) => ({ ...entry, key: 'other:reserve:1' }));
        world.deployment.jobs.updateOne(
          { _id: 'a' },
          { $set: { 'billing.generationId': 'other', 'billing.pending': pending } },
        );
      });
      const others = Array.from({ length: jobs - 1 }, (_, n) => queuedJob({ id: `b${n}`, priceCredits: 100 }));
      expectOk(await world.store.insertJobs(others));
      const claimed = expectOk(await world.store.claimBatch({ runnerId: 'r1', limit: jobs, leaseMs: 30_000 }));
      expect(updates).toBeGreaterThanOrEqual(2);
      // A later round of the same claim may pay for the new generation; what it never does is to run on the old one's reservation.
      for (const job of claimed) {
        expect(world.deployment.ledger.documents.has(`${job.billing.generationId}:reserve:1`)).toBe(true);
      }
    },
  );
});

describe('writes of one job that are handed in together', () => {
  it('are one statement, in which each sees what the one before it did', async () => {
    const { deployment, store, operations } = await setup();
    const job = await claimOne(store);
    const lease = { jobId: 'a', token: job.lease.token };
    const [generated, completed] = ending(job);
    operations.length = 0;
    const written = await store.applyWrites([
      { type: 'acceptance', lease, acceptanceId: 'acc-1' },
      { type: 'change', change: generated },
      { type: 'change', change: completed },
    ]);
    expect(expectOk(written).every((result) => result.ok)).toBe(true);
    expect(operations).toEqual(['jobs.update']);
    expect(deployment.jobs.documents.get('a')).toMatchObject({
      state: 'completed',
      version: job.version + 2,
      history: [{ to: 'queued' }, { to: 'running' }, { to: 'validating', seq: 3 }, { to: 'completed', seq: 4 }],
      attempts: [{ acceptanceId: 'acc-1' }],
      billing: { pending: [{ type: 'capture', credits: 100 }] },
    });
  });

  it('are refused together where the job is another, and what the provider accepted is kept all the same', async () => {
    const { deployment, store } = await setup();
    const job = await claimOne(store);
    const lease = { jobId: 'a', token: job.lease.token };
    const [generated, completed] = ending(job);
    deployment.jobs.updateOne({ _id: 'a' }, { $set: { version: job.version + 7 } });
    const written = await store.applyWrites([
      { type: 'acceptance', lease, acceptanceId: 'acc-1' },
      { type: 'change', change: generated },
      { type: 'change', change: completed },
    ]);
    expect(expectOk(written).map((result) => (result.ok ? 'done' : result.error.code))).toEqual([
      'done',
      'write_conflict',
      'write_conflict',
    ]);
    expect(deployment.jobs.documents.get('a')).toMatchObject({ state: 'running', provider: { acceptanceId: 'acc-1' } });
  });

  it('are told as done where only the reply was lost', async () => {
    const { store } = await setup();
    const job = await claimOne(store);
    const writes = ending(job).map((change) => ({ type: 'change', change }) as const);
    expectOk(await store.applyWrites(writes));
    expect(expectOk(await store.applyWrites(writes)).map((result) => result.ok)).toEqual([true, true]);
  });

  it('do nothing for a runner whose lease is another one’s', async () => {
    const { deployment, store } = await setup();
    const job = await claimOne(store);
    deployment.jobs.updateOne({ _id: 'a' }, { $set: { leaseToken: 5, 'lease.token': 5 } });
    const lease = { jobId: 'a', token: job.lease.token };
    const written = await store.applyWrites([
      { type: 'acceptance', lease, acceptanceId: 'late' },
      { type: 'change', change: ending(job)[0] },
    ]);
    expect(expectOk(written).map((result) => (result.ok ? 'done' : result.error.code))).toEqual([
      'lease_lost',
      'lease_lost',
    ]);
    expect(deployment.jobs.documents.get('a')).toMatchObject({ state: 'running', provider: { acceptanceId: null } });
  });
});
