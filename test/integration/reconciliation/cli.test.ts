import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runRecordSchema, type RunRecord } from '#console/reconciliation/run-record.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import type { Invoice } from '#domain/reconciliation/invoice.ts';
import { AS_OF_MS, WORLD_PRICES } from '../../bench/worlds/clean-job.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { makeWorld, type World } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const printedSchema = runRecordSchema.extend({
  comparison: z
    .object({ new: z.array(z.string()), stillOpen: z.array(z.string()), solved: z.array(z.string()) })
    .nullable(),
});

let server: TestServer;
let folder: string;
const loaded: string[] = [];
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(tmpdir(), 'runledger-cli-'));
  await writeFile(path.join(folder, 'prices.json'), JSON.stringify(WORLD_PRICES));
});
afterAll(async () => {
  for (const dbName of loaded) await server.client.db(dbName).dropDatabase();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function runCli(...args: readonly string[]): Promise<Finished> {
  return runProgram(program, ['reconcile', ...args]);
}

async function load(dbName: string, world: World): Promise<readonly string[]> {
  const db = server.client.db(dbName);
  loaded.push(dbName);
  await db.dropDatabase();
  const fill = async (name: string, documents: Iterable<{ readonly _id: string }>): Promise<void> => {
    await db.collection<{ _id: string }>(name).insertMany([...documents].map((document) => ({ ...document })));
  };
  await fill('jobs', world.jobs.values());
  await fill('credit_accounts', world.accounts.values());
  await fill('credit_ledger', world.ledger.values());
  const asOf = new Date(AS_OF_MS).toISOString();
  return ['--uri', server.uri, '--db', dbName, '--as-of', asOf, '--prices', path.join(folder, 'prices.json')];
}

/** What a run over the world in memory says, by the rules that hold on the command line. */
async function expectedOf(world: World): Promise<RunRecord> {
  const run = await runReconciliation(storeOfWorld(world, 1), {
    scope: { workspaceId: null, period: null },
    prices: WORLD_PRICES,
    closedPeriods: [],
    seen: null,
    asOfMs: AS_OF_MS,
    chargeRule: null,
    copy: null,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return expectOk(run).record;
}

/** A clean world by the policy in force: without the scenario in which a class keeps the charge. */
function cleanWorld(seed: number): World {
  const world = makeWorld(seed, { jobs: 60, workspaces: 2 });
  for (const [jobId, scenario] of world.scenarios) {
    if (scenario !== 'kept') continue;
    const job = world.jobs.get(jobId);
    if (job?.state === 'failed') world.jobs.set(jobId, { ...job, ...completed(job) });
  }
  return world;
}

function completed(job: { readonly _id: string }) {
  const output = { uri: `file:///${job._id}`, mime: 'text/html', bytes: 1, sha256: 'c'.repeat(64) };
  return { state: 'completed', failure: null, lease: null, output } as const;
}

const AT = new Date('2026-10-12T10:00:00Z');
const UNMATCHED_INVOICE: Invoice = {
  _id: 'digest-of-its-file',
  name: 'october.csv',
  provider: 'elsewhere',
  from: AT,
  to: AT,
  importedBy: { type: 'user', id: 'finance' },
  importedAt: AT,
  lines: [{ n: 1, acceptanceId: 'never-accepted', at: AT, costMicroUsd: 40 }],
};

describe('runledger reconcile', () => {
  it('exits 0 and prints no finding for books in which nothing is wrong', async () => {
    const args = await load(`${server.dbName}_a`, cleanWorld(4));
    const done = await runCli(...args, '--json');
    expect(done.stderr).toBe('');
    expect(printedSchema.parse(JSON.parse(done.stdout)).findings).toEqual([]);
    expect(done.status).toBe(0);
  });

  it('exits 3 and prints every finding by its rule, as a run in memory finds it', async () => {
    const { world } = makeSeededWorld(4, { jobs: 300, workspaces: 3 }, FAULTS);
    const args = await load(`${server.dbName}_b`, world);
    const done = await runCli(...args, '--json');
    expect(done.status).toBe(3);
    const printed = printedSchema.parse(JSON.parse(done.stdout));
    const expected = await expectedOf(world);
    expect(printed.findings).toEqual(expected.findings);
    expect(printed.counts).toEqual(expected.counts);
    expect(printed.inputDigest).toBe(expected.inputDigest);
  });

  it('prints for people without --json, writes CSV, and compares with the run before', async () => {
    const { world } = makeSeededWorld(5, { jobs: 300, workspaces: 3 }, FAULTS.slice(0, 3));
    const memory = path.join(folder, 'memory');
    const csv = path.join(folder, 'findings.csv');
    const args = [...(await load(`${server.dbName}_c`, world)), '--memory', memory, '--csv', csv];
    const first = await runCli(...args);
    expect(first.status).toBe(3);
    expect(first.stdout).toContain('Completed without capture');
    expect(first.stdout).toMatch(/ -(\d+\.\d\d) {2}Completed at a price of \1; 0\.00 captured\./);
    expect(first.stdout).not.toContain('since the run before');
    const second = await runCli(...args);
    expect(second.stdout).toMatch(/since the run before: 0 new, \d+ still open, 0 solved/);
    const lines = (await readFile(csv, 'utf8')).trimEnd().split('\r\n');
    expect(lines[0]).toContain('rule_number,rule,case');
    expect(lines.length).toBe(1 + (await expectedOf(world)).findings.length);
  });

  it('lists with --period only what belongs to that month', async () => {
    const { world } = makeSeededWorld(4, { jobs: 300, workspaces: 3 }, FAULTS);
    const args = await load(`${server.dbName}_d`, world);
    const done = await runCli(...args, '--json', '--period', '2026-10');
    const expected = await expectedOf(world);
    const wanted = expected.findings.filter(({ period }) => period === null || period === '2026-10');
    expect(printedSchema.parse(JSON.parse(done.stdout)).findings).toEqual(wanted);
  });

  it('exits 3 for a line of an imported invoice that no attempt belongs to, and only in its month', async () => {
    const dbName = `${server.dbName}_e`;
    const args = await load(dbName, cleanWorld(4));
    await server.client.db(dbName).collection<Invoice>('provider_invoices').insertOne(UNMATCHED_INVOICE);
    const done = await runCli(...args, '--json', '--period', '2026-10');
    expect(done.status).toBe(3);
    const printed = printedSchema.parse(JSON.parse(done.stdout));
    expect(printed.findings.map(({ rule, case: found }) => [rule, found])).toEqual([
      ['invoice_differs', 'line_unmatched'],
    ]);
    expect(printed.counts['invoice_differs']).toBe(1);
    expect((await runCli(...args, '--json', '--period', '2026-09')).status).toBe(0);
    expect((await runCli(...args)).stdout).toContain('20. Invoice differs from the attempts: 1');
  });

  it('holds the database that RUNLEDGER_DB names against the rules, as every other command does', async () => {
    const { world } = makeSeededWorld(4, { jobs: 300, workspaces: 3 }, FAULTS);
    const dbName = `${server.dbName}_f`;
    const args = (await load(dbName, world)).filter((one) => one !== '--db' && one !== dbName);
    const done = await runProgram(program, ['reconcile', ...args, '--json'], { env: { RUNLEDGER_DB: dbName } });
    expect(done.status).toBe(3);
  });

  it.each([
    [['--period', 'October'], /month such as 2026-10/],
    [['--as-of', 'never'], /time with its zone such as/],
    [['--prices', 'no-such-file.json'], /there is no file no-such-file\.json/],
  ])('refuses %j with a sentence and exit status 1', async (args, sentence) => {
    const done = await runCli('--uri', server.uri, '--db', server.dbName, ...args);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(sentence);
  });

  it.each([
    ['credit_ledger', 'e1', /credit_ledger e1: credits/],
    ['credit_accounts', 'w1', /credit_accounts w1: available/],
  ])('names the document of %s that cannot be read, and exits 1', async (collection, _id, sentence) => {
    const dbName = `${server.dbName}_g`;
    const args = await load(dbName, cleanWorld(4));
    const [whole] = await server.client.db(dbName).collection<{ _id: string }>(collection).find().limit(1).toArray();
    const broken = { ...whole, _id, credits: 'many', available: 'much' };
    await server.client
      .db(dbName)
      .collection<{ _id: string }>(collection)
      .replaceOne({ _id }, broken, { upsert: true });
    const done = await runCli(...args);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(sentence);
  });

  it('says that the server does not answer, and exits 1', async () => {
    const done = await runCli('--uri', 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500', '--json');
    expect(done.status).toBe(1);
    expect(done.stderr).toContain('does not answer');
    expect(done.stdout).toBe('');
  });
});
