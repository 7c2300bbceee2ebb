import { Db } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import type { ChangeBatch, ChangeFollower } from '#store/change-source.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { openTestStore, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let store: Store;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Reads until `count` changes have come; each read waits on the server, and ten of them bound it. */
async function nextChanges(follower: ChangeFollower, count: number): Promise<ChangeBatch> {
  const changes: ChangeBatch['changes'][number][] = [];
  let last: ChangeBatch | null = null;
  for (let round = 0; round < 10 && changes.length < count; round += 1) {
    last = expectOk(await follower.next());
    changes.push(...last.changes);
  }
  if (last === null) throw new Error('nothing was read');
  return { ...last, changes };
}

describe.each<{ where: string; mapping: JobMapping | null }>([
  { where: 'on a server', mapping: null },
  { where: 'through a mapping to other names and forms', mapping: SHOP_MAPPING },
])('following changes $where', ({ mapping }) => {
  beforeEach(async () => {
    await server.client.db(server.dbName).dropDatabase();
    store = await server.openStore({ mapping });
  });

  it('a stream gives every change behind its position once, in order, also after it was opened again', async ({
    skip,
  }) => {
    skip(!store.changes.topology.hasChangeStreams, 'this deployment has no change streams');
    const first = expectOk(await store.changes.follow(null));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'a' })]));
    const seen = await nextChanges(first, 1);
    await first.close();
    expect(seen.changes).toMatchObject([{ type: 'job', job: { job: { _id: 'a' } } }]);
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'b' })]));
    await server.client
      .db(server.dbName)
      .collection<{ _id: string }>(mapping?.collections.jobs ?? 'jobs')
      .deleteOne({ _id: 'a' });
    const second = expectOk(await store.changes.follow(seen.position));
    const later = await nextChanges(second, 2);
    await second.close();
    expect(later.changes).toMatchObject([
      { type: 'job', job: { job: { _id: 'b' } } },
      { type: 'deleted', part: 'jobs', id: 'a' },
    ]);
  });

  it('a stream is read where everything is written, whatever the address says', async ({ skip }) => {
    skip(!store.changes.topology.hasChangeStreams, 'this deployment has no change streams');
    const uri = new URL(server.uri);
    uri.searchParams.set('readPreference', 'secondaryPreferred');
    uri.searchParams.set('readConcernLevel', 'local');
    const watch = vi.spyOn(Db.prototype, 'watch');
    const apart = await openTestStore(uri.href, server.dbName, { mapping });
    const follower = expectOk(await apart.changes.follow(null));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'a' })]));
    expect((await nextChanges(follower, 1)).changes).toHaveLength(1);
    // A member that is behind would say that nothing has happened.
    expect(watch.mock.contexts.map((db) => db instanceof Db && db.readPreference?.mode)).toEqual(['primary']);
    watch.mockRestore();
    await follower.close();
    await apart.close();
  });

  it('a stream is open before the server has been asked for a change, which may be long in coming', async ({
    skip,
  }) => {
    skip(!store.changes.topology.hasChangeStreams, 'this deployment has no change streams');
    const admin = server.client.db('admin');
    const refusing = { failCommands: ['getMore'], errorCode: 13, appName: 'runledger-test' };
    const set = await admin
      .command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: refusing })
      .catch((cause: unknown) => cause);
    skip(set instanceof Error, 'this deployment has no fail points');
    const follower = expectOk(await store.changes.follow(null));
    expect(await follower.next()).toMatchObject({ ok: false, error: { code: 'not_authorized' } });
    await follower.close();
  });

  it('a position that the server never gave out is refused', async ({ skip }) => {
    skip(!store.changes.topology.hasChangeStreams, 'this deployment has no change streams');
    const refused = await store.changes.follow('82FFFFFFFFFFFFFFFF00');
    expect(refused).toMatchObject({ ok: false });
  });
});
