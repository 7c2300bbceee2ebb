import { ObjectId, type Db } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { isLeased, parseJob, type Job, type LeasedJob } from '#domain/job.ts';
import type { MappedPart } from '#domain/mapping/canonical-fields.ts';
import { NO_MAPPING, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toTheirs } from '#domain/mapping/mapped-documents.ts';
import { planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import type { Store } from '#store/connection.ts';
import { mappedDb } from '#store/mapping/mapped-db.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let store: Store;
/** The same database by the bare driver, by our names. */
let db: Db;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
const ACTOR = { type: 'runner', id: 'r1' } as const;

async function claim(limit = 10): Promise<readonly LeasedJob[]> {
  expectOk(await store.writer.reserveDue({ limit: 100 }));
  return expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit, leaseMs: 60_000 }));
}

function plan(job: Job, event: JobEvent): JobChange {
  return expectOk(planChange(job, event, { actor: ACTOR, reason: 'test', policyVersion: 1 }));
}

async function apply(change: JobChange): Promise<Job> {
  for (const result of expectOk(await store.writer.applyChanges([change]))) expectOk(result);
  const read = expectOk(await store.reader.readJob(change.jobId));
  if (read?.type !== 'job') throw new Error('the job is gone');
  return read.job;
}

const COMPLETE: JobEvent = {
  type: 'complete',
  output: { uri: 'artefact://x.html', mime: 'text/html', bytes: 10, sha256: 'a'.repeat(64) },
  validation: { passed: true, checks: [{ name: 'parses', passed: true, severity: 'error', message: 'ok' }] },
  providerCost: 1200,
  finalCredits: null,
};

const FAIL: JobEvent = {
  type: 'fail',
  failure: { class: 'input', code: 'invalid_input', message: 'costs $5 {"a": "$b"}' },
  charge: 'release',
  providerCost: null,
  validation: null,
};

const WAYS: readonly { readonly where: string; readonly mapping: JobMapping | null }[] = [
  { where: 'on a server', mapping: null },
  { where: 'through a mapping to other names and forms', mapping: SHOP_MAPPING },
];

/** Begins each test with an empty database that is reached in this way. */
function beginWith(mapping: JobMapping | null): void {
  beforeEach(async () => {
    db = server.client.db(server.dbName);
    await db.dropDatabase();
    if (mapping !== null) db = mappedDb(db, mapping);
    store = await server.openStore({ mapping });
    expectOk(await store.writer.createIndexes());
  });
}

/** A collection by the bare driver, and a document as it stands there. */
function rawOf(mapping: JobMapping | null, part: MappedPart) {
  const collection = mappedCollection(mapping ?? NO_MAPPING, part);
  return {
    documents: server.client.db(server.dbName).collection<{ _id: string }>(collection.name),
    written: (document: object) => toTheirs(collection, { ...document }, null),
  };
}

describe.each(WAYS)('the charge protocol $where', ({ mapping }) => {
  beginWith(mapping);

  it('a completed job is captured once, whoever settles it how often', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 300 })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    expect(job.billing.status).toBe('reserved');
    const validating = await apply(plan(job, { type: 'generated' }));
    await apply(plan(validating, COMPLETE));
    await Promise.all([store.writer.settle(['j1']), store.writer.settle(['j1']), store.writer.settle(['j1'])]);
    expectOk(await store.writer.settle(['j1']));

    const books = await readBooks(store.reader);
    expect(books.jobs[0]?.billing).toMatchObject({ status: 'charged', captured: 300, reserved: 0, pending: [] });
    expect(books.accounts).toMatchObject([{ available: 700, held: 0, holds: {}, posting: {} }]);
    expect(books.ledger.map((entry) => entry.type).sort()).toEqual(['capture', 'grant', 'reserve']);
    expect(findViolations(books)).toEqual([]);
  });

  it('a failed job gives its hold back, and text that looks like an expression stays text', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 300 })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    const failed = await apply(plan(job, FAIL));
    expect(failed.failure?.message).toBe('costs $5 {"a": "$b"}');
    expectOk(await store.writer.settle(['j1']));
    const books = await readBooks(store.reader);
    expect(books.accounts).toMatchObject([{ available: 1000, held: 0 }]);
    expect(books.jobs[0]?.billing.status).toBe('not_charged');
    expect(findViolations(books)).toEqual([]);
  });

  it('a job that its workspace cannot pay stays queued and is marked, and runs after a top-up', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 300 })]));
    expect(await claim()).toEqual([]);
    const waiting = expectOk(await store.reader.readJob('j1'));
    expect(waiting).toMatchObject({
      type: 'job',
      job: {
        state: 'queued',
        attempt: 0,
        billing: { status: 'not_charged', blocked: { neededCredits: 300 }, pending: [{ key: 'g-j1:reserve:1' }] },
      },
    });
    expectOk(await store.writer.postEntry(grant('w1', 500, 2)));
    expect(expectOk(await store.writer.unblock('w1'))).toBe(1);
    expect((await claim()).map((job) => job._id)).toEqual(['j1']);
    expect(findViolations(await readBooks(store.reader))).toEqual([]);
  });

  it('of two jobs that were given one generation only the one that it was reserved for runs', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    const [one, other] = [queuedJob({ id: 'j1', priceCredits: 300 }), queuedJob({ id: 'j2', priceCredits: 300 })];
    const billing = { ...other.billing, generationId: one.billing.generationId };
    expectOk(await store.writer.insertJobs([one, { ...other, billing }]));
    expect(await claim()).toHaveLength(1);
    expect(await claim()).toEqual([]);
    const { jobs, accounts } = await readBooks(store.reader);
    expect(jobs.map((job) => job.billing.status).sort()).toEqual(['reserved', 'unknown']);
    expect(accounts).toMatchObject([{ available: 700, held: 300 }]);
  });

  it.each(['account written', 'entry inserted'])(
    'a posting that died with the %s is finished by a sweep',
    async (died) => {
      expectOk(await store.writer.postEntry(grant('w1', 1000)));
      expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 300 })]));
      const [job] = await claim();
      if (job === undefined) throw new Error('nothing was claimed');
      await apply(plan(job, FAIL));
      const before = await readBooks(store.reader);
      expectOk(await store.writer.settle(['j1']));
      // The posting's own end, a little later, would take off what is put back below: this process did not die.
      await expect.poll(async () => (await readBooks(store.reader)).accounts[0]?.posting).toEqual({});
      const done = await readBooks(store.reader);
      const release = done.ledger.find((entry) => entry.type === 'release');
      const owing = before.jobs[0];
      if (release === undefined || owing === undefined) throw new Error('no release');
      const jobs = rawOf(mapping, 'jobs');
      await jobs.documents.replaceOne({ _id: 'j1' }, jobs.written(owing));
      await db
        .collection<{ _id: string }>('credit_accounts')
        .updateOne({ _id: 'w1' }, { $set: { [`posting.${release._id}`]: release } });
      if (died === 'account written') await rawOf(mapping, 'ledger').documents.deleteOne({ _id: release._id });

      expectOk(await store.writer.sweep({ limit: 10, olderThanMs: -60_000, isDryRun: false }));
      const after = await readBooks(store.reader);
      expect(after.accounts).toMatchObject([{ available: 1000, held: 0, posting: {} }]);
      expect(after.jobs[0]?.billing).toMatchObject({ status: 'not_charged', reserved: 0, pending: [] });
      expect(findViolations(after)).toEqual([]);
    },
  );

  it('a job is reserved for also behind hundreds of documents whose ids are no text', async () => {
    const { documents, written } = rawOf(mapping, 'jobs');
    const odd = Array.from({ length: 300 }, () => {
      const { _id, ...fields } = written(queuedJob({ id: 'x', priceCredits: 300, priority: 9 }));
      return { ...fields, _id: new ObjectId() as never };
    });
    await documents.insertMany(odd);
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 300 })]));
    expect(expectOk(await store.writer.reserveDue({ limit: 100 })).reserved).toBe(1);
  });

  it('a dry sweep says what it would do and does nothing', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1' })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    await apply(plan(job, FAIL));
    const swept = expectOk(await store.writer.sweep({ limit: 10, olderThanMs: -60_000, isDryRun: true }));
    expect(swept.settled).toBe(1);
    expect((await readBooks(store.reader)).jobs[0]?.billing.pending).toHaveLength(1);
  });
});

describe.each(WAYS)('leases $where', ({ mapping }) => {
  beginWith(mapping);

  beforeEach(async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  });

  it('a job is claimed by one of many runners', async () => {
    expectOk(await store.writer.insertJobs(Array.from({ length: 20 }, (_, n) => queuedJob({ id: `j${n}` }))));
    expectOk(await store.writer.reserveDue({ limit: 100 }));
    const claims = await Promise.all(
      Array.from({ length: 5 }, (_, n) => store.writer.claimBatch({ runnerId: `r${n}`, limit: 20, leaseMs: 60_000 })),
    );
    const ids = claims.flatMap((result) => expectOk(result).map((job) => job._id));
    expect(ids.length).toBe(new Set(ids).size);
    expect(ids).toHaveLength(20);
  });

  it("the writes of a runner whose lease is another's are refused and change nothing", async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1' })]));
    expectOk(await store.writer.reserveDue({ limit: 1 }));
    const [stale] = expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 1 }));
    if (stale === undefined) throw new Error('nothing was claimed');
    const rescue = (job: LeasedJob): JobChange =>
      plan(job, {
        type: 'defer',
        failure: { class: 'temporary', code: 'lease_expired', message: 'gone' },
        delayMs: 0,
        providerCost: null,
        validation: null,
      });
    await expect
      .poll(async () => expectOk(await store.writer.rescueExpired({ limit: 10, decide: rescue })), { timeout: 10_000 })
      .toBe(1);
    await expect
      .poll(async () => expectOk(await store.writer.claimBatch({ runnerId: 'r2', limit: 1, leaseMs: 60_000 })).length)
      .toBe(1);
    const lease = { jobId: 'j1', token: stale.lease.token };
    expect(expectOk(await store.writer.heartbeat([lease], 60_000))).toEqual([lease]);
    expect(await store.writer.recordAcceptance(lease, 'late')).toMatchObject({
      ok: false,
      error: { code: 'lease_lost' },
    });
    const [late] = expectOk(await store.writer.applyChanges([plan(stale, FAIL)]));
    expect(late).toMatchObject({ ok: false, error: { code: 'lease_lost' } });
    const now = expectOk(await store.reader.readJob('j1'));
    expect(now).toMatchObject({ type: 'job', job: { state: 'running', provider: { acceptanceId: null } } });
  });

  it('so does one whose reason a server stores otherwise, because it ends in half of a character', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', priceCredits: 0 })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    const why = { actor: ACTOR, reason: `${'x'.repeat(499)}\u{1F375}`, policyVersion: 1 };
    const change = expectOk(planChange(job, { type: 'generated' }, why));
    await apply(change);
    expect((await apply(change)).version).toBe(job.version + 1);
  });

  it('a change whose reply was lost counts as applied when it is sent again', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1' })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    const change = plan(job, { type: 'generated' });
    await apply(change);
    const again = await apply(change);
    expect(again.version).toBe(job.version + 1);
    expect(again.history.filter((entry) => entry.to === 'validating')).toHaveLength(1);
  });

  it('a document that is no job is never claimed and never in the way of others', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1' }), queuedJob({ id: 'j2' })]));
    await db.collection<{ _id: string }>('jobs').updateOne({ _id: 'j1' }, { $set: { 'input.prompt': 42 } });
    expect((await claim()).map((job) => job._id)).toEqual(['j2']);
    const broken = expectOk(await store.reader.readJob('j1'));
    expect(broken).toMatchObject({ type: 'malformed', malformed: { problems: [{ path: 'input.prompt' }] } });
    const raw = await db.collection<{ _id: string }>('jobs').findOne({ _id: 'j1' });
    expect(parseJob(raw).ok).toBe(false);
  });

  it('a heartbeat prolongs a lease', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1' })]));
    const [job] = await claim();
    if (job === undefined) throw new Error('nothing was claimed');
    expect(expectOk(await store.writer.heartbeat([{ jobId: 'j1', token: job.lease.token }], 600_000))).toEqual([]);
    const after = expectOk(await store.reader.readJob('j1'));
    if (after?.type !== 'job' || !isLeased(after.job)) throw new Error('the lease is gone');
    expect(after.job.lease.expiresAt.getTime()).toBeGreaterThan(job.lease.expiresAt.getTime() + 300_000);
  });
});
