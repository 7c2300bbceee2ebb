import { calculateObjectSize } from 'bson';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { DOCUMENT_BYTES_MAX } from '#domain/job-size.ts';
import { ok } from '#domain/result.ts';
import type { RawDocument } from '#store/collections.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { deskOf, failJobs, planOf, plantFailed, run } from './plan-world.ts';

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

const idsOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `j${from + n}`);

async function expectRetriedOnce(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const job = await deployment.settled(id, 'completed');
    expect(job.history.filter(({ from, to }) => from === 'failed' && to === 'queued')).toHaveLength(1);
    expect((await deployment.ledgerOf(id)).filter(([type]) => type === 'capture')).toEqual([['capture', 100]]);
  }
  expect(findViolations(await deployment.readBooks())).toEqual([]);
}

type Plans = Store['plans'];

/** A store of which some calls about plans are others. */
function withPlans(store: Store, others: Partial<Pick<Plans, 'replace' | 'saveOutcomes'>>): Store {
  const { plans } = store;
  const own: Pick<Plans, keyof Plans> = {
    insert: (...asked) => plans.insert(...asked),
    read: (...asked) => plans.read(...asked),
    list: (...asked) => plans.list(...asked),
    replace: (...asked) => plans.replace(...asked),
    readItems: (...asked) => plans.readItems(...asked),
    takeOutcomes: (...asked) => plans.takeOutcomes(...asked),
    saveOutcomes: (...asked) => plans.saveOutcomes(...asked),
    readOutcomes: (...asked) => plans.readOutcomes(...asked),
    openOutcomes: (...asked) => plans.openOutcomes(...asked),
  };
  return { ...store, plans: Object.assign(Object.create(plans), { ...own, ...others }) as Plans };
}

/** The clock of a server when the lease of a console that died has run out. */
function afterLease({ reader }: Store): Pick<Store['reader'], 'serverNow'> {
  return {
    serverNow: async () => {
      const now = expectOk(await reader.serverNow());
      return ok(new Date(now.getTime() + 60_000));
    },
  };
}

/** A store whose process is cut off at its nth write of any kind, which is or is not done. */
function dying(store: Store, atWrite: number, isDone: boolean): Store {
  let writes = 0;
  const cut = async <Value>(write: () => Promise<Value>): Promise<Value> => {
    writes += 1;
    if (writes !== atWrite) return write();
    if (isDone) await write();
    throw new Error('killed');
  };
  return {
    ...withPlans(store, {
      replace: (next) => cut(() => store.plans.replace(next)),
      saveOutcomes: (plan, rows) => cut(() => store.plans.saveOutcomes(plan, rows)),
    }),
    writer: Object.assign(Object.create(store.writer), {
      applyChanges: (changes: Parameters<Store['writer']['applyChanges']>[0]) =>
        cut(() => store.writer.applyChanges(changes)),
    }) as Store['writer'],
  };
}

describe('the run of a plan', () => {
  it.each([1, 2, 3, 4, 5, 6, 8, 10].flatMap((atWrite) => [true, false].map((isDone) => ({ atWrite, isDone }))))(
    'goes on where it was cut off at write $atWrite (done: $isDone)',
    async ({ atWrite, isDone }) => {
      const ids = idsOf(0, 4);
      await deployment.order('w1', 10_000, []);
      await failJobs(deployment, ids);
      deployment.startRunner();
      const plan = await planOf(deployment.store, ids);
      await expect(run(dying(deployment.store, atWrite, isDone), plan._id)).rejects.toThrow('killed');
      const reader = afterLease(deployment.store);
      const done = expectOk(await run(deployment.store, plan._id, { holder: 'two' }, { reader }));
      expect(done).toMatchObject({
        state: 'finished',
        run: { tallies: { started: 4, succeeded: 4, failed: 0, skipped: 0, paidTwice: 0, committedCredits: 400 } },
      });
      await expectRetriedOnce(ids);
    },
  );

  it('retries each job once where two consoles run overlapping plans at once', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 12));
    deployment.startRunner();
    const other = await deployment.server.openStore();
    const [left, right] = [await planOf(deployment.store, idsOf(0, 9)), await planOf(other, idsOf(3, 12))];
    const both = await Promise.all([
      run(deployment.store, left._id, { ramp: [3] }),
      run(other, right._id, { holder: 'two', ramp: [3] }),
    ]);
    const [one, two] = both.map((done) => expectOk(done).run?.tallies);
    expect((one?.succeeded ?? 0) + (two?.succeeded ?? 0)).toBe(12);
    expect((one?.skipped ?? 0) + (two?.skipped ?? 0)).toBe(6);
    await expectRetriedOnce(idsOf(0, 12));
  });

  it('counts each job once where the console before wakes when another one has gone on', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 4));
    const { store } = deployment;
    const plan = await planOf(store, idsOf(0, 4));
    const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const sleeping = withPlans(store, {
      saveOutcomes: async (...asked) => {
        asleep.resolve();
        await awake.promise;
        return store.plans.saveOutcomes(...asked);
      },
    });
    const first = run(sleeping, plan._id);
    await asleep.promise;
    deployment.startRunner();
    // It wakes when the other one has noted that its jobs succeeded.
    const waking = withPlans(store, {
      replace: async (next) => {
        if (next.run?.tallies.succeeded === 2) {
          awake.resolve();
          await first;
        }
        return store.plans.replace(next);
      },
    });
    const done = expectOk(await run(waking, plan._id, { holder: 'two' }, { reader: afterLease(store) }));
    expect(await first).toMatchObject({ ok: false, error: { code: 'lease_lost' } });
    expect(done).toMatchObject({ state: 'finished', run: { tallies: { started: 4, succeeded: 4 } } });
    const noted = expectOk(await store.plans.readOutcomes(plan._id, 0, 10));
    expect(noted.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    await expectRetriedOnce(idsOf(0, 4));
  });

  it('obeys a stop that was asked of a console which died before it obeyed', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 4));
    const plan = await planOf(deployment.store, idsOf(0, 4));
    await expect(run(dying(deployment.store, 2, false), plan._id)).rejects.toThrow('killed');
    expect(expectOk(await deskOf(deployment.store).wish(plan._id, 'stop'))).toMatchObject({ wish: 'stop' });
    const reader = afterLease(deployment.store);
    const done = expectOk(await run(deployment.store, plan._id, { holder: 'two' }, { reader }));
    expect(done).toMatchObject({ state: 'stopped', run: { ended: { cause: 'by_hand' }, tallies: { started: 0 } } });
    for (const id of idsOf(0, 4)) expect((await deployment.jobOf(id)).state).toBe('failed');
  });

  it('is refused to a second console while the first one runs it', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0']);
    const plan = await planOf(deployment.store, ['j0']);
    const stopping = new AbortController();
    const first = run(deployment.store, plan._id, {
      signal: stopping.signal,
      onProgress: ({ run: progress }) => {
        if (progress?.position !== 1) return;
        void run(deployment.store, plan._id, { holder: 'two' }).then((second) => {
          expect(second).toMatchObject({ ok: false, error: { code: 'lease_lost' } });
          stopping.abort();
        });
      },
    });
    expect(expectOk(await first)).toMatchObject({ state: 'running', lease: null });
    deployment.startRunner();
    expect(expectOk(await run(deployment.store, plan._id, { holder: 'two' })).state).toBe('finished');
    await expectRetriedOnce(['j0']);
  });

  it('stops by itself where too many fail, says what was left unspent, and plans again what is left', async () => {
    const ids = idsOf(0, 8);
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ids, { model: 'bad-output' });
    deployment.startRunner();
    const plan = await planOf(deployment.store, ids);
    const limits = { failureRateMax: 0.5, endedMin: 3, spendCreditsMax: 1000 };
    const done = expectOk(await run(deployment.store, plan._id, { ramp: [1, 2, 5], limits }));
    expect(done).toMatchObject({
      state: 'stopped',
      run: { ended: { cause: 'failure_rate', unspentCredits: 800 }, tallies: { started: 3, failed: 3 } },
    });
    const desk = deskOf(deployment.store);
    const outcomes = expectOk(await desk.outcomes(plan._id));
    expect(outcomes).toHaveLength(3);
    expect(outcomes).toMatchObject(
      outcomes.map(() => ({ outcome: 'failed', failureClass: 'validation', paidCredits: 0 })),
    );
    expect(expectOk(await desk.idsAgain(plan._id, 'remainder')).toSorted()).toEqual(ids);
    expect(findViolations(await deployment.readBooks())).toEqual([]);
  });

  it('stops before it spends more than was set', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 4));
    deployment.startRunner();
    const plan = await planOf(deployment.store, idsOf(0, 4));
    const limits = { failureRateMax: 1, endedMin: 1, spendCreditsMax: 250 };
    const done = expectOk(await run(deployment.store, plan._id, { limits, ramp: [10] }));
    expect(done.run).toMatchObject({ ended: { cause: 'spend' }, tallies: { started: 2 } });
  });

  it('stops where a customer is found to have paid twice, before it begins another step', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 4));
    const plan = await planOf(deployment.store, idsOf(0, 4));
    let isPlanted: Promise<unknown> | null = null;
    const done = expectOk(
      await run(deployment.store, plan._id, {
        ramp: [1, 3],
        onProgress: ({ run: progress }) => {
          if (progress?.position !== 1 || isPlanted !== null) return;
          // The failed generation is charged by somebody after all; only then does a runner take up what was begun for it.
          const paid = failedJob({ id: 'j0', workspaceId: 'w1', failureClass: 'temporary', captured: 100 });
          const captures = entriesOf({ ...paid, billing: { ...paid.billing, generationId: 'g-j0' } });
          isPlanted = deployment.server.client
            .db(deployment.server.dbName)
            .collection<{ _id: string }>('credit_ledger')
            .insertMany(captures.filter(({ type }) => type === 'capture').map((entry) => ({ ...entry })))
            .then(() => deployment.startRunner());
        },
      }),
    );
    expect(done).toMatchObject({
      state: 'stopped',
      run: {
        ended: { cause: 'paid_twice', unspentCredits: 300 },
        tallies: { started: 1, succeeded: 1, paidTwice: 1 },
      },
    });
    for (const id of idsOf(1, 4)) expect((await deployment.jobOf(id)).state).toBe('failed');
  });

  it('skips what has changed since, and plans after a top-up exactly what stood blocked for lack of credit', async () => {
    await deployment.order('w1', 250, []);
    await failJobs(deployment, idsOf(0, 4));
    const plan = await planOf(deployment.store, idsOf(0, 4));
    expect(plan.totals.groups).toMatchObject({ eligible: { jobs: 2 }, insufficient_credit: { jobs: 2 } });
    const moved = await planOf(deployment.store, ['j0']);
    deployment.startRunner();
    expectOk(await run(deployment.store, moved._id));
    const done = expectOk(await run(deployment.store, plan._id));
    expect(done.run?.tallies).toMatchObject({ started: 1, skipped: 1 });
    const desk = deskOf(deployment.store);
    expect(expectOk(await desk.outcomes(plan._id))[0]).toMatchObject({ jobId: 'j0', outcome: 'skipped' });
    expect(expectOk(await desk.idsAgain(plan._id, 'after_top_up'))).toEqual(['j2', 'j3']);
    await expectRetriedOnce(['j0', 'j1']);
  });

  it('says of a job whose document has no room for the retry that it is too large, not that somebody changed it', async () => {
    await deployment.order('w1', 1000, []);
    await failJobs(deployment, ['j0', 'full']);
    const jobs = deployment.server.client.db(deployment.server.dbName).collection<RawDocument>('jobs');
    const [document] = await jobs.find({ _id: 'full' }).toArray();
    const notes = 'x'.repeat(DOCUMENT_BYTES_MAX - calculateObjectSize(document ?? {}) - 40);
    await jobs.updateOne({ _id: 'full' }, { $set: { notes } });
    const plan = await planOf(deployment.store, ['j0', 'full']);
    deployment.startRunner();
    expectOk(await run(deployment.store, plan._id));
    const outcomes = expectOk(await deskOf(deployment.store).outcomes(plan._id));
    const full = outcomes.find(({ jobId }) => jobId === 'full');
    expect(full?.outcome).toBe('skipped');
    expect(full?.why).toContain('larger than a document may be');
    await expectRetriedOnce(['j0']);
  });

  it('collects what a provider accepted to make as a part of its own, for its price, and buys nothing again', async () => {
    await deployment.order('w1', 250, []);
    await plantFailed(deployment, { id: 'made', failureClass: 'temporary', acceptanceId: 'chatcmpl-lost' });
    await plantFailed(deployment, { id: 'plain', failureClass: 'temporary' });
    await plantFailed(deployment, { id: 'poor', failureClass: 'temporary', acceptanceId: 'chatcmpl-lost-too' });
    const plan = await planOf(deployment.store, ['made', 'plain', 'poor']);
    expect(plan.totals).toMatchObject({
      groups: {
        eligible: { jobs: 1, credits: 100 },
        collect_first: { jobs: 1, credits: 100 },
        insufficient_credit: { jobs: 1 },
      },
      workspaces: [{ eligibleJobs: 1, collectJobs: 1, collectCredits: 100, insufficientJobs: 1 }],
    });
    expect(expectOk(await run(deployment.store, plan._id, { signal: AbortSignal.abort() })).state).toBe('running');
    const step = AbortSignal.timeout(2000);
    expectOk(await run(deployment.store, plan._id, { signal: step }));
    // Nobody works on them yet: what was begun says what it will ask its provider for.
    expect((await deployment.jobOf('made')).billing.collects).toEqual({
      acceptanceId: 'chatcmpl-lost',
      key: 'g-made:1',
    });
    expect((await deployment.jobOf('plain')).billing.collects ?? null).toBeNull();
    deployment.startRunner();
    const done = expectOk(await run(deployment.store, plan._id));
    expect(done.run?.tallies).toMatchObject({ started: 2, succeeded: 2, committedCredits: 200, paidTwice: 0 });
    expect(expectOk(await deskOf(deployment.store).outcomes(plan._id))).toMatchObject([
      { jobId: 'plain', act: 'retry', outcome: 'succeeded', paidCredits: 100 },
      { jobId: 'made', act: 'collect', outcome: 'succeeded', paidCredits: 100 },
    ]);
    await expectRetriedOnce(['made', 'plain']);
  });

  it('leaves results alone in a plan that does not collect', async () => {
    await deployment.order('w1', 1000, []);
    await plantFailed(deployment, { id: 'made', failureClass: 'temporary', acceptanceId: 'chatcmpl-lost' });
    const plan = await planOf(deployment.store, ['made'], { isCollecting: false });
    expect(plan.totals.groups).toMatchObject({ eligible: { jobs: 0 }, collect_first: { jobs: 1 } });
    expect(await run(deployment.store, plan._id)).toMatchObject({ error: { code: 'illegal_transition' } });
    expect((await deployment.jobOf('made')).state).toBe('failed');
  });

  it('pauses and stops where somebody asks for it, from anywhere', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, idsOf(0, 4));
    const plan = await planOf(deployment.store, idsOf(0, 4));
    const desk = deskOf(await deployment.server.openStore());
    let isAsked = false;
    const paused = await run(deployment.store, plan._id, {
      onProgress: ({ run: progress }) => {
        if (isAsked || progress?.position !== 2) return;
        isAsked = true;
        void desk.wish(plan._id, 'pause');
      },
    });
    expect(expectOk(paused)).toMatchObject({ state: 'paused', run: { tallies: { started: 2 } } });
    expect(expectOk(await desk.wish(plan._id, 'stop'))).toMatchObject({
      state: 'stopped',
      run: { ended: { cause: 'by_hand', unspentCredits: 200 } },
    });
    expect(await run(deployment.store, plan._id)).toMatchObject({ error: { code: 'illegal_transition' } });
  });
});
