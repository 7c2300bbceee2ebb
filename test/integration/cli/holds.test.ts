import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { planChange } from '#domain/transition.ts';
import { judgeHolds, sweepHolds } from '#console/holds.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { runProgram } from '../../support/run-program.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { quietBooks } from '../../support/quiet-books.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const signal = new AbortController().signal;
const actor = { type: 'user', id: 'u1' } as const;

let server: TestServer;
let store: Store;
beforeEach(async () => {
  server = await startTestServer();
  store = await server.openStore();
  expectOk(await store.writer.createIndexes());
});
afterEach(() => server.stop());

interface Report {
  readonly needed: number;
  readonly stranded: readonly { readonly generationId: string }[];
  readonly unknown: readonly { readonly generationId: string }[];
  readonly swept: number;
  readonly unreadable: readonly string[];
}

async function holds(...args: readonly string[]): Promise<{ readonly status: number | null; readonly report: Report }> {
  const all = [program, 'holds', '--uri', server.uri, '--db', server.dbName, '--json', '--older-than', '0', ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, report: JSON.parse(out) as Report };
}

/** Four reservations: of a running job, of one that failed, of one that is gone, and of one that was started anew. */
async function plantHolds(): Promise<void> {
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  expectOk(
    await store.writer.insertJobs(['live', 'ended', 'gone', 'moved'].map((id) => queuedJob({ id, priceCredits: 100 }))),
  );
  expectOk(await store.writer.reserveDue({ limit: 10 }));
  const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
  await jobs.deleteOne({ _id: 'gone' });
  await jobs.updateOne(
    { _id: 'moved' },
    { $set: { 'billing.generationId': 'g-new', 'billing.reserved': 0, 'billing.status': 'not_charged' } },
  );
  const now = new Date();
  const failure = { class: 'input', code: 'c', message: 'm', fingerprint: 'f', at: now };
  const entry = {
    seq: 2,
    from: 'queued',
    to: 'failed',
    at: now,
    attempt: 0,
    actor,
    reason: 'by hand',
    policyVersion: null,
  };
  // What somebody's script does who knows nothing of reservations.
  await jobs.updateOne({ _id: 'ended' }, { $set: { state: 'failed', failure }, $push: { history: entry } as never });
  expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit: 1, leaseMs: 60_000 }));
}

describe('reservations that nobody needs', () => {
  it('are listed without a word written, given back when asked, and a live one is never touched', async () => {
    await plantHolds();
    const where = ['holds', '--uri', server.uri, '--db', server.dbName, '--older-than', '0'];
    expect((await runProgram(program, where)).stdout).toMatch(/job ended {2}1\.00 credits since .* stranded/u);
    const before = await quietBooks(store.reader);
    const dry = await holds();
    expect(dry.status).toBe(3);
    expect(dry.report).toMatchObject({ needed: 1, swept: 0, unknown: [] });
    expect(dry.report.stranded.map(({ generationId }) => generationId).toSorted()).toEqual([
      'g-ended',
      'g-gone',
      'g-moved',
    ]);
    expect(await readBooks(store.reader)).toEqual(before);

    const swept = await holds('--sweep');
    expect(swept).toMatchObject({ status: 0, report: { swept: 3 } });
    expect(expectOk(await store.reader.readAccount('w1'))).toMatchObject({
      available: 900,
      held: 100,
      holds: { 'g-live': { credits: 100 } },
    });
    expect(findViolations(await readBooks(store.reader))).toEqual([]);
    expect((await holds('--sweep')).report).toMatchObject({ needed: 1, stranded: [], swept: 0 });
  });

  it('are judged also where the account of another workspace, or an entry of one of them, is none that can be read', async () => {
    await plantHolds();
    const db = server.client.db(server.dbName);
    await db
      .collection<{ _id: string; available: string }>('credit_accounts')
      .insertOne({ _id: 'w0', available: 'much' });
    await db
      .collection<{ _id: string }>('credit_ledger')
      .updateOne({ _id: 'g-gone:reserve:1' }, { $set: { credits: 'many' } });
    const { status, report } = await holds('--sweep');
    expect(status).toBe(3);
    expect(report).toMatchObject({ needed: 1, swept: 2 });
    expect(report.unreadable[0]).toContain('credit_accounts w0');
    expect(report.unreadable[0]).toContain('available');
    expect(report.unknown.map(({ generationId }) => generationId)).toEqual(['g-gone']);
  });

  it('are given back once by two who sweep at the same moment', async () => {
    await plantHolds();
    const now = expectOk(await store.reader.serverNow());
    const found = expectOk(await judgeHolds(store.reader, { ageMsMin: 0, signal })).holds;
    const both = await Promise.all([1, 2].map(() => sweepHolds(store.writer, found, { actor, now })));
    expect(both.map(expectOk).reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(expectOk(await store.reader.readAccount('w1'))).toMatchObject({ available: 900, held: 100 });
    expect(findViolations(await readBooks(store.reader))).toEqual([]);
  });

  it('are left alone where the job was started again since it was judged', async () => {
    await plantHolds();
    const found = expectOk(await judgeHolds(store.reader, { ageMsMin: 0, signal })).holds;
    const judged = found.find(({ generationId }) => generationId === 'g-ended')?.jobId ?? '';
    const ended = expectOk(await store.reader.readJob(judged));
    if (ended?.type !== 'job') throw new Error('not judged');
    const event = { type: 'requeue', generationId: 'g-again', priceCredits: 100 } as const;
    const change = expectOk(planChange(ended.job, event, { actor, reason: 'again', policyVersion: 1 }));
    expectOk(await store.writer.applyChanges([change]));
    const now = expectOk(await store.reader.serverNow());
    expect(expectOk(await sweepHolds(store.writer, found, { actor, now }))).toBe(2);
    // The next look finds it again, as the reservation of a generation that its job has left.
    const again = expectOk(await judgeHolds(store.reader, { ageMsMin: 0, signal })).holds;
    expect(again.find(({ generationId }) => generationId === 'g-ended')?.verdict).toMatchObject({
      why: 'job_moved_on',
    });
    expect(expectOk(await sweepHolds(store.writer, again, { actor, now }))).toBe(1);
    expect(findViolations(await readBooks(store.reader))).toEqual([]);
  });
});
