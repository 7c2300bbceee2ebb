import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '#contract/events.ts';
import type { ReconciliationScope, ReconciliationState, RunSummary } from '#contract/reconciliation-views.ts';
import { periodOf, type LedgerEntry } from '#domain/ledger.ts';
import type { ReviewAct } from '#domain/reconciliation/finding-review.ts';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { jobIn } from '../../support/cache-world.ts';

const ALL = { workspaceId: null, period: null };
const NO_FILTER = { rules: [], workspaceIds: [] };

/** A failed job of workspace `w1`, price 500, whose hold was given back. */
const FAILED = jobIn({ id: 'failed-1', state: 'failed', failureClass: 'provider', priceCredits: 500 });

let server: TestServer;
let dataDir: string;
const engines: Engine[] = [];
beforeEach(async () => {
  server = await startTestServer();
  dataDir = await mkdtemp(path.join(tmpdir(), 'runledger-reconcile-'));
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  await server.client
    .db(server.dbName)
    .collection<{ _id: string }>('jobs')
    .insertOne({ ...FAILED });
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function seenAs(findingIds: readonly string[], seenVersion: number | null) {
  return findingIds.map((findingId) => ({ findingId, seenVersion }));
}

function entryOf(type: 'reserve' | 'release' | 'capture', n = 1): LedgerEntry {
  const at = new Date('2026-10-20T11:00:00Z');
  const { generationId } = FAILED.billing;
  return {
    _id: `${generationId}:${type}:${n}`,
    workspaceId: 'w1',
    jobId: FAILED._id,
    generationId,
    attempt: 1,
    type,
    credits: 500,
    at,
    actor: { type: 'runner', id: 'r1' },
    reason: `=planted ${type}`,
    period: periodOf(at),
  };
}

async function plant(...entries: readonly LedgerEntry[]): Promise<void> {
  const ledger = server.client.db(server.dbName).collection<{ _id: string }>('credit_ledger');
  await ledger.insertMany(entries.map((entry) => ({ ...entry })));
}

async function openWindow(): Promise<EngineWindow> {
  const engine = consoleEngine({ dataDir, mongodbUri: server.uri, dbName: server.dbName, personName: null });
  engines.push(engine);
  expectOk(await engine.start());
  return new EngineWindow(engine);
}

/** Waits until the copy is complete and has this many entries of the failed job. */
async function copied(window: EngineWindow, entries: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const status = expectOk(await window.ask('status.get', {}));
        const job = await window.ask('job.get', { jobId: FAILED._id });
        return [status.monitor.snapshot, status.monitor.mode, job.ok ? job.value.charge.entries.length : null];
      },
      { timeout: 20_000 },
    )
    .toEqual([null, expect.stringMatching(/stream|polling/), entries]);
}

function isOver(event: EngineEvent): boolean {
  return event.name === 'reconciliation.changed' && event.state.running === null;
}

async function run(window: EngineWindow, scope: ReconciliationScope = ALL): Promise<ReconciliationState> {
  await window.ask('reconciliation.get', {});
  const over = window.next(isOver);
  expect(expectOk(await window.ask('reconciliation.run', { scope })).running?.scope).toEqual(scope);
  const event = await over;
  if (event.name !== 'reconciliation.changed') throw new Error('another event ended the run');
  return event.state;
}

function lastOf(state: ReconciliationState): RunSummary {
  if (state.last === null) throw new Error(`no run came to its end: ${JSON.stringify(state.error)}`);
  return state.last;
}

describe('reconciliation over the port of a window', () => {
  it('says that nothing was run yet, and after a run of clean books that nothing was found', async () => {
    const window = await openWindow();
    await copied(window, 0);
    expect(expectOk(await window.ask('reconciliation.get', {}))).toEqual({
      running: null,
      closing: null,
      last: null,
      error: null,
    });
    const last = lastOf(await run(window));
    expect(last).toMatchObject({ findings: 0, byRule: {}, inputs: { jobs: 1, accounts: 1, entries: 1 } });
    expect(last.comparison).toBeNull();
  });

  it('finds a captured entry of a job that failed, page by page, and explains it', async () => {
    await plant(entryOf('reserve'), entryOf('release'), entryOf('capture'));
    const window = await openWindow();
    await copied(window, 3);
    const last = lastOf(await run(window));
    expect(last.byRule).toEqual({ refund_owed: 1, account_differs: 1 });
    expect(last.byWorkspace).toEqual([{ workspaceId: 'w1', findings: 2 }]);

    const { runId } = last;
    const page = await window.ask('reconciliation.findings', { runId, filter: NO_FILTER, cursor: null, limit: 1 });
    const first = expectOk(page);
    expect(first).toMatchObject({ total: 2, byRule: { refund_owed: { findings: 1, credits: 500 } } });
    const next = await window.ask('reconciliation.findings', {
      runId,
      filter: NO_FILTER,
      cursor: first.nextCursor,
      limit: 1,
    });
    expect(expectOk(next).rows.map(({ rule }) => rule)).toEqual(['account_differs']);

    const [owed] = first.rows;
    const detail = expectOk(await window.ask('reconciliation.finding', { runId, findingId: owed?.id ?? '' }));
    expect(detail.finding).toMatchObject({ rule: 'refund_owed', jobId: FAILED._id, credits: 500 });
    expect(detail.entries.map(({ type, isOffending }) => [type, isOffending])).toEqual([
      ['capture', true],
      ['release', false],
      ['reserve', false],
    ]);
    expect(detail.account).toEqual({ availableCredits: 100_000, heldCredits: 0 });
  });

  it('exports what a filter lets through, safe against formulas', async () => {
    const stray = { workspaceId: '=2+5', jobId: null, generationId: null, type: 'grant' } as const;
    await plant(entryOf('capture'), { ...entryOf('reserve'), ...stray, _id: 'stray:grant:1' });
    const window = await openWindow();
    await copied(window, 1);
    const { runId, byRule } = lastOf(await run(window));
    expect(byRule).toEqual({ refund_owed: 1, account_differs: 2 });
    const filter = { rules: ['account_differs'], workspaceIds: ['=2+5'] };
    const written = expectOk(await window.ask('reconciliation.export', { runId, filter }));
    expect(written.findings).toBe(1);
    expect(path.dirname(written.path)).toBe(path.join(dataDir, 'exports'));
    const lines = (await readFile(written.path, 'utf8')).trimEnd().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(`"'=2+5"`);
    expect(lines[1]).not.toMatch(/(^|,)=/);
  });

  it('exports what is shown and nothing else, and no part of a run over another one', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    await run(window);
    const { runId, comparison } = lastOf(await run(window));
    expect(comparison).toEqual({ new: 0, stillOpen: 2, solved: 0 });
    const exported = async (part: { filter?: { rules: string[] }; layout?: { since: 'new' | 'still_open' } }) =>
      expectOk(await window.ask('reconciliation.export', { runId, filter: NO_FILTER, ...part }));
    expect(await exported({ layout: { since: 'new' } })).toMatchObject({ findings: 0 });
    expect(await exported({ layout: { since: 'still_open' } })).toMatchObject({ findings: 2 });
    const owed = await exported({ filter: { rules: ['refund_owed'] } });
    await exported({ filter: { rules: ['account_differs'] } });
    expect(await readFile(owed.path, 'utf8')).toContain('refund_owed');
  });

  it('breaks the drift of a workspace down to its entries with the running balance', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    const { runId } = lastOf(await run(window));
    const findingId = 'account_differs:total:w1';
    const detail = expectOk(await window.ask('reconciliation.finding', { runId, findingId }));
    expect(detail.opening).toEqual({ total: 0, held: 0 });
    expect(detail.entries.map(({ type, credits, totalAfter }) => [type, credits, totalAfter])).toEqual([
      ['grant', 100_000, 100_000],
      ['capture', 500, 99_500],
    ]);
  });

  it('keeps the last run over a restart, and says what is new, still open and solved since', async () => {
    await plant(entryOf('capture'));
    const before = await openWindow();
    await copied(before, 1);
    const first = lastOf(await run(before));
    await engines.pop()?.stop();

    const window = await openWindow();
    expect(expectOk(await window.ask('reconciliation.get', {})).last).toEqual(first);
    await copied(window, 1);
    // Dated as a refund of today is: a server without change streams is asked for what came since the last time.
    const now = new Date();
    await plant({ ...entryOf('reserve'), _id: 'g-builder:refund:1', type: 'refund', at: now, period: periodOf(now) });
    await copied(window, 2);
    // The refund makes good what was captured and what the ledger lacked.
    const second = lastOf(await run(window));
    expect(second.findings).toBe(0);
    expect(second.comparison).toEqual({ new: 0, stillOpen: 0, solved: 2 });
    const earlier = { runId: first.runId, filter: NO_FILTER, cursor: null, limit: 9 };
    expect(expectOk(await window.ask('reconciliation.findings', earlier)).total).toBe(2);
    const { rows } = expectOk(await window.ask('reconciliation.runs', {}));
    expect(rows.map(({ runId }) => runId)).toEqual([second.runId, first.runId]);
  });

  it('repeats a kept run to the byte as long as the books are what they were, and says so when they are not', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    const { runId } = lastOf(await run(window));
    const same = expectOk(await window.ask('reconciliation.repeat', { runId }));
    expect(same).toEqual({ runId, isSame: true, areInputsSame: true, areRulesSame: true, onlyNow: 0, onlyThen: 0 });
    await plant(entryOf('reserve'));
    await copied(window, 2);
    const other = expectOk(await window.ask('reconciliation.repeat', { runId }));
    expect(other).toMatchObject({ isSame: false, areInputsSame: false, areRulesSame: true });
    expect(expectOk(await window.ask('reconciliation.runs', {})).rows).toHaveLength(1);
    expect(await window.ask('reconciliation.repeat', { runId: 'abc' })).toMatchObject({ ok: false });
  });

  it('looks only at the workspace that it is asked for', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    expect(lastOf(await run(window, { workspaceId: 'w2', period: null })).findings).toBe(0);
    expect(lastOf(await run(window, { workspaceId: 'w1', period: '2026-10' })).findings).toBe(2);
  });

  it('reads the server where the copy keeps a window of the jobs, for whatever part of the books it is asked', async () => {
    await plant(entryOf('capture'));
    const billing = { ...FAILED.billing, generationId: 'g-other' };
    const other = { ...FAILED, _id: 'failed-2', workspaceId: 'w2', billing };
    await server.client.db(server.dbName).collection<{ _id: string }>('jobs').insertOne(other);
    await plant({
      ...entryOf('capture'),
      _id: 'g-other:capture:1',
      workspaceId: 'w2',
      jobId: 'failed-2',
      generationId: 'g-other',
    });
    const window = await openWindow();
    await copied(window, 1);
    const whole = lastOf(await run(window));
    expectOk(await window.ask('copy.set', { keptDays: 1, bytesMax: null, keepsPrompts: true }));
    await expect
      .poll(async () => expectOk(await window.ask('copy.get', {})).documents.jobs, { timeout: 20_000 })
      .toBe(0);

    for (const [scope, findings] of [
      [ALL, whole.findings],
      [{ workspaceId: 'w1', period: null }, 2],
      [{ workspaceId: 'w2', period: '2026-10' }, 2],
      [{ workspaceId: 'w1', period: '2026-09' }, 1],
      [{ workspaceId: 'w3', period: null }, 0],
    ] as const) {
      const last = lastOf(await run(window, scope));
      expect(last).toMatchObject({ scope, findings, copyAsOfMs: null, inputs: whole.inputs });
    }
    const again = lastOf(await run(window));
    expect(again.byRule).toEqual(whole.byRule);
    const same = expectOk(await window.ask('reconciliation.repeat', { runId: again.runId }));
    expect(same).toMatchObject({ isSame: true, areInputsSame: true });
  });

  it('lets people assign, discuss, accept and open findings again, for everybody who looks at them', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    const { runId } = lastOf(await run(window));
    const findingIds = ['refund_owed:not_made:g-builder', 'account_differs:total:w1'];
    const act = async (ids: readonly string[], what: ReviewAct) =>
      expectOk(await window.ask('findings.act', { runId, findings: seenAs(ids, null), act: what })).rows;
    const assigned = await act(findingIds, { type: 'assign', to: 'ann' });
    expect(assigned.map(({ assignedTo, standing }) => [assignedTo, standing])).toEqual([
      ['ann', 'open'],
      ['ann', 'open'],
    ]);
    await act(findingIds.slice(0, 1), { type: 'comment', text: 'asked the provider' });
    await act(findingIds, { type: 'accept', reason: 'agreed with the customer' });
    const accepting = (seen: number | null, reason: string) =>
      window.ask('findings.act', { runId, findings: seenAs(findingIds, seen), act: { type: 'accept', reason } });
    expect(await accepting(null, ' ')).toMatchObject({ ok: false, error: { code: 'malformed_request' } });
    // The first was commented on besides, so that it stands at a version that nobody has seen here: the second is left alone too.
    expect(await accepting(2, 'once more')).toMatchObject({ ok: false, error: { code: 'write_conflict' } });
    const untouched = await window.ask('findings.reviews', { runId, findingIds });
    expect(expectOk(untouched).rows.map(({ version }) => version)).toEqual([3, 2]);

    // Another machine reads them from the server.
    await engines.pop()?.stop();
    const other = await openWindow();
    await copied(other, 1);
    const review = async (findingId: string) => expectOk(await other.ask('findings.review', { runId, findingId }));
    expect(await review(findingIds[0] ?? '')).toMatchObject({
      standing: 'accepted',
      assignedTo: 'ann',
      comments: [{ text: 'asked the provider' }],
      settled: { as: 'accepted', reason: 'agreed with the customer' },
    });
    const page = await other.ask('reconciliation.findings', { runId, filter: NO_FILTER, cursor: null, limit: 9 });
    expect(Object.values(expectOk(page).reviews).map(({ standing }) => standing)).toEqual(['accepted', 'accepted']);
    expectOk(
      await other.ask('findings.act', {
        runId,
        findings: seenAs(findingIds.slice(1), 2),
        act: { type: 'reopen', reason: 'it was not agreed' },
      }),
    );
    expect(await review(findingIds[1] ?? '')).toMatchObject({
      standing: 'open',
      settled: null,
      comments: [{ text: 'it was not agreed' }],
    });
  });

  it('stops when it is told to, keeps nothing of it, and runs again', async () => {
    await plant(entryOf('capture'));
    const window = await openWindow();
    await copied(window, 1);
    await window.ask('reconciliation.get', {});
    const over = window.next(isOver);
    await window.ask('reconciliation.run', { scope: ALL });
    await window.ask('reconciliation.cancel', {});
    expect(await over).toMatchObject({ state: { last: null, error: { code: 'cancelled' } } });
    expect(lastOf(await run(window)).findings).toBe(2);
  });

  it('refuses a run without the server, because nothing could be confirmed', async () => {
    await copied(await openWindow(), 0);
    await engines.pop()?.stop();
    const window = await openWindow();
    // Asked at once: who sits here is remembered, and the connection is not there yet.
    const refused = await window.ask('reconciliation.run', { scope: ALL });
    expect(refused).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
  });
});
