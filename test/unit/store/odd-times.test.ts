import type { Collection } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { readChangedPage, type ChangedPlace } from '#store/changed-pages.ts';
import type { RawDocument } from '#store/collections.ts';
import type { LeasedJob } from '#domain/job.ts';
import { planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate, type Gate } from '../../support/model-driver.ts';
import { openModelStore } from '../../support/model-store.ts';

const START = new Date('2026-10-01T09:00:00Z');
/** Stands for a time that BSON holds and no `Date` can be: drivers of other languages write the last there is for "never". */
const NEVER = new Date(8.64e15);

/** Hands such a time over as the driver does. */
const decoding: Gate = async (operation, apply) => {
  const reply = await openGate(operation, apply);
  for (const document of Array.isArray(reply) ? (reply as Record<string, unknown>[]) : []) {
    for (const [name, value] of Object.entries(document)) {
      if (value instanceof Date && value.getTime() === NEVER.getTime()) document[name] = new Date(Number.NaN);
    }
  }
  return reply;
};

/** The jobs as the driver asks for them: a `Date` that tells no time goes to the server as the first of 1970. */
function encoding(deployment: ModelDeployment): Collection<RawDocument> {
  const { jobs } = connectTo(deployment, decoding);
  const encoded = (value: unknown): unknown => {
    if (value instanceof Date) return new Date(value.getTime() || 0);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, encoded(one)]));
  };
  const find = (filter: object, options: object) => jobs.find(encoded(filter) as object, options);
  return { find } as unknown as Collection<RawDocument>;
}

function deploymentOf(...documents: readonly RawDocument[]): ModelDeployment {
  const deployment = new ModelDeployment(START.getTime() + 60_000);
  for (const document of documents) deployment.jobs.documents.set(document._id, document);
  return deployment;
}

describe('a time that no clock can tell', () => {
  const job = (id: string, fields: object = {}): RawDocument => ({ ...queuedJob({ id, createdAt: START }), ...fields });

  it('is nothing to wait for where a job is not due before it', async () => {
    const store = openModelStore(deploymentOf(job('a', { notBefore: NEVER })), { gate: decoding });
    expect(expectOk(await store.nextDueInMs())).toBeNull();
  });

  it('ends what is read by time, where a page ends with it', async () => {
    const jobs = encoding(
      deploymentOf(job('a'), job('b'), job('c', { updatedAt: NEVER }), job('d', { updatedAt: NEVER })),
    );
    const read: string[] = [];
    for (let from: ChangedPlace | null = { atMs: START.getTime(), fromId: null }; from !== null && read.length < 9;) {
      const page = await readChangedPage(jobs, from, { field: 'updatedAt', limit: 3 });
      read.push(...page.documents.map(({ _id }) => _id));
      from = page.next;
    }
    expect(read).toEqual(['a', 'b', 'c']);
  });
});

it('is nothing to wait for where a document says several times from when on it is due', async () => {
  const later = [new Date(START.getTime() + 3_600_000)];
  const found: Gate = async (operation, apply) => {
    const reply = await openGate(operation, apply);
    for (const document of Array.isArray(reply) ? (reply as Record<string, unknown>[]) : [])
      document['notBefore'] = later;
    return reply;
  };
  const deployment = deploymentOf({ ...queuedJob({ id: 'a', createdAt: START }), notBefore: later[0] });
  expect(expectOk(await openModelStore(deployment, { gate: found }).nextDueInMs())).toBeNull();
});

it('is not waited for where a job was refused for want of credit by a clock that was set back since', async () => {
  const deployment = new ModelDeployment(START.getTime() + 86_400_000);
  const store = openModelStore(deployment);
  expectOk(await store.insertJobs([queuedJob({ id: 'a', workspaceId: 'w1', priceCredits: 100, createdAt: START })]));
  expect(expectOk(await store.reserveDue({ limit: 10 }))).toEqual({ reserved: 0, blocked: 1 });
  deployment.nowMs = START.getTime() + 60_000;
  expectOk(await store.postEntry(grant('w1', 100)));
  expect(expectOk(await store.reserveDue({ limit: 10 }))).toEqual({ reserved: 1, blocked: 0 });
});

describe('what a clock stamped that was set back since', () => {
  const DAY_MS = 86_400_000;
  const DEFER: JobEvent = {
    type: 'defer',
    failure: { class: 'temporary', code: 'lease_expired', message: 'gone' },
    delayMs: 0,
    providerCost: null,
    validation: null,
  };

  function plan(job: LeasedJob, event: JobEvent): JobChange {
    return expectOk(planChange(job, event, { actor: { type: 'runner', id: 'r1' }, reason: 'test', policyVersion: 1 }));
  }

  /** A job that was claimed a day ahead of what the server's clock says by now; this machine's own clock goes on. */
  async function setup() {
    let monotonicMs = 0;
    const deployment = new ModelDeployment(START.getTime() + DAY_MS);
    const store = openModelStore(deployment, { monotonicMs: () => monotonicMs });
    expectOk(await store.postEntry(grant('w1', 100)));
    expectOk(await store.insertJobs([queuedJob({ id: 'a', priceCredits: 100, createdAt: START })]));
    const [job] = expectOk(await store.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 30_000 }));
    if (job === undefined) throw new Error('nothing was claimed');
    const pass = (ms: number): void => {
      monotonicMs += ms;
      deployment.nowMs += ms;
    };
    const rescue = async (): Promise<number> =>
      expectOk(await store.rescueExpired({ limit: 10, decide: (leased) => plan(leased, DEFER) }));
    return { deployment, store, job, pass, rescue };
  }

  it('keeps a job from nobody once its runner was silent for as long as its lease holds', async () => {
    const { deployment, pass, rescue } = await setup();
    deployment.nowMs -= DAY_MS;
    pass(31_000);
    expect(await rescue()).toBe(0);
    pass(20_000);
    expect(await rescue()).toBe(0);
    pass(11_000);
    expect(await rescue()).toBe(1);
    expect(deployment.jobs.documents.get('a')).toMatchObject({ state: 'retrying' });
  });

  it('takes no job from a runner that is heard of', async () => {
    const { deployment, store, job, pass, rescue } = await setup();
    deployment.nowMs -= DAY_MS;
    pass(31_000);
    expect(await rescue()).toBe(0);
    expectOk(await store.heartbeat([{ jobId: 'a', token: job.lease.token }], 30_000));
    pass(20_000);
    expect(await rescue()).toBe(0);
  });

  it('is settled all the same where a job owes it', async () => {
    const { deployment, store, job, pass } = await setup();
    expectOk(await store.applyChanges([plan(job, { ...DEFER, type: 'fail', charge: 'release' })]));
    deployment.nowMs -= DAY_MS;
    pass(31_000);
    expectOk(await store.sweep({ limit: 10, olderThanMs: 10_000, isDryRun: false }));
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 100, held: 0 });
  });
});
