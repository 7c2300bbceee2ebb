import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { JobDesk } from '#console/retry/job-desk.ts';
import { findViolations } from '#domain/invariants.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { quietBooks } from '../../support/quiet-books.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

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

const ANN = { type: 'user', id: 'ann' } as const;

function openDesk(): JobDesk {
  const { reader, writer, policies } = deployment.store;
  return new JobDesk({ reader, writer, policies, cache: cache.reader, lens: () => null });
}

/** Orders a job and lets it fail for good. */
async function failedJob(model: string, priceCredits = 100, credits = 1000): Promise<number> {
  await deployment.order('w1', credits, [{ id: 'j1', model, priceCredits, maxAttempts: 1 }]);
  const runner = deployment.startRunner();
  const job = await deployment.settled('j1', 'failed');
  await runner.drain();
  return job.version;
}

function order(
  version: number,
  fields: Partial<Parameters<JobDesk['retry']>[0]> = {},
): Parameters<JobDesk['retry']>[0] {
  return {
    requestId: randomUUID(),
    jobId: 'j1',
    version,
    reason: '',
    edited: null,
    isCollecting: false,
    by: ANN,
    ...fields,
  };
}

describe('the desk where a person retries a job', () => {
  it('shows price, balance, charge and verdict, and writes nothing', async () => {
    const version = await failedJob('bad-output', 300);
    const before = await quietBooks(deployment.store.reader);
    const preview = expectOk(
      await openDesk().previewRetry({ jobId: 'j1', reason: '', edited: null, isCollecting: false }),
    );
    expect(preview).toMatchObject({
      version,
      verdict: { verdict: 'retry', policyVersion: 1 },
      failureClass: 'validation',
      chargeStatus: 'not_charged',
      price: { type: 'exact', value: 300 },
      providerCost: { type: 'unknown' },
      balance: { beforeCredits: 1000, afterCredits: 700 },
      warnings: [],
    });
    expect(await deployment.readBooks()).toEqual(before);
  });

  it('starts a new generation with its own charge, under the name of who asked and the policy that allowed it', async () => {
    const version = await failedJob('bad-output');
    const first = (await deployment.jobOf('j1')).billing.generationId;
    expectOk(await openDesk().retry(order(version, { reason: 'the customer waits' })));
    const job = await deployment.jobOf('j1');
    expect(job).toMatchObject({ state: 'queued', billing: { status: 'not_charged', price: 100, pending: [] } });
    expect(job.billing.generationId).not.toBe(first);
    expect(job.history.at(-1)).toMatchObject({
      from: 'failed',
      to: 'queued',
      actor: { type: 'user', id: 'ann' },
      reason: 'the customer waits',
      policyVersion: 1,
    });
    deployment.startRunner();
    await deployment.settled('j1', 'failed');
    expect((await deployment.ledgerOf('j1')).map(([type]) => type)).toEqual([
      'reserve',
      'release',
      'reserve',
      'release',
    ]);
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });

  it('lets one of two people retry who press at once, and tells the other', async () => {
    const version = await failedJob('bad-output');
    const results = await Promise.all([
      openDesk().retry(order(version)),
      openDesk().retry(order(version, { by: { type: 'user', id: 'bob' } })),
    ]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'write_conflict' } });
    const { history } = await deployment.jobOf('j1');
    expect(history.filter(({ to }) => to === 'queued')).toHaveLength(2);
  });

  it('does once what is sent twice because the reply was lost', async () => {
    const version = await failedJob('bad-output');
    const sent = order(version);
    expectOk(await openDesk().retry(sent));
    expectOk(await openDesk().retry(sent));
    expect((await deployment.jobOf('j1')).history.filter(({ to }) => to === 'queued')).toHaveLength(2);
  });

  it('retries bad input only when it was edited, as a job of its own that is linked to the failed one', async () => {
    const version = await failedJob('bad-input', 250);
    const desk = openDesk();
    expect(await desk.retry(order(version))).toMatchObject({ ok: false, error: { code: 'retry_blocked' } });
    const same = { prompt: 'A page about tea', optionsJson: '{}' };
    expect(await desk.retry(order(version, { edited: same }))).toMatchObject({ error: { code: 'retry_blocked' } });

    const rounded = { prompt: 'A page about coffee', optionsJson: '{"seed":12345678901234567891}' };
    expect(await desk.retry(order(version, { edited: rounded }))).toMatchObject({
      error: { code: 'invalid_request', detail: 'options: 12345678901234567891 has more digits than are kept' },
    });

    const sent = order(version, {
      edited: { prompt: 'A page about coffee', optionsJson: '{"requiredParts":["main"]}' },
    });
    const id = expectOk(await desk.retry(sent));
    expect(expectOk(await desk.retry(sent))).toBe(id);
    const edited = await deployment.jobOf(id);
    expect(edited).toMatchObject({
      state: 'queued',
      input: { prompt: 'A page about coffee', options: { requiredParts: ['main'] } },
      lineage: { retryOf: 'j1', editedFrom: 'j1' },
      billing: { price: 250, status: 'not_charged' },
    });
    expect((await deployment.jobOf('j1')).state).toBe('failed');
    expect((await deployment.readBooks()).jobs).toHaveLength(2);
  });

  it.each([
    ['the same edit', { prompt: 'A page about coffee', optionsJson: '{}' }],
    ['another edit', { prompt: 'A page about cocoa', optionsJson: '{}' }],
    ['no edit', null],
  ])(
    'lets one of two people order who press at once, one with an edited input and one with %s',
    async (_what, edited) => {
      const version = await failedJob('bad-output');
      const mine = { prompt: 'A page about coffee', optionsJson: '{}' };
      const results = await Promise.all([
        openDesk().retry(order(version, { edited: mine })),
        openDesk().retry(order(version, { edited, by: { type: 'user', id: 'bob' } })),
      ]);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(results.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'write_conflict' } });
      const waiting = (await deployment.readBooks()).jobs.filter(({ state }) => state === 'queued');
      expect(waiting).toHaveLength(1);
    },
  );

  it('lets the same job be edited again by whoever has looked at it since', async () => {
    const version = await failedJob('bad-input');
    const edited = { prompt: 'A page about coffee', optionsJson: '{}' };
    const id = expectOk(await openDesk().retry(order(version, { edited })));
    expect(await openDesk().retry(order(version, { edited }))).toMatchObject({ error: { code: 'write_conflict' } });
    const wish = { jobId: 'j1', reason: '', edited, isCollecting: false };
    const shown = expectOk(await openDesk().previewRetry(wish)).version;
    expect(expectOk(await openDesk().retry(order(shown, { edited })))).not.toBe(id);
  });

  it.each([
    ['no JSON', '{"requiredParts":'],
    ['no object', '[1]'],
    ['options that the kind does not take', '{"requiredParts":["<script>"]}'],
  ])('refuses edited options that are %s', async (_what, optionsJson) => {
    const version = await failedJob('bad-input');
    const edited = { prompt: 'A page about coffee', optionsJson };
    expect(await openDesk().retry(order(version, { edited }))).toMatchObject({
      ok: false,
      error: { code: 'invalid_request' },
    });
  });

  it.each([
    ['a name with the character that ends names', String.raw`{"a\u0000b":1}`, 'null bytes'],
    ['a field that the driver takes for its own', '{"a":{"_bsontype":"ObjectId"}}', '_bsontype'],
    ['half of a character', String.raw`{"a":"\ud800"}`, 'half of a character'],
  ])('refuses edited options with %s, and shows so before', async (_what, optionsJson, why) => {
    const version = await failedJob('bad-input');
    const edited = { prompt: 'A page about coffee', optionsJson };
    const shown = await openDesk().previewRetry({ jobId: 'j1', reason: '', edited, isCollecting: false });
    const retried = await openDesk().retry(order(version, { edited }));
    for (const refused of [shown, retried]) {
      expect(refused).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
      expect(refused.ok ? '' : refused.error.detail).toContain(why);
    }
  });

  it('refuses an edited input that is larger than an order may be, and shows so before', async () => {
    const version = await failedJob('bad-input');
    const edited = { prompt: 'A page about coffee', optionsJson: `{"sizes":[${'1,'.repeat(400_000)}1]}` };
    const tooLarge = { ok: false, error: { code: 'document_too_large' } };
    expect(await openDesk().previewRetry({ jobId: 'j1', reason: '', edited, isCollecting: false })).toMatchObject(
      tooLarge,
    );
    expect(await openDesk().retry(order(version, { edited }))).toMatchObject(tooLarge);
    expect((await deployment.jobOf('j1')).version).toBe(version);
  });

  it('warns where the account cannot pay, and the retried job waits for the top-up', async () => {
    const version = await failedJob('bad-output', 100, 100);
    await deployment.order('w1', 0, [{ id: 'other', model: 'standard', priceCredits: 60 }]);
    const runner = deployment.startRunner();
    await deployment.settled('other', 'completed');
    const desk = openDesk();
    expect(
      expectOk(await desk.previewRetry({ jobId: 'j1', reason: '', edited: null, isCollecting: false })),
    ).toMatchObject({
      balance: { beforeCredits: 40, afterCredits: -60 },
      warnings: [{ type: 'insufficient_credit', missingCredits: 60 }],
    });
    expectOk(await desk.retry(order(version)));
    await expect.poll(async () => (await deployment.jobOf('j1')).billing.blocked, { timeout: 20_000 }).not.toBeNull();
    await runner.drain();
    expect((await deployment.jobOf('j1')).state).toBe('queued');
  });
});

describe('the desk where a person cancels a job', () => {
  it('says what it gives back, ends the job and gives it back', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'timeout', priceCredits: 90 }]);
    const runner = deployment.startRunner();
    await deployment.reached('j1', 'running');
    const desk = openDesk();
    expect(expectOk(await desk.previewCancel('j1'))).toMatchObject({ verdict: 'cancel', releasedCredits: 90 });
    expect(expectOk(await desk.cancel('j1', { reason: 'the customer left', by: ANN }))).toEqual({
      releasedCredits: 90,
      keptCredits: 0,
    });
    expect(await deployment.settled('j1', 'failed')).toMatchObject({
      failure: { class: 'cancelled', message: 'the customer left' },
    });
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 90],
      ['release', 90],
    ]);
    await runner.stop();
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });

  it('leaves a job that somebody has retried since as it is, and says so', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'timeout', priceCredits: 90 }]);
    const desk = openDesk();
    const shown = expectOk(await desk.previewCancel('j1'));
    if (shown.verdict !== 'cancel') throw new Error('it cannot be cancelled');
    expectOk(await desk.cancel('j1', { reason: 'a first time', by: ANN }));
    const { version } = await deployment.jobOf('j1');
    expectOk(await desk.retry({ ...order(version), reason: 'now it is wanted' }));
    const wish = { reason: 'a second time', by: ANN, generationId: shown.generationId };
    expect(await desk.cancel('j1', wish)).toMatchObject({ ok: false, error: { code: 'write_conflict' } });
    expect((await deployment.jobOf('j1')).state).toBe('queued');
    expectOk(await desk.cancel('j1', { ...wish, generationId: (await deployment.jobOf('j1')).billing.generationId }));
  });

  it('leaves a job that is at its end as it is, and says so', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'standard' }]);
    deployment.startRunner();
    const completed = await deployment.settled('j1', 'completed');
    expect(await openDesk().cancel('j1', { reason: '', by: ANN })).toMatchObject({
      ok: false,
      error: { code: 'illegal_transition', detail: 'The job is completed already.' },
    });
    expect(await deployment.jobOf('j1')).toEqual(completed);
  });

  it('leaves a job that completes in the same instant completed and paid, and says so', async () => {
    await deployment.order('w1', 1000, [{ id: 'j1', model: 'standard', priceCredits: 90 }]);
    const { reader, writer, policies } = deployment.store;
    // It is read while it waits, and comes to its end before the cancellation is written.
    const late: ConstructorParameters<typeof JobDesk>[0]['writer'] = {
      insertJobs: (jobs) => writer.insertJobs(jobs),
      moveOn: (job) => writer.moveOn(job),
      settle: (ids) => writer.settle(ids),
      applyChanges: async (changes) => {
        deployment.startRunner();
        await deployment.settled('j1', 'completed');
        return writer.applyChanges(changes);
      },
    };
    const desk = new JobDesk({ reader, writer: late, policies, cache: cache.reader, lens: () => null });
    expect(await desk.cancel('j1', { reason: 'the customer left', by: ANN })).toMatchObject({
      ok: false,
      error: { code: 'illegal_transition', detail: 'The job is completed already.' },
    });
    expect((await deployment.jobOf('j1')).state).toBe('completed');
    expect(await deployment.ledgerOf('j1')).toEqual([
      ['reserve', 90],
      ['capture', 90],
    ]);
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });
});
