import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { requestNameSchema } from '#contract/requests.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { RedactionRule } from '#domain/redaction/redaction-rule.ts';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { exportedTexts } from '../../support/exported-texts.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { grant } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/** Stands in the kind of a job, which comes from the product like its prompt. */
const MARK = 'canary-44e0';
/** What stands in one kind of export each: the kind of a job in what it cost, words of a finding, why a plan left a job alone. */
const HIDDEN = {
  case: `kind ${MARK}`,
  findings: 'captured after refunds',
  margin: `kind ${MARK}`,
  plan: 'It changed since it was planned',
  statements: `kind ${MARK}`,
} as const;
const PERIOD = '2026-10';

let server: TestServer;
let folder: string;
let engine: Engine;
let window: EngineWindow;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-redacted-exports-'));
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 10_000)));
  const failed = [
    failedJob({ id: 'charged', kind: HIDDEN.margin, failureClass: 'validation', captured: 100, costMicroUsd: 7 }),
    failedJob({ id: 'again', failureClass: 'temporary' }),
  ];
  expectOk(await store.writer.insertJobs(failed));
  for (const entry of failed.flatMap(entriesOf)) expectOk(await store.writer.postEntry(entry));
  engine = consoleEngine({ dataDir: folder, mongodbUri: server.uri, dbName: server.dbName, personName: 'fay' });
  expectOk(await engine.start());
  window = new EngineWindow(engine);
  await window.untilStatus(({ connection, monitor }) => connection.state === 'connected' && monitor.mode === 'stream');
  await vi.waitFor(async () => expectOk(await window.ask('job.get', { jobId: 'again' })), {
    timeout: 20_000,
    interval: 50,
  });
});
afterEach(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** Every export there is, each in every form, of the same things. */
async function exportEverything(runId: string, planId: string): Promise<void> {
  expectOk(await window.ask('case.export', { chosen: { type: 'ids', ids: ['charged', 'again'] } }));
  expectOk(await window.ask('reconciliation.export', { runId, filter: {} }));
  expectOk(await window.ask('plans.export', { planId }));
  for (const format of ['csv', 'json', 'xlsx'] as const) {
    expectOk(await window.ask('statements.export', { period: PERIOD, workspaceId: null, format }));
    expectOk(await window.ask('margin.export', { period: PERIOD, format }));
  }
}

function hiddenIn(kind: string): string {
  return Object.entries(HIDDEN).find(([name]) => name === kind)?.[1] ?? '';
}

function ruleOf(id: string, pattern: string): RedactionRule {
  return { id, label: 'by law', roles: ['founder'], where: { type: 'pattern', pattern, ignoresCase: false } };
}

/** A plan of one job that somebody retries before it is run, so that it says why it left the job alone. */
async function planThatSkips(jobId: string): Promise<string> {
  const wish = { type: 'ids' as const, ids: [jobId] };
  const { planId } = expectOk(await window.ask('plans.make', { wish, reason: 'again' })).plan;
  const { version } = expectOk(await window.ask('retry.preview', { jobId, reason: 'again', edited: null }));
  const order = { requestId: crypto.randomUUID(), jobId, version, reason: 'again', edited: null };
  expectOk(await window.ask('retry.run', order));
  const limits = { failureRateMax: 1, endedMin: 5, spendCreditsMax: 10_000 };
  expectOk(await window.ask('plans.run', { planId, ramp: [1], limits, typedCredits: null }));
  await vi.waitFor(
    async () => {
      const { outcomes } = expectOk(await window.ask('plans.outcomes', { planId, from: 0, limit: 10 }));
      expect(outcomes.map(({ why }) => why)).toEqual([expect.stringContaining(HIDDEN.plan)]);
    },
    { timeout: 20_000, interval: 50 },
  );
  return planId;
}

async function takeExports(runId: string, planId: string) {
  const exports = path.join(folder, 'exports');
  rmSync(exports, { recursive: true, force: true });
  await exportEverything(runId, planId);
  return exportedTexts(exports);
}

it('every export holds a text before a rule hides it, and the mark of the rule in its place afterwards', async () => {
  const over = window.next((event) => event.name === 'reconciliation.changed' && event.state.running === null);
  expectOk(await window.ask('reconciliation.run', { scope: { workspaceId: null, period: null } }));
  await over;
  const { runId = '' } = expectOk(await window.ask('reconciliation.runs', {})).rows[0] ?? {};
  const planId = await planThatSkips('again');

  const before = await takeExports(runId, planId);
  expect([...new Set(before.map(({ kind }) => kind))].sort()).toEqual(Object.keys(HIDDEN));
  expect(before.filter(({ kind, text }) => !text.includes(hiddenIn(kind)))).toEqual([]);

  const rules = [...new Set(Object.values(HIDDEN))].map((pattern, index) => ruleOf(`r${index}`, pattern));
  expectOk(await window.ask('redaction.put', { basedOn: 0, draft: { rules }, reason: 'the law' }));
  await window.untilStatus(({ redaction }) => redaction.isHiding && redaction.version === 1);
  const after = await takeExports(runId, planId);
  expect(after.map(({ kind }) => kind).sort()).toEqual(before.map(({ kind }) => kind).sort());
  expect(after.filter(({ kind, text }) => text.includes(hiddenIn(kind)))).toEqual([]);
  // Hidden is not missing.
  expect(after.filter(({ text }) => !text.includes(redactionMark('by law')))).toEqual([]);

  // Once before the rule and once after; statements and margins in three forms each.
  const times = (name: string): number => (name === 'statements.export' || name === 'margin.export' ? 6 : 2);
  const names = requestNameSchema.options.filter((one) => one.endsWith('.export'));
  // How each ended is noted behind its answer.
  await vi.waitFor(async () => {
    const filter = { actorId: null, action: null, subject: null };
    const { rows } = expectOk(await window.ask('audit.page', { filter, cursor: null, limit: 100 }));
    const recorded = rows.flatMap(({ entry }) => (entry?.outcome === 'done' ? [entry.action] : []));
    expect(names.map((name) => [name, recorded.filter((action) => action === name).length])).toEqual(
      names.map((name) => [name, times(name)]),
    );
  });
});
