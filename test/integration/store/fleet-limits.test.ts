import { Collection } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LeasedJob } from '#domain/job.ts';
import { runnerLimitsSchema, type LimitedJob, type RunnerLimits } from '#domain/runner-limits.ts';
import type { Store } from '#store/connection.ts';
import { FleetLimits } from '#store/fleet-limits.ts';
import { slotPipeline } from '#store/limit-documents.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob, type NewJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { startWireProxy } from '../../support/wire-proxy.ts';

let server: TestServer;
let fleet: readonly Store[];

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.client.db(server.dbName).dropDatabase();
  fleet = await Promise.all(Array.from({ length: 4 }, () => server.openStore()));
});

const BOSS = { type: 'user', id: 'boss' } as const;

async function limit(limits: Parameters<typeof runnerLimitsSchema.parse>[0]): Promise<void> {
  const parsed: RunnerLimits = runnerLimitsSchema.parse(limits);
  const { revision } = expectOk(await first().reader.readLimits());
  expectOk(await first().writer.setLimits(parsed, revision, BOSS));
}

function first(): Store {
  const [store] = fleet;
  if (store === undefined) throw new Error('no runner');
  return store;
}

async function insert(count: number, fields: Partial<NewJob> & { readonly provider?: string } = {}): Promise<void> {
  const { provider = 'demo', ...others } = fields;
  const jobs = Array.from({ length: count }, (_, n) =>
    queuedJob({ id: `${provider}${others.workspaceId ?? ''}${n}`, priceCredits: 0, ...others }),
  );
  const named = jobs.map((job) => ({ ...job, provider: { ...job.provider, name: provider } }));
  expectOk(await first().writer.insertJobs(named));
}

function limited(jobs: readonly LeasedJob[]): readonly LimitedJob[] {
  return jobs.map(({ workspaceId, kind, provider }) => ({ workspaceId, kind, provider: provider.name }));
}

/** One runner of the fleet claims, with what it has under way. */
async function claim(n: number, active: readonly LeasedJob[] = [], count = 10): Promise<readonly LeasedJob[]> {
  const options = { runnerId: `r${n}`, limit: count, leaseMs: 30_000, active: limited(active) };
  return expectOk(await (fleet[n] ?? first()).writer.claimBatch(options));
}

/** Every runner of the fleet claims at the same moment. */
async function claimAll(): Promise<readonly (readonly LeasedJob[])[]> {
  return Promise.all(fleet.map((_, n) => claim(n)));
}

it('a batch that is claimed whole is read in one round trip', async () => {
  await insert(20);
  let pages = 0;
  const proxy = await startWireProxy(Number(new URL(server.uri).port), ({ client, upstream }) => {
    client.on('data', (chunk: Buffer) => {
      if (chunk.includes('getMore')) pages += 1;
      upstream.write(chunk);
    });
    upstream.pipe(client);
  });
  onTestFinished(() => proxy.stop());
  const uri = new URL(server.uri);
  uri.port = String(proxy.port);
  uri.searchParams.set('directConnection', 'true');
  const store = await server.openStore({ uri: uri.href });
  const claimed = expectOk(await store.writer.claimBatch({ runnerId: 'r0', limit: 20, leaseMs: 30_000 }));
  expect(claimed).toHaveLength(20);
  expect(pages).toBe(0);
});

describe('limits of a fleet', () => {
  it.each([
    { name: 'in total', concurrency: { total: 3 } },
    { name: 'of a provider', concurrency: { providers: { demo: 3 } } },
    { name: 'of a kind', concurrency: { kinds: { website: 3 } } },
    { name: 'of a workspace', concurrency: { workspaces: { w1: 3 } } },
  ])('$name hold over runners that claim at the same moment', async ({ concurrency }) => {
    await limit({ concurrency });
    await insert(40);
    expect((await claimAll()).flat()).toHaveLength(3);
  });

  it('let the next one begin when a place is given back, whichever runner asks', async () => {
    await limit({ concurrency: { providers: { demo: 1 } } });
    await insert(5);
    expect(await claim(0)).toHaveLength(1);
    expect(await claim(1)).toHaveLength(0);
    expectOk(await first().writer.keepPlaces({ runnerId: 'r0', active: [], leaseMs: 30_000 }));
    expect(await claim(2)).toHaveLength(1);
  });

  it('never give a place away while its holder keeps it, and give it away when the holder is not heard of any more', async () => {
    await limit({ concurrency: { total: 1 } });
    await insert(5);
    expect(await claim(0)).toHaveLength(1);
    const slots = server.client.db(server.dbName).collection<{ _id: string }>('runner_limits');
    await slots.updateOne({ _id: 'slots:total:' }, { $set: { 'holders.0.expiresAt': new Date(0) } });
    expect(await claim(1)).toHaveLength(1);
  });

  it('keep the places of a claim that is under way, whatever its runner says meanwhile of what it has begun', async () => {
    await limit({ concurrency: { total: 1 } });
    await insert(5);
    const limits = new FleetLimits(server.client.db(server.dbName));
    const now = expectOk(await first().reader.serverNow());
    const holder = { runnerId: 'r9', active: [], leaseMs: 30_000 };
    const job = { workspaceId: 'w1', kind: 'website', provider: 'demo' };
    expectOk(await limits.exclusions(now));
    expectOk(await limits.admission(holder, [job], (one) => one, now));
    expectOk(await limits.keep(holder, now));
    expect(await claim(1)).toHaveLength(0);
    limits.claimEnded();
    expectOk(await limits.keep(holder, now));
    expect(await claim(2)).toHaveLength(1);
  });

  it('go by the later of two wishes of one runner, also where the earlier comes behind it', async () => {
    const slots = server.client.db(server.dbName).collection<{ _id: string }>('runner_limits');
    const wish = { limit: { scope: 'total', name: '', max: 5 }, runnerId: 'r9', active: 0, ttlMs: 60_000 } as const;
    for (const [wanted, turn] of [
      [3, 2],
      [0, 1],
    ] as const) {
      await slots.updateOne({ _id: 'slots:total:' }, slotPipeline({ ...wish, wanted, turn }), { upsert: true });
    }
    expect(await slots.findOne()).toMatchObject({ holders: [{ runnerId: 'r9', count: 3 }] });
  });

  it('of each workspace keep one that floods the queue from taking every place, and leave nothing idle', async () => {
    await limit({ concurrency: { eachWorkspace: 2 } });
    await insert(30, { workspaceId: 'flood', priority: 5 });
    await insert(3, { workspaceId: 'small' });
    const claimed = [...(await claim(0)), ...(await claim(1))];
    const count = (workspaceId: string): number => claimed.filter((job) => job.workspaceId === workspaceId).length;
    expect([count('flood'), count('small')]).toEqual([2, 2]);
  });

  it('that are full do not keep jobs from beginning that they do not apply to', async () => {
    await limit({ concurrency: { providers: { demo: 1 } } });
    await insert(100, { priority: 5 });
    await insert(3, { provider: 'other' });
    const begun = await claim(0);
    const claimed = [...begun, ...(await claim(0, begun))];
    expect(claimed.filter((job) => job.provider.name === 'demo')).toHaveLength(1);
    expect(claimed.filter((job) => job.provider.name === 'other')).toHaveLength(3);
  });

  it('are full for a moment, also on a clock that is set back, and forgotten then', async () => {
    await limit({ concurrency: { eachWorkspace: 1 } });
    const limits = new FleetLimits(server.client.db(server.dbName));
    const job = { workspaceId: 'w1', kind: 'website', provider: 'demo' };
    const at = (ms: number): Date => new Date(1_800_000_000_000 + ms);
    const holder = { runnerId: 'r9', active: [job], leaseMs: 30_000 };
    const fullAt = async (ms: number): Promise<readonly string[]> =>
      expectOk(await limits.exclusions(at(ms))).workspaces;
    const fill = async (): Promise<void> => {
      expect(await fullAt(0)).toEqual([]);
      expectOk(await limits.admission(holder, [job], (one) => one, at(0)));
      expect(await fullAt(100)).toEqual(['w1']);
    };
    await fill();
    expect(await fullAt(-600_000)).toEqual([]);
    await fill();
    expect(await fullAt(1000)).toEqual([]);
    expect(await fullAt(100)).toEqual([]);
  });

  it('are looked at without looking at what each workspace holds', async () => {
    const documents = server.client.db(server.dbName).collection<{ _id: string }>('runner_limits');
    await documents.insertMany(
      Array.from({ length: 100 }, (_, n) => ({ _id: `slots:workspace:w${n}`, type: 'slots' })),
    );
    expectOk(await first().writer.holdBack('demo', 60_000));
    const find = vi.spyOn(Collection.prototype, 'find');
    const limits = new FleetLimits(server.client.db(server.dbName));
    expect(expectOk(await limits.exclusions(new Date())).providers).toEqual(['demo']);
    const [filter] = find.mock.lastCall ?? [];
    find.mockRestore();
    const told = await documents.find(filter ?? {}).explain('executionStats');
    expect(told).toMatchObject({ executionStats: { totalDocsExamined: 1 } });
  });

  it('are read as they are in force', async () => {
    await limit({ concurrency: { providers: { demo: 2 } }, rates: { demo: { requestsPerMinute: 60 } } });
    await insert(5);
    await claim(1);
    const inForce = expectOk(await first().reader.readLimits());
    expect(inForce).toMatchObject({
      revision: 1,
      concurrency: [{ scope: 'provider', name: 'demo', max: 2, held: 2, holders: [{ runnerId: 'r1', count: 2 }] }],
      rates: [{ provider: 'demo', requestsPerMinute: 60, heldBackUntil: null }],
    });
  });

  it('are read as they are in force without the workspaces that hold nothing', async () => {
    await limit({ concurrency: { eachWorkspace: 2 } });
    const gone = { runnerId: 'r9', count: 1, expiresAt: new Date(0) };
    const idle = Array.from({ length: 100 }, (_, n) => ({
      _id: `slots:workspace:idle${n}`,
      type: 'slots',
      scope: 'workspace',
      name: `idle${n}`,
      holders: n === 0 ? [] : [gone],
    }));
    await server.client.db(server.dbName).collection<(typeof idle)[number]>('runner_limits').insertMany(idle);
    await insert(1, { workspaceId: 'busy' });
    await claim(1);
    const { concurrency } = expectOk(await first().reader.readLimits());
    expect(concurrency).toMatchObject([{ scope: 'workspace', name: 'busy', held: 1 }]);
  });

  it('that somebody wrote by hand and that are none let nothing begin, and say so', async () => {
    await insert(1);
    await server.client
      .db(server.dbName)
      .collection<{ _id: string; limits: object }>('runner_limits')
      .insertOne({ _id: 'config', limits: { concurrency: { total: 'many' } } });
    const claimed = await first().writer.claimBatch({ runnerId: 'r0', limit: 1, leaseMs: 30_000 });
    expect(claimed).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
  });
});

describe('rates of a provider', () => {
  it('in requests a minute hold over the whole fleet', async () => {
    await limit({ rates: { demo: { requestsPerMinute: 30 } } });
    await insert(60);
    // A sixth of the minute's limit may be used at one stroke.
    expect((await claimAll()).flat()).toHaveLength(5);
  });

  it('that are used up are left alone for a moment, also on a clock that is set back', async () => {
    await limit({ rates: { demo: { requestsPerMinute: 1 } } });
    const limits = new FleetLimits(server.client.db(server.dbName));
    const job = { workspaceId: 'w1', kind: 'website', provider: 'demo' };
    const at = (ms: number): Date => new Date(1_800_000_000_000 + ms);
    const providersAt = async (ms: number): Promise<readonly string[]> =>
      expectOk(await limits.exclusions(at(ms))).providers;
    expect(await providersAt(0)).toEqual([]);
    const holder = { runnerId: 'r9', active: [], leaseMs: 30_000 };
    for (let draws = 0; draws < 2; draws += 1) {
      const admits = expectOk(await limits.admission(holder, [job], (one) => one, at(0)));
      expect(admits(job)).toBe(draws === 0);
    }
    expect(await providersAt(100)).toEqual(['demo']);
    expect(await providersAt(-600_000)).toEqual([]);
  });

  it('in tokens a minute hold by what a request usually takes', async () => {
    await limit({ rates: { demo: { tokensPerMinute: 60_000, tokensPerRequest: 5000 } } });
    await insert(60);
    expect((await claimAll()).flat()).toHaveLength(2);
  });

  it('in tokens a minute are put right by what requests really took, for every runner', async () => {
    await limit({ rates: { demo: { tokensPerMinute: 60_000, tokensPerRequest: 5000 } } });
    await insert(60);
    const begun = await claim(0);
    expect(begun).toHaveLength(2);
    const tokensOf = async (): Promise<number> => {
      const rates = server.client.db(server.dbName).collection<{ _id: string; tokens: number }>('runner_limits');
      return (await rates.findOne({ _id: 'rate:demo' }))?.tokens ?? Number.NaN;
    };
    const end = async (tokens: readonly number[]): Promise<void> => {
      for (const used of tokens) first().writer.noteTokens('demo', used);
      expectOk(await first().writer.keepPlaces({ runnerId: 'r0', active: [], leaseMs: 30_000 }));
    };
    await end([200, 300]);
    expect(await tokensOf()).toBeGreaterThanOrEqual(9500);
    expect((await claim(1)).length).toBeGreaterThanOrEqual(1);
    await end([25_000]);
    expect(await tokensOf()).toBeLessThan(0);
    expect(expectOk(await first().reader.readLimits()).rates).toMatchObject([{ provider: 'demo', tokensLeft: 0 }]);
    await end([1_000_000_000]);
    expect(await tokensOf()).toBe(-60_000);
  });

  it('in tokens a minute are put right by the next claim too', async () => {
    await limit({ rates: { demo: { tokensPerMinute: 60_000, tokensPerRequest: 5000 } } });
    await insert(60);
    expect(await claim(0)).toHaveLength(2);
    first().writer.noteTokens('demo', 1);
    first().writer.noteTokens('demo', 1);
    expect((await claim(0)).length).toBeGreaterThanOrEqual(1);
  });

  it('leave a provider alone that asked for it, for every runner, and the others go on', async () => {
    await insert(5, { priority: 5 });
    await insert(5, { provider: 'other' });
    expectOk(await first().writer.holdBack('demo', 60_000));
    const claimed = (await claimAll()).flat();
    expect(claimed.map((job) => job.provider.name)).toEqual(Array(5).fill('other'));
    const inForce = expectOk(await first().reader.readLimits());
    expect(inForce.rates[0]?.heldBackUntil?.getTime()).toBeGreaterThan(inForce.at.getTime() + 50_000);
  });

  it('are filled from now on where a clock that was set back since has filled them ahead', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const rates = server.client.db(server.dbName).collection<{ _id: string; at: Date }>('runner_limits');
    const drawn = { type: 'rate', provider: 'demo', requests: 0, tokens: 0 };
    await rates.insertOne({ _id: 'rate:demo', ...drawn, at: tomorrow });
    await limit({ rates: { demo: { requestsPerMinute: 60 } } });
    await insert(1);
    await claim(0);
    const { at } = (await rates.findOne({ _id: 'rate:demo' })) ?? {};
    expect(at?.getTime()).toBeLessThan(tomorrow.getTime() - 3_600_000);
  });

  it('leave no provider alone for longer than any may be, as by a clock that was set back since', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const rates = server.client.db(server.dbName).collection<{ _id: string; heldBackUntil: Date }>('runner_limits');
    const asked = { type: 'rate', provider: 'demo', heldBackUntil: tomorrow };
    await rates.insertOne({ _id: 'rate:demo', ...asked });
    await limit({ rates: { demo: { requestsPerMinute: 600 } } });
    await insert(3);
    expect(await claim(0)).toHaveLength(3);
    expectOk(await first().writer.holdBack('demo', 60_000));
    const { at, rates: told } = expectOk(await first().reader.readLimits());
    expect(told[0]?.heldBackUntil?.getTime()).toBeLessThanOrEqual(at.getTime() + 61_000);
  });

  it('are changed by one of several who look at the same limits, and the others are told', async () => {
    for (const revision of [0, 1]) {
      const set = await Promise.all(
        fleet.map(({ writer }, n) =>
          writer.setLimits(runnerLimitsSchema.parse({ concurrency: { total: 10 + n } }), revision, BOSS),
        ),
      );
      expect(set.filter(({ ok }) => ok)).toHaveLength(1);
      expect(set.flatMap((one) => (one.ok ? [] : [one.error.code]))).toEqual(Array(3).fill('write_conflict'));
      const stands = expectOk(await first().reader.readLimits());
      expect(stands).toMatchObject({
        revision: revision + 1,
        limits: { concurrency: { total: 10 + set.findIndex(({ ok }) => ok) } },
      });
    }
  });

  it('are not shortened by who was told to wait less', async () => {
    expectOk(await first().writer.holdBack('demo', 60_000));
    expectOk(await first().writer.holdBack('demo', 1));
    await insert(3);
    expect((await claimAll()).flat()).toEqual([]);
  });
});
