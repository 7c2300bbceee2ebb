import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheChange } from '#cache/changes.ts';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { COPY_AGE_MAX_MS } from '#console/retry/plan-source.ts';
import type { JobFilter } from '#contract/job-views.ts';
import { parseJobQuery } from '#contract/query/job-query.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { parseJob } from '#domain/job.ts';
import type { PlanItem } from '#domain/retry-plan/plan-item.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { ANN, deskOf, failJobs, plantFailed, run } from './plan-world.ts';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
let deployment: RunnerDeployment;
let cache: Cache;
let serverNowMs: number;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
  cache = expectOk(openCache({ path: path.join(deployment.folder, 'copy.sqlite'), now: () => NOW_MS, source: 'test' }));
  serverNowMs = expectOk(await deployment.store.reader.serverNow()).getTime();
});
afterEach(async () => {
  cache.close();
  await deployment.stop();
});

/** Copies everything that the server has, as of some time before its now. */
async function copyAll({ behindMs = 0 } = {}): Promise<void> {
  const { client, dbName } = deployment.server;
  const documents = await client.db(dbName).collection('jobs').find().toArray();
  const { ledger, accounts } = await readBooks(deployment.store.reader);
  const jobs = documents.map((document): CacheChange => {
    const parsed = parseJob(document);
    return {
      type: 'job',
      job: parsed.ok
        ? { type: 'job', job: parsed.value, document }
        : { type: 'malformed', malformed: parsed.error, document },
    };
  });
  const changes: Readonly<Record<'jobs' | 'accounts' | 'ledger', readonly CacheChange[]>> = {
    jobs: descending(jobs, (change) => (change.type === 'job' ? String(change.job.document['_id']) : '')),
    accounts: descending(
      accounts.map((account): CacheChange => ({ type: 'account', account })),
      (change) => (change.type === 'account' ? change.account._id : ''),
    ),
    ledger: descending(
      ledger.map((entry): CacheChange => ({ type: 'entry', entry })),
      (change) => (change.type === 'entry' ? change.entry._id : ''),
    ),
  };
  expectOk(cache.writer.openSnapshot('position'));
  for (const part of ['jobs', 'accounts', 'ledger'] as const) {
    expectOk(cache.writer.applyPages([{ part, beforeId: null, changes: changes[part], isLast: true }]));
  }
  expectOk(cache.writer.setAsOf(serverNowMs - behindMs));
}

function descending(changes: readonly CacheChange[], idOf: (change: CacheChange) => string): readonly CacheChange[] {
  return changes.toSorted((left, right) => (idOf(left) < idOf(right) ? 1 : -1));
}

async function planned(
  chosen: { readonly ids: readonly string[] } | { readonly filter: JobFilter },
  copy: Cache | null = cache,
): Promise<{ readonly planId: string; readonly origin: string; readonly items: readonly PlanItem[] }> {
  const desk = deskOf(deployment.store);
  const plan = expectOk(
    await desk.plan({
      source: { type: 'ids', count: 1 },
      chosen,
      copy: copy?.reader ?? null,
      isCollecting: true,
      reason: '',
      by: ANN,
      signal: new AbortController().signal,
    }),
  );
  const items = expectOk(await desk.items(plan._id));
  return { planId: plan._id, origin: plan.origin.type, items };
}

const filterOf = (query: string): JobFilter => parseJobQuery(query, 2).filter;
const idsOf = (items: readonly PlanItem[]): readonly string[] => items.map(({ jobId }) => jobId).toSorted();

describe('a plan made from the offline copy', () => {
  it('judges every job as one made from the server does', async () => {
    for (const workspaceId of ['w1', 'w2']) expectOk(await deployment.store.writer.postEntry(grant(workspaceId, 450)));
    for (const failureClass of failureClassSchema.options) {
      await plantFailed(deployment, { id: `plain-${failureClass}`, failureClass });
      await plantFailed(deployment, { id: `paid-${failureClass}`, failureClass, captured: 100 });
      await plantFailed(deployment, {
        id: `made-${failureClass}`,
        failureClass,
        acceptanceId: 'a1',
        workspaceId: 'w2',
      });
    }
    // Its entries say that it was never charged, the job says otherwise.
    await plantFailed(deployment, { id: 'unproved', failureClass: 'timeout', captured: 100, isUnproved: true });
    await deployment.order('w2', 0, [{ id: 'live', prompt: 'the same words' }]);
    await plantFailed(deployment, {
      id: 'twin',
      failureClass: 'timeout',
      workspaceId: 'w2',
      input: queuedJob({ id: 'x', prompt: 'the same words' }).input,
    });
    const { client, dbName } = deployment.server;
    await client.db(dbName).collection<{ _id: string }>('jobs').insertOne({ _id: 'no-job' });
    await copyAll();
    const found = await client.db(dbName).collection<{ _id: string }>('jobs').find().toArray();
    const ids = [...found.map(({ _id }) => _id), 'nowhere'];
    const [byCopy, byServer] = [await planned({ ids }), await planned({ ids }, null)];
    expect([byCopy.origin, byServer.origin]).toEqual(['copy', 'server']);
    expect(byCopy.items).toEqual(byServer.items);
    expect(byCopy.items.find(({ jobId }) => jobId === 'twin')?.sameInputAs).toBe('live');
    const groups = new Set(byCopy.items.map(({ group }) => group));
    expect(groups).toEqual(
      new Set([
        'eligible',
        'insufficient_credit',
        'needs_edit',
        'needs_reason',
        'collect_first',
        'already_charged',
        'charge_unknown',
        'not_failed',
        'unreadable',
      ]),
    );
  });

  it('is carried out on the server as it is then: what has changed since the copy is skipped, and said', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0', 'j1']);
    await copyAll({ behindMs: 1000 });
    deployment.startRunner();
    const first = await planned({ ids: ['j0'] });
    expectOk(await run(deployment.store, first.planId));
    const { planId, origin } = await planned({ ids: ['j0', 'j1'] });
    expect(origin).toBe('copy');
    expectOk(await run(deployment.store, planId));
    const outcomes = expectOk(await deskOf(deployment.store).outcomes(planId));
    expect(outcomes).toMatchObject([
      { jobId: 'j0', outcome: 'skipped' },
      { jobId: 'j1', outcome: 'succeeded' },
    ]);
    expect(outcomes[0]?.why).toContain('changed since it was planned');
  });

  it('counts a top-up that the copy has not heard of', async () => {
    await deployment.order('w1', 50, []);
    await failJobs(deployment, ['j0']);
    await copyAll();
    expect((await planned({ ids: ['j0'] })).items).toMatchObject([{ group: 'insufficient_credit' }]);
    expectOk(await deployment.store.writer.postEntry(grant('w1', 100, 2)));
    expect((await planned({ ids: ['j0'] })).items).toMatchObject([{ group: 'eligible' }]);
  });

  it('is made from the server where the copy is not complete, or too far behind', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0']);
    expect(await planned({ ids: ['j0'] })).toMatchObject({ origin: 'server', items: [{ group: 'eligible' }] });
    await copyAll({ behindMs: COPY_AGE_MAX_MS + 60_000 });
    expect((await planned({ ids: ['j0'] })).origin).toBe('server');
    expect((await planned({ filter: filterOf('state:failed') })).items).toHaveLength(1);
  });

  it('asks the server for what a copy with a window has left out', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0', 'j1']);
    await copyAll();
    expectOk(cache.writer.keepSince(NOW_MS + 86_400_000, 100));
    expect(expectOk(cache.reader.job('j0'))).toBeNull();
    const byIds = await planned({ ids: ['j0', 'j1'] });
    expect(byIds).toMatchObject({ origin: 'copy', items: [{ group: 'eligible' }, { group: 'eligible' }] });
    expect(idsOf((await planned({ filter: filterOf('state:failed') })).items)).toEqual(['j0', 'j1']);
  });
});
