import { calculateObjectSize } from 'bson';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob, type NewJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let store: Store;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.client.db(server.dbName).dropDatabase();
  store = await server.openStore();
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
});

const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

/** A job to whose document the server lets nothing be added. */
async function insertFull(spec: NewJob): Promise<void> {
  const empty = queuedJob({ ...spec, options: { theme: '' } });
  const theme = 'x'.repeat(DOCUMENT_BYTES_MAX - calculateObjectSize(empty) - 40);
  expectOk(await store.writer.insertJobs([queuedJob({ ...spec, options: { theme } })]));
}

describe('a job whose document is as large as one may be', () => {
  it.each([
    ['costs nothing', 0],
    ['is to be paid', 100],
  ])('never keeps the others from being claimed, where it %s', async (_what, priceCredits) => {
    await insertFull({ id: 'a-full', priority: 5, priceCredits });
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'good', priceCredits })]));
    const claimed = await store.writer.claimBatch({ runnerId: 'r1', limit: 5, leaseMs: 30_000 });
    expect(expectOk(claimed).map(({ _id }) => _id)).toEqual(['good']);
  });

  it('never keeps the others from being told whether they can pay', async () => {
    await insertFull({ id: 'a-full', priority: 5, priceCredits: 100 });
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'good', priceCredits: 100 })]));
    await store.writer.reserveDue({ limit: 5 });
    const good = expectOk(await store.reader.readJob('good'));
    expect(good).toMatchObject({ job: { billing: { reserved: 100 } } });
  });
});
