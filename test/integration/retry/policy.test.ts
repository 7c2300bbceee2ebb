import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { JobDesk } from '#console/retry/job-desk.ts';
import { PolicyDesk } from '#console/retry/policy-desk.ts';
import { runReconciliation, type RunRequest } from '#console/reconciliation/run.ts';
import type { FailureClass } from '#domain/failure.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { DEFAULT_RETRY_POLICY, type ClassRule } from '#domain/retry-policy.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { ANN, deskOf, failJobs, run } from './plan-world.ts';

const BOB = { type: 'user', id: 'bob' } as const;
let deployment: RunnerDeployment;
let cache: Cache;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
  cache = expectOk(openCache({ path: path.join(deployment.folder, 'copy.sqlite'), now: Date.now, source: 'test' }));
});
afterEach(async () => {
  cache.close();
  await deployment.stop();
});

function deskOfPolicies(): PolicyDesk {
  const { policies, reader } = deployment.store;
  return new PolicyDesk({ policies, reader, cache: cache.reader });
}

function draftWith(name: FailureClass, rule: Partial<ClassRule>): PolicyDraft {
  const { classes, spend } = DEFAULT_RETRY_POLICY;
  return { spend, classes: { ...classes, [name]: { ...classes[name], ...rule } } };
}

async function put(draft: PolicyDraft, basedOn = 1): Promise<void> {
  expectOk(await deskOfPolicies().put({ basedOn, draft, reason: 'an outage taught us', by: ANN }));
}

describe('the policy on the server', () => {
  it('is what the program brings until somebody writes another, which says who, when and why', async () => {
    expect(expectOk(await deployment.store.policies.inForce())).toEqual(DEFAULT_RETRY_POLICY);
    await put(draftWith('validation', { person: 'never' }));
    expect(expectOk(await deskOfPolicies().list())).toMatchObject([
      { version: 2, by: ANN, reason: 'an outage taught us', classes: { validation: { person: 'never' } } },
    ]);
    expect(expectOk(await deployment.store.policies.inForce())).toMatchObject({ version: 2 });
  });

  it('has exactly one version in force when two people put theirs in force at once', async () => {
    const both = await Promise.all(
      [ANN, BOB].map((by, index) =>
        deskOfPolicies().put({ basedOn: 1, draft: draftWith('timeout', { automatic: 5 + index }), reason: 'r', by }),
      ),
    );
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    expect(both.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'write_conflict' } });
    expect(expectOk(await deskOfPolicies().list())).toHaveLength(1);
  });

  it('refuses a draft that was written over a version that is not in force any more', async () => {
    await put(draftWith('timeout', { automatic: 5 }));
    const late = await deskOfPolicies().put({
      basedOn: 1,
      draft: draftWith('timeout', { automatic: 7 }),
      reason: 'r',
      by: BOB,
    });
    expect(late).toMatchObject({ ok: false, error: { code: 'write_conflict' } });
  });

  it('decides nothing where the version in force cannot be read', async () => {
    const { client, dbName } = deployment.server;
    const policies = client.db(dbName).collection<{ _id: string } & Record<string, unknown>>('retry_policies');
    await policies.insertOne({
      ...draftWith('timeout', {}),
      _id: '000002',
      version: 2,
      reason: '',
      by: ANN,
      at: new Date(),
    });
    await failJobs(deployment, ['a1']);
    const planned = await deskOf(deployment.store).plan({
      source: { type: 'ids', count: 1 },
      chosen: { ids: ['a1'] },
      copy: null,
      isCollecting: true,
      reason: '',
      by: ANN,
      signal: new AbortController().signal,
    });
    expect(planned).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
  });
});

describe('whoever decides', () => {
  it('a runner obeys the version in force, also one that is put in force while it runs, and records it', async () => {
    await put(draftWith('validation', { automatic: 0 }));
    deployment.startRunner();
    await deployment.order('w1', 1000, [{ id: 'first', model: 'bad-output', priceCredits: 10, maxAttempts: 5 }]);
    const first = await deployment.settled('first', 'failed');
    expect(first.attempts).toHaveLength(1);
    expect(first.history.at(-1)).toMatchObject({ to: 'failed', policyVersion: 2 });
    await put(draftWith('validation', { automatic: 2, backoffBaseMs: 0, backoffMaxMs: 0 }), 2);
    await expect
      .poll(
        async () => {
          const id = `later-${randomUUID().slice(0, 8)}`;
          await deployment.order('w1', 0, [{ id, model: 'bad-output', priceCredits: 10, maxAttempts: 5 }]);
          return (await deployment.settled(id, 'failed')).attempts.length;
        },
        { timeout: 30_000 },
      )
      .toBe(3);
  });

  it('a person is refused by the version in force, and the preview names it', async () => {
    await failJobs(deployment, ['a1']);
    await put(draftWith('temporary', { person: 'never' }));
    const { reader, writer, policies } = deployment.store;
    const desk = new JobDesk({ reader, writer, policies, cache: cache.reader, lens: () => null });
    expect(
      expectOk(await desk.previewRetry({ jobId: 'a1', reason: '', edited: null, isCollecting: false })).verdict,
    ).toMatchObject({
      verdict: 'blocked',
      cause: 'class_never',
      policyVersion: 2,
    });
    const { version } = await deployment.jobOf('a1');
    const order = {
      requestId: randomUUID(),
      jobId: 'a1',
      version,
      reason: 'please',
      edited: null,
      isCollecting: false,
      by: ANN,
    };
    expect(await desk.retry(order)).toMatchObject({ ok: false, error: { code: 'retry_blocked' } });
  });

  it('a plan keeps the version that it was made under, and its run skips what the one in force refuses', async () => {
    await failJobs(deployment, ['a1', 'a2']);
    expectOk(await deployment.store.writer.postEntry(grant('w1', 10_000)));
    const desk = deskOf(deployment.store);
    const signal = new AbortController().signal;
    const plan = expectOk(
      await desk.plan({
        source: { type: 'ids', count: 2 },
        chosen: { ids: ['a1', 'a2'] },
        copy: null,
        isCollecting: true,
        reason: '',
        by: ANN,
        signal,
      }),
    );
    expect(plan).toMatchObject({ policyVersion: 1, totals: { groups: { eligible: { jobs: 2 } } } });
    await put(draftWith('temporary', { person: 'with_reason' }));
    expectOk(await run(deployment.store, plan._id));
    const outcomes = expectOk(await desk.outcomes(plan._id));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped']);
    expect((await deployment.jobOf('a1')).state).toBe('failed');
  });

  it('reconciliation judges a charge by the version that the failure was decided under', async () => {
    await put(draftWith('validation', { automatic: 0, charge: 'capture' }));
    const runner = deployment.startRunner();
    await deployment.order('w1', 1000, [{ id: 'kept', model: 'bad-output', priceCredits: 10 }]);
    await deployment.settled('kept', 'failed');
    await expect
      .poll(() => deployment.ledgerOf('kept'), { timeout: 20_000 })
      .toEqual([
        ['reserve', 10],
        ['capture', 10],
      ]);
    await runner.drain();
    await put(draftWith('validation', { automatic: 0 }), 2);
    const request: RunRequest = {
      scope: { workspaceId: null, period: null },
      prices: [],
      closedPeriods: [],
      seen: null,
      asOfMs: null,
      chargeRule: null,
      copy: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    };
    const { record } = expectOk(await runReconciliation(deployment.store.reader, request));
    expect(record.findings.filter(({ subject }) => subject.type !== 'workspace')).toEqual([]);
  });
});
