import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheBooks } from '#cache/books.ts';
import type { CacheChange } from '#cache/changes.ts';
import { sha256OfText } from '#cache/sha256.ts';
import { ReconciliationDesk } from '#console/reconciliation/desk.ts';
import { financeAnswers } from '#console/reconciliation/finance-answers.ts';
import { KeptServer } from '#console/reconciliation/kept-server.ts';
import { StatementDesk } from '#console/reconciliation/statement-desk.ts';
import { DEFAULT_FINANCE_LIMITS } from '#domain/reconciliation/limits.ts';
import { NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { ok } from '#domain/result.ts';
import { INVOICES_MAX } from '#store/invoice-store.ts';
import { malformedChange, setupCache, type CacheWorld } from '../../support/cache-world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const ENTRIES = 1500;
const { signal } = new AbortController();
const asking = {
  actor: { type: 'user', id: 'ann' } as const,
  signal,
  clean: (text: string) => text,
  onProgress: () => undefined,
};

let server: TestServer;
let world: CacheWorld;
beforeEach(async () => {
  server = await startTestServer();
  world = setupCache();
});
afterEach(async () => {
  world.end();
  await server.stop();
});

function fillCopy(workspaceIds: readonly string[], count: number, jobs: readonly CacheChange[] = []): void {
  const { writer } = world.open();
  const changes = workspaceIds.flatMap((id) =>
    Array.from({ length: count }, (_, at) => ({ type: 'entry', entry: grant(id, 1, at) }) as const),
  );
  expectOk(writer.openSnapshot('p1'));
  for (const part of ['jobs', 'accounts', 'ledger'] as const) {
    const ofPart = { jobs, accounts: [], ledger: changes }[part];
    expectOk(writer.applyPages([{ part, beforeId: null, changes: ofPart, isLast: true }]));
  }
}

async function openDesk() {
  const store = await server.openStore();
  const kept = new KeptServer(() => Promise.resolve(ok(store)));
  const folders = { folder: world.folder, exportFolder: world.folder };
  const desk = new ReconciliationDesk({ copyFile: world.file, ...folders, server: kept });
  return { desk, answers: financeAnswers({ desk, server: kept, ...folders, limits: DEFAULT_FINANCE_LIMITS }) };
}

describe('the answers of finance', () => {
  it('read the copy at the same time as each other and as a run, none of them in the way of another', async () => {
    fillCopy(['w1'], ENTRIES);
    const { desk, answers } = await openDesk();
    const file = { name: 'october.csv', provider: 'films', text: 'id,amount_micro_usd\na,77\n' };
    expectOk(await answers['invoices.import'](file, asking));
    const [run, statements, margin, invoices] = await Promise.all([
      desk.run({ scope: { workspaceId: null, period: null }, signal, onProgress: () => undefined }),
      answers['statements.get']({ period: '2026-10', workspaceId: null }, asking),
      answers['margin.get']({ period: '2026-10' }, asking),
      answers['invoices.list']({}, asking),
    ]);
    expect(expectOk(statements).rows).toMatchObject([{ workspaceId: 'w1', grants: ENTRIES, closing: ENTRIES }]);
    expect(expectOk(margin).rows).toEqual([]);
    expect(expectOk(invoices).rows).toMatchObject([{ name: 'october.csv', matched: 0 }]);
    expect(expectOk(run).findings).toBeGreaterThan(0);
    desk.close();
  });

  it('say how many findings invoices have beyond those that a window shows', async () => {
    fillCopy(['w1'], 1);
    const { desk, answers } = await openDesk();
    const lines = Array.from({ length: 1001 }, (_, n) => `stray-${n},0.5`);
    const file = { name: 'october.csv', provider: 'films', text: ['id,cost', ...lines].join('\n') };
    expectOk(await answers['invoices.import'](file, asking));
    const { findings, findingsTotal } = expectOk(await answers['invoices.list']({}, asking));
    expect([findings.length, findingsTotal]).toEqual([1000, 1001]);
    desk.close();
  });

  it('keep no more invoices than are matched, and the same one as often as it comes', async () => {
    const { desk, answers } = await openDesk();
    const bring = (n: number) =>
      answers['invoices.import']({ name: `${n}.csv`, provider: 'films', text: `id,cost\na,${n}.5\n` }, asking);
    expect(expectOk(await bring(0)).isNew).toBe(true);
    const invoices = server.client.db(server.dbName).collection<{ _id: string }>('provider_invoices');
    const kept = await invoices.findOne();
    await invoices.insertMany(Array.from({ length: INVOICES_MAX - 1 }, (_, n) => ({ ...kept, _id: `other-${n}` })));
    expect(await bring(1)).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    expect(expectOk(await bring(0)).isNew).toBe(false);
    expectOk(await answers['invoices.remove']({ invoiceId: 'other-0' }, asking));
    expectOk(await bring(1));
    desk.close();
  });

  it('say how many documents the margin leaves out because they are no jobs', async () => {
    fillCopy(['w1'], 1, [malformedChange({ _id: 'job-1', state: 'completed' })]);
    const { desk, answers } = await openDesk();
    const margin = expectOk(await answers['margin.get']({ period: '2026-10' }, asking));
    expect(margin).toEqual({ rows: [], unreadableJobs: 1 });
    desk.close();
  });

  it('say of every month up to the last closed one that it is closed, also of those before the first', async () => {
    fillCopy(['w1'], 1);
    const books = expectOk(CacheBooks.open(world.file));
    const october = {
      period: '2026-10',
      closedAtMs: 1,
      closedBy: 'ann',
      entries: 0,
      netCredits: 0,
      entriesDigest: sha256OfText(''),
      previousHash: null,
      hash: sha256OfText('october'),
    };
    const from = { books, server: (await server.openStore()).reader };
    const desk = new StatementDesk(from, { closed: [october], sealed: NOTHING_SEEN }, world.folder);
    const isClosed = async (period: string) =>
      expectOk(await desk.statements({ period, workspaceId: null }, signal)).isClosed;
    expect([await isClosed('2026-08'), await isClosed('2026-10'), await isClosed('2026-11')]).toEqual([
      true,
      true,
      false,
    ]);
    books.close();
  });

  it('export each part of a run into a file of its own, and the same part into the same', async () => {
    fillCopy(['w1', 'w2'], 2);
    const ledger = server.client.db(server.dbName).collection<{ _id: string }>('credit_ledger');
    await ledger.insertMany(['w1', 'w2'].flatMap((id) => [0, 1].map((at) => ({ ...grant(id, 1, at) }))));
    const { desk } = await openDesk();
    const run = await desk.run({ scope: { workspaceId: null, period: null }, signal, onProgress: () => undefined });
    const { runId } = expectOk(run);
    const layout = { groupBy: 'rule', since: 'any' } as const;
    const exportOf = async (...workspaceIds: readonly string[]) => {
      const asked = { runId, filter: { rules: [], workspaceIds: [...workspaceIds] }, layout };
      return expectOk(await desk.export(asked, asking.clean));
    };
    const [all, first, second, again] = [
      await exportOf(),
      await exportOf('w1'),
      await exportOf('w2'),
      await exportOf('w1'),
    ];
    expect([first.findings > 0, second.findings > 0]).toEqual([true, true]);
    expect(all.findings).toBe(first.findings + second.findings);
    expect(new Set([all.path, first.path, second.path]).size).toBe(3);
    expect(again).toEqual(first);
    desk.close();
  });

  it('export the statements of each workspace into a file of its own, whatever it is called', async () => {
    const long = 'a team with a name that is longer than what a file can be called by, and ends in ';
    const workspaceIds = ['w1', 'W1', 'all', 'ALL', `${long}1`, `${long}2`];
    fillCopy(workspaceIds, 1);
    const { desk, answers } = await openDesk();
    const paths = new Set<string>();
    for (const workspaceId of [null, ...workspaceIds]) {
      const question = { period: '2026-10', workspaceId, format: 'csv' as const };
      const exported = expectOk(await answers['statements.export'](question, asking));
      expect(exported.rows).toBe(workspaceId === null ? workspaceIds.length : 1);
      // A disk that takes small letters for capitals has one file of two such names.
      paths.add(exported.path.toLowerCase());
    }
    expect(paths.size).toBe(1 + workspaceIds.length);
    desk.close();
  });
});
