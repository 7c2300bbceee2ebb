import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_SECRETS } from '#domain/connection-profile.ts';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { ok } from '#domain/result.ts';
import { runChecks } from '#engine/doctor/checks.ts';
import { lookAtMapping } from '#engine/handlers/mapping-look.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-mapping-'));
  const store = await server.openStore({ mapping: SHOP_MAPPING });
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  expectOk(await store.writer.insertJobs(['a', 'b', 'c'].map((id) => queuedJob({ id, priceCredits: 125 }))));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const SAME = { type: 'same' } as const;

function tasks() {
  return server.client.db(server.dbName).collection<{ _id: string }>(SHOP_MAPPING.collections.jobs);
}

async function mappingCheckOf(mapping: typeof SHOP_MAPPING | null) {
  const store = await server.openStore({ mapping, isReadOnly: true });
  const parts = await runChecks(
    {
      store: ok(store),
      dataDir: folder,
      copyFile: path.join(folder, 'none.sqlite'),
      signal: new AbortController().signal,
      say: () => undefined,
      nowMs: Date.now,
    },
    { verify: false },
    () => undefined,
  );
  return parts.find(({ name }) => name === 'mapping');
}

describe('a mapping in the engine', () => {
  it('is proposed for the collections of a shop, with what each field covers and what would be malformed', async () => {
    await tasks().updateOne({ _id: 'b' }, { $set: { status: 'mauve' } });
    const store = await server.openStore({ isReadOnly: true });
    const look = expectOk(await lookAtMapping(store.look, { mapping: null, collections: null }));
    expect(look.mapping.collections).toEqual(SHOP_MAPPING.collections);
    expect(look.stateWords).toEqual(['mauve', 'pending']);
    const jobs = look.parts.find(({ part }) => part === 'jobs');
    expect(jobs).toMatchObject({
      isThere: true,
      documents: 3,
      soundDocuments: 2,
      faults: [{ id: 'b', path: 'state' }],
    });
    expect(jobs?.preview).toHaveLength(3);
    expect(JSON.stringify(jobs?.preview)).not.toContain('tea');
    expect(look.parts.map(({ part, soundDocuments }) => [part, soundDocuments])).toContainEqual(['ledger', 1]);
  });

  it('is what the copy, the list and the books of an engine are read through', async () => {
    const address = `mongodb://${new URL(server.uri).host}/`;
    const profile = connectionProfile({
      address,
      database: server.dbName,
      login: { type: 'none' },
      mapping: SHOP_MAPPING,
    });
    const engine = consoleEngine({
      dataDir: folder,
      mongodbUri: null,
      dbName: null,
      personName: 'sue',
      profile,
      secrets: NO_SECRETS,
    });
    try {
      await engine.start();
      const window = new EngineWindow(engine);
      await window.untilStatus(({ counts }) => counts?.total === 3);
      const job = expectOk(await window.ask('job.get', { jobId: 'a' }));
      expect(job.row).toMatchObject({ state: 'queued', workspaceId: 'w1', priceCredits: 125 });
      expect(job.charge).toMatchObject({ account: { availableCredits: 1000 } });
    } finally {
      await engine.stop();
    }
  });

  it('is looked after by the doctor', async () => {
    const without = await mappingCheckOf(null);
    expect(without?.level).toBe('ok');
    expect(without?.says).toContain('none');
    const whole = await mappingCheckOf(SHOP_MAPPING);
    expect(whole?.level).toBe('ok');
    expect(whole?.says).toContain('3 of 3');
    const { fields } = SHOP_MAPPING;
    const jobs = fields.jobs.map((pair) => (pair.ours === 'billing.price' ? { ...pair, form: SAME } : pair));
    const mixed = await mappingCheckOf({ ...SHOP_MAPPING, fields: { ...fields, jobs } });
    expect(mixed?.level).toBe('warning');
    expect(mixed?.says).toContain(
      'credits are read in different units: billing.price in smallest units; available, held, credits in whole credits of 2 decimals',
    );
    await tasks().updateOne({ _id: 'b' }, { $set: { cost: 1.005 } });
    const found = await mappingCheckOf(SHOP_MAPPING);
    expect(found?.level).toBe('warning');
    expect(found?.todo).toContain('Connections');
    expect(found?.says).toContain('jobs in render_tasks: 2 of 3');
    expect(found?.says).toContain('for example b, billing.price');
  });

  it('finds nothing, and says so, where there is no collection of these names', async () => {
    const store = await server.openStore({ isReadOnly: true });
    const look = expectOk(await lookAtMapping(store.look, { mapping: NO_MAPPING, collections: null }));
    expect(look.parts.map(({ isThere, documents }) => [isThere, documents])).toEqual([
      [false, 0],
      [false, 0],
      [false, 0],
    ]);
  });
});
