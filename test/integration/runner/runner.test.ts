import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { planChange } from '#domain/transition.ts';
import { replicateProvider } from '#runner/providers/replicate.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startRecordedServer } from '../../support/recorded-server.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const POLLING = { timeout: 20_000 };

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

function states(job: { readonly history: readonly { readonly to: string }[] }): readonly string[] {
  return job.history.map(({ to }) => to);
}

describe('a runner on a server and a provider', () => {
  it('makes, checks and keeps what was ordered, and charges it once', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 300, model: 'standard' }]);
    deployment.startRunner();
    const job = await deployment.settled('j1', 'completed');

    expect(states(job)).toEqual(['queued', 'running', 'validating', 'completed']);
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 300],
      ['capture', 300],
    ]);
    const [file] = readdirSync(path.join(deployment.folder, 'artefacts'), {
      recursive: true,
      withFileTypes: true,
    }).filter((entry) => entry.isFile());
    const artefact = readFileSync(path.join(file?.parentPath ?? '', file?.name ?? ''));
    expect(job.output).toMatchObject({
      bytes: artefact.length,
      sha256: createHash('sha256').update(artefact).digest('hex'),
    });
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });

  it('tries again what the provider put off, and charges one generation for two attempts', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 120, kind: 'image', model: 'rate-limited' }]);
    deployment.startRunner();
    const job = await deployment.settled('j1', 'completed');

    expect(states(job)).toEqual(['queued', 'running', 'retrying', 'running', 'validating', 'completed']);
    expect(job.attempts.map(({ failure }) => failure?.class ?? null)).toEqual(['rate_limit', null]);
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 120],
      ['capture', 120],
    ]);
  });

  it.each([
    ['bad-input', 'input', 1],
    ['content-refused', 'policy', 1],
  ])('gives a job of the model %s up at once, and its credits back', async (model, failureClass, attempts) => {
    await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 120, model }]);
    deployment.startRunner();
    const job = await deployment.settled('j1', 'failed');

    expect(job.failure).toMatchObject({ class: failureClass });
    expect(job.attempts).toHaveLength(attempts);
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 120],
      ['release', 120],
    ]);
  });

  it('shows output that fails its checks as a validation failure, with each check by name', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'bad-output', maxAttempts: 1 }]);
    deployment.startRunner();
    const job = await deployment.settled('j1', 'failed');

    expect(job.failure).toMatchObject({ class: 'validation' });
    const checks = job.attempts.at(-1)?.validation?.checks ?? job.validation?.checks ?? [];
    expect(checks.some(({ passed, severity }) => !passed && severity === 'error')).toBe(true);
  });

  it('runs the others where one workspace cannot pay and one document is no job', async () => {
    await deployment.order('w1', 1000, [{ id: 'sound', model: 'standard' }]);
    await deployment.order('poor', 0, [{ id: 'unpaid', model: 'standard' }]);
    const broken = { _id: 'broken', state: 'queued', version: 'one', notBefore: new Date(0), kind: 42 };
    await deployment.server.client.db(deployment.server.dbName).collection<{ _id: string }>('jobs').insertOne(broken);
    deployment.startRunner();
    await deployment.settled('sound', 'completed');

    const unpaid = await deployment.jobOf('unpaid');
    expect(unpaid.state).toBe('queued');
    expect(unpaid.billing.blocked).not.toBeNull();
    expect(await deployment.ledgerOf('unpaid')).toEqual([]);
    expect(expectOk(await deployment.store.reader.readJob('broken'))?.type).toBe('malformed');
  });

  it('begins a job that waited for credit as soon as the workspace was topped up', async () => {
    await deployment.order('w1', 0, [{ id: 'j1', priceCredits: 500, model: 'standard' }]);
    deployment.startRunner();
    await expect.poll(async () => (await deployment.jobOf('j1')).billing.blocked, { timeout: 20_000 }).not.toBeNull();
    await deployment.order('w1', 500, []);
    expectOk(await deployment.store.writer.unblock('w1'));
    await deployment.settled('j1', 'completed');
  });

  it('finishes what is under way when it drains, and takes nothing more', async () => {
    await deployment.order('w1', 1000, [
      { id: 'j1', model: 'slow', priority: 1 },
      { id: 'j2', model: 'standard' },
    ]);
    const runner = deployment.startRunner({ concurrency: 1 });
    await deployment.reached('j1', 'running');
    await runner.drain();

    expect((await deployment.jobOf('j1')).state).toBe('completed');
    expect((await deployment.jobOf('j2')).state).toBe('queued');
    expect(runner.status).toMatchObject({ state: 'stopped', active: 0 });
  });

  it('gives a job back when it stops, and another runner makes it without a second charge', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'slow', priceCredits: 70 }]);
    const first = deployment.startRunner();
    await deployment.reached('j1', 'running');
    await first.stop();
    const givenBack = await deployment.jobOf('j1');
    expect(givenBack).toMatchObject({ state: 'retrying', lease: null });

    deployment.startRunner();
    await deployment.settled('j1', 'completed');
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 70],
      ['capture', 70],
    ]);
    expect(deployment.provider.calls().generated).toBe(1);
  });

  it('collects what a provider accepted for a runner that is gone, and buys nothing again', async () => {
    const server = await startRecordedServer();
    const prediction = { id: 'p-1', status: 'processing', urls: {} };
    const page = '<!doctype html><html lang="en"><head><title>T</title></head><body><main>Tea</main></body></html>';
    server.answer({ status: 201, body: prediction }, { body: prediction });
    const settings = { type: 'replicate', name: 'demo', baseUrl: server.url, key: 'k', pollMs: 10 } as const;
    await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 70 }]);
    const first = deployment.startRunner({ providers: [replicateProvider(settings, 'secret')] });
    await expect.poll(async () => (await deployment.jobOf('j1')).provider.acceptanceId, POLLING).toBe('p-1');
    await first.stop();
    expect(await deployment.jobOf('j1')).toMatchObject({ state: 'retrying', lease: null });

    server.answer({ body: { ...prediction, status: 'succeeded', output: page } });
    deployment.startRunner({ providers: [replicateProvider(settings, 'secret')] });
    const job = await deployment.settled('j1', 'completed');
    expect(job.attempts.map(({ acceptanceId }) => acceptanceId)).toEqual(['p-1', 'p-1']);
    expect(server.calls.filter(({ method }) => method === 'POST').map(({ path: where }) => where)).toEqual([
      '/models/demo/predictions',
    ]);
  });

  it('cancels at the provider what somebody cancelled while it was made', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 201, body: { id: 'p-1', status: 'processing', urls: {} } },
      { body: { id: 'p-1', status: 'processing', urls: {} } },
    );
    const settings = { type: 'replicate', name: 'demo', baseUrl: server.url, key: 'k', pollMs: 10 } as const;
    await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 70 }]);
    deployment.startRunner({ providers: [replicateProvider(settings, 'secret')], leaseMs: 1500 });
    await expect.poll(async () => (await deployment.jobOf('j1')).provider.acceptanceId, POLLING).toBe('p-1');
    await vi.waitFor(async () => {
      const failure = { class: 'cancelled', code: 'cancelled', message: 'not wanted' } as const;
      const event = { type: 'fail', failure, charge: 'release', providerCost: null, validation: null } as const;
      const by = { actor: { type: 'user', id: 'u1' }, reason: 'cancel', policyVersion: 1 } as const;
      const [applied] = expectOk(
        await deployment.store.writer.applyChanges([expectOk(planChange(await deployment.jobOf('j1'), event, by))]),
      );
      expect(applied).toMatchObject({ ok: true });
    });
    await expect.poll(() => server.calls.at(-1)?.path, POLLING).toBe('/predictions/p-1/cancel');
    expect(await deployment.jobOf('j1')).toMatchObject({ state: 'failed', failure: { class: 'cancelled' } });
  });

  it('rescues a job whose runner is gone, and what that runner writes late is refused', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'standard', priceCredits: 70 }]);
    expectOk(await deployment.store.writer.reserveDue({ limit: 10 }));
    const [lost] = expectOk(await deployment.store.writer.claimBatch({ runnerId: 'gone', limit: 1, leaseMs: 1 }));
    if (lost === undefined) throw new Error('nothing was claimed');
    deployment.startRunner();
    const job = await deployment.settled('j1', 'completed');

    expect(states(job)).toEqual(['queued', 'running', 'retrying', 'running', 'validating', 'completed']);
    const late = expectOk(
      planChange(lost, { type: 'generated' }, { actor: { type: 'runner', id: 'gone' }, reason: '', policyVersion: 1 }),
    );
    const [refused] = expectOk(await deployment.store.writer.applyChanges([late]));
    expect(refused).toMatchObject({ ok: false });
    expect(await deployment.jobOf('j1')).toEqual(job);
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });
});
