import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeRun, runRecordSchema } from '#console/reconciliation/run-record.ts';
import { openLastRun, saveRun } from '#console/reconciliation/memory-folder.ts';
import type { ReconciliationProgress, ReconciliationStore } from '#console/reconciliation/read-view.ts';
import { KeptRun } from '#console/reconciliation/kept-run.ts';
import { concludeRun, runReconciliation, runRulesAt, type RunRequest } from '#console/reconciliation/run.ts';
import { compareRuns } from '#domain/reconciliation/comparison.ts';
import { NO_INPUTS } from '#domain/reconciliation/standing/input-digest.ts';
import { entryKey } from '#domain/ledger.ts';
import { AS_OF_MS, worldChargeRule } from '../../bench/worlds/clean-job.ts';
import { generationEntry } from '../../bench/worlds/fault.ts';
import { FAULTS, makeCleanWorld, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { requestOfWorld } from '../../bench/worlds/world-request.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { changeAvailable, freeEntry, jobOf, post, setHold, type World } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';

const SIZE = { jobs: 120, workspaces: 3 };
const SEED = 4;

async function run(store: ReconciliationStore, request: RunRequest) {
  return expectOk(await runReconciliation(store, request));
}

describe('a run over a store', () => {
  it('finds nothing in a clean world', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const { record } = await run(storeOfWorld(world, 1), requestOfWorld(world));
    expect(record.findings).toEqual([]);
    expect(record.inputs).toEqual({
      jobs: world.jobs.size,
      unreadableJobs: 0,
      accounts: world.accounts.size,
      entries: world.ledger.size,
    });
  });

  it('confirms every planted fault against the server, and says nothing else', async () => {
    const { world, expected } = makeSeededWorld(SEED, { jobs: 600, workspaces: 5 }, FAULTS);
    const { record } = await run(storeOfWorld(world, 1), requestOfWorld(world));
    expect(record.findings.map(({ id, credits }) => ({ id, credits })).toSorted(byId)).toEqual(expected.toSorted(byId));
    expect(record.passed).toBe(0);
    expect(record.undecidedWorkspaces).toEqual([]);
  });

  it('comes out the same to the byte when its documents come in another order', async () => {
    const { world } = makeSeededWorld(SEED, SIZE, FAULTS);
    const first = await run(storeOfWorld(world, 1), requestOfWorld(world));
    const second = await run(storeOfWorld(world, 2), requestOfWorld(world));
    expect(encodeRun(second.record)).toBe(encodeRun(first.record));
    expect(runRecordSchema.parse(JSON.parse(encodeRun(first.record)))).toEqual(first.record);
  });

  it('has another input digest as soon as one reason is another', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const before = await run(storeOfWorld(world, 1), requestOfWorld(world, { seen: null, closedPeriods: [] }));
    const [key, entry] = [...world.ledger][7] ?? [];
    if (key === undefined || entry === undefined) throw new Error('the world is empty');
    world.ledger.set(key, { ...entry, reason: `${entry.reason}.` });
    const after = await run(storeOfWorld(world, 1), requestOfWorld(world, { seen: null, closedPeriods: [] }));
    expect(after.record.inputDigest).not.toBe(before.record.inputDigest);
    expect(after.record.optionsDigest).toBe(before.record.optionsDigest);
  });

  it('lists only the findings of the workspace and the month that it was asked for', async () => {
    const { world } = makeSeededWorld(SEED, { jobs: 900, workspaces: 2 }, [...FAULTS, ...FAULTS]);
    const all = await run(storeOfWorld(world, 1), requestOfWorld(world));
    const scope = { workspaceId: 'workspace-1', period: '2026-10' };
    const some = await run(storeOfWorld(world, 1), requestOfWorld(world, { scope }));
    const wanted = all.record.findings.filter(
      ({ workspaceId, period }) => workspaceId === 'workspace-1' && (period === null || period === '2026-10'),
    );
    expect(some.record.findings).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(0);
  });

  it.each([
    ['is whole as far as the rules could list all', true],
    ['says that it is not whole where the rules found more, also where none of what they list is of its scope', false],
  ])('%s', async (_what, isWhole) => {
    const world = makeCleanWorld(SEED, SIZE);
    const { prices, closedPeriods, signal, onProgress } = requestOfWorld(world);
    const record = expectOk(
      await concludeRun(
        storeOfWorld(world, 1),
        {
          verdict: { asOfMs: AS_OF_MS, findings: [], inputs: NO_INPUTS, isWhole },
          first: null,
          ownerOf: () => null,
        },
        {
          scope: { workspaceId: 'workspace-1', period: null },
          rules: runRulesAt(AS_OF_MS, { prices, closedPeriods, memories: [] }),
          chargeRule: worldChargeRule,
          signal,
          onProgress,
        },
      ),
    );
    const beside = { copyAsOfMs: null, lostMemory: [], comparison: null, newIds: [], solved: [] };
    expect(new KeptRun(record, beside).summary.isWhole).toBe(isWhole);
    expect(encodeRun(record).includes('isWhole')).toBe(!isWhole);
  });

  it('tells how far it is, to the end of every phase', async () => {
    const { world } = makeSeededWorld(SEED, SIZE, FAULTS);
    const seen: ReconciliationProgress[] = [];
    await run(storeOfWorld(world, 1), requestOfWorld(world, { onProgress: (progress) => seen.push(progress) }));
    const last = (phase: ReconciliationProgress['phase']) => seen.findLast((progress) => progress.phase === phase);
    expect(last('jobs')?.done).toBe(world.jobs.size);
    expect(last('ledger')?.done).toBe(world.ledger.size);
    expect(last('rules')?.total).toBeGreaterThan(0);
    expect(last('rules')?.done).toBe(last('rules')?.total);
    expect(last('confirming')?.total).toBeGreaterThan(0);
  });

  it.each(['accounts', 'jobs', 'ledger'] as const)(
    'stops while it reads the %s when it is told to',
    async (collection) => {
      const world = makeCleanWorld(SEED, SIZE);
      const stopping = new AbortController();
      const before = (name: string) => name === collection && stopping.abort();
      const result = await runReconciliation(
        storeOfWorld(world, 1, { before }),
        requestOfWorld(world, { signal: stopping.signal }),
      );
      expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    },
  );

  it('stops while it confirms when it is told to', async () => {
    const { world } = makeSeededWorld(SEED, SIZE, FAULTS);
    const stopping = new AbortController();
    const result = await runReconciliation(
      storeOfWorld(world, 1, { beforeConfirming: () => stopping.abort() }),
      requestOfWorld(world, { signal: stopping.signal }),
    );
    expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });
});

describe('a world that moves while it is read', () => {
  it('has no finding for a job that completes between the reading of jobs and of the ledger', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const running = jobIdOf(world, 'running');
    const before = (collection: string) => collection === 'ledger' && completeByProtocol(world, running);
    const { record } = await run(storeOfWorld(world, 1, { before }), requestOfWorld(world));
    expect(record.findings).toEqual([]);
    // The ledger had the capture, the job not: a difference that was gone when the job was asked again.
    expect(record.passed).toBeGreaterThan(0);
  });

  it('has no finding for a grant that is posted between the reading of accounts and of the ledger', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const before = (collection: string) => {
      if (collection !== 'ledger') return;
      post(world, freeEntry('in-between:grant:1', 'workspace-0', 'grant', 77));
      raiseVersion(world, 'workspace-0');
    };
    const { record } = await run(storeOfWorld(world, 1, { before }), requestOfWorld(world));
    expect(record.findings).toEqual([]);
    expect(record.passed).toBe(1);
    expect(record.undecidedWorkspaces).toEqual([]);
  });

  it('still finds a drift in an account that moved while it was read', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    changeAvailable(world, 'workspace-0', 40);
    const before = (collection: string) => {
      if (collection !== 'ledger') return;
      post(world, freeEntry('in-between:grant:1', 'workspace-0', 'grant', 77));
      raiseVersion(world, 'workspace-0');
    };
    const { record } = await run(storeOfWorld(world, 1, { before }), requestOfWorld(world));
    expect(record.findings.map(({ id, credits }) => [id, credits])).toEqual([
      ['account_differs:total:workspace-0', -40],
    ]);
  });

  it('has no finding for a grant whose job comes between the reading of jobs and of the ledger', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const jobId = jobIdOf(world, 'completed');
    const job = jobOf(world, jobId);
    const entry = { ...freeEntry('thanks:grant:1', job.workspaceId, 'grant', 0), jobId: 'late-job' };
    post(world, entry);
    const unknown = await run(storeOfWorld(world, 1), requestOfWorld(world));
    expect(unknown.record.findings.map(({ id }) => id)).toEqual(['entry_without_job:unknown_job:thanks:grant:1']);
    const beforeConfirming = () => {
      world.jobs.set('late-job', { ...job, _id: 'late-job' });
    };
    const { record } = await run(storeOfWorld(world, 1, { beforeConfirming }), requestOfWorld(world));
    expect(record.findings).toEqual([]);
    expect(record.passed).toBe(1);
  });

  it('reads the ledger of an account on the server, where the copy beside it may be of a moment ago', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    const copy = makeCleanWorld(SEED, SIZE);
    const grant = freeEntry('in-between:grant:1', 'workspace-0', 'grant', 77);
    post(world, grant);
    // The copy has the account of now, of the same version, and not yet its entry.
    const account = world.accounts.get('workspace-0');
    if (account !== undefined) copy.accounts.set('workspace-0', account);
    const late = await run(storeOfWorld(world, 1), requestOfWorld(world, { copy: storeOfWorld(copy, 1) }));
    expect(late.record.findings).toEqual([]);
    expect(late.record.passed).toBe(1);
    changeAvailable(world, 'workspace-0', 40);
    const drift = await run(storeOfWorld(world, 1), requestOfWorld(world, { copy: storeOfWorld(copy, 1) }));
    expect(drift.record.findings.map(({ id, credits }) => [id, credits])).toEqual([
      ['account_differs:total:workspace-0', -40],
    ]);
  });

  it('says of an account that never stands still that it could not be judged', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    changeAvailable(world, 'workspace-0', 40);
    const store = storeOfWorld(world, 1);
    const restless: ReconciliationStore = {
      ...store,
      readAccount: (workspaceId) => {
        raiseVersion(world, workspaceId);
        return store.readAccount(workspaceId);
      },
    };
    const { record } = await run(restless, requestOfWorld(world));
    expect(record.findings).toEqual([]);
    expect(record.undecidedWorkspaces).toEqual(['workspace-0']);
    expect(record.passed).toBe(0);
  });

  it('has solved nothing of an account that never stands still, nor of what it found no room to list', async () => {
    const world = makeCleanWorld(SEED, SIZE);
    changeAvailable(world, 'workspace-0', 40);
    changeAvailable(world, 'workspace-1', 41);
    const { findings } = (await run(storeOfWorld(world, 1), requestOfWorld(world))).record;
    expect(findings).toHaveLength(2);
    const undecided = { findings: [], undecidedWorkspaces: ['workspace-0'] };
    const ofOther = findings.filter(({ workspaceId }) => workspaceId === 'workspace-1');
    expect(compareRuns(findings, undecided).solved).toEqual(ofOther);
    expect(compareRuns(findings, { findings: [], undecidedWorkspaces: [], isWhole: false }).solved).toEqual([]);
  });
});

describe('a folder of runs', () => {
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  });
  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'runledger-runs-'));
    folders.push(folder);
    return folder;
  }
  const ALL = { workspaceId: null, period: null };

  it('keeps a run whole, so that the next one can say what is new, still open and solved', async () => {
    const folder = await newFolder();
    const world = makeCleanWorld(SEED, SIZE);
    changeAvailable(world, 'workspace-0', 40);
    changeAvailable(world, 'workspace-1', 41);
    const remembering = { folder, keeps: 'memory' } as const;
    const first = await run(storeOfWorld(world, 1), requestOfWorld(world, { memory: remembering }));
    expectOk(await saveRun(folder, first.record));
    expectOk(await first.remember());
    changeAvailable(world, 'workspace-1', -41);
    changeAvailable(world, 'workspace-2', 42);
    const { lastRun } = await openLastRun(folder, ALL);
    expect(lastRun).toEqual(first.record);
    const second = await run(storeOfWorld(world, 1), requestOfWorld(world, { memory: remembering, closedPeriods: [] }));
    const comparison = compareRuns(lastRun?.findings ?? [], second.record);
    expect(comparison.new.map(({ workspaceId }) => workspaceId)).toEqual(['workspace-2']);
    expect(comparison.stillOpen.map(({ workspaceId }) => workspaceId)).toEqual(['workspace-0']);
    expect(comparison.solved.map(({ workspaceId }) => workspaceId)).toEqual(['workspace-1']);
  });

  it('notices in the next run, and in every run after it, that an entry was changed and that one is gone', async () => {
    const folder = await newFolder();
    const world = makeCleanWorld(SEED, SIZE);
    const fields = { closedPeriods: [], seen: null, memory: { folder, keeps: 'memory' } } as const;
    expectOk(await (await run(storeOfWorld(world, 1), requestOfWorld(world, fields))).remember());
    const changed = `gen-${jobIdOf(world, 'completed')}:reserve:1`;
    const entry = world.ledger.get(changed);
    if (entry === undefined) throw new Error('the job has no reservation');
    world.ledger.set(changed, { ...entry, reason: 'written anew' });
    for (let round = 0; round < 3; round += 1) {
      const next = await run(storeOfWorld(world, 1), requestOfWorld(world, fields));
      expect(next.record.findings.map(({ id }) => id)).toEqual([`entry_changed:changed:${changed}`]);
      expectOk(await next.remember());
    }
  });

  it('goes on without a damaged part of its memory, says so once, and sees again from there on', async () => {
    const folder = await newFolder();
    const world = makeCleanWorld(SEED, SIZE);
    const remembering = { memory: { folder, keeps: 'memory' } } as const;
    const runOnce = () => run(storeOfWorld(world, 1), requestOfWorld(world, remembering));
    expectOk(await (await runOnce()).remember());
    const blocks = path.join(folder, 'blocks');
    const [name = ''] = (await readdir(blocks)).filter((one) => one.endsWith('3.seen.cols'));
    const bytes = await readFile(path.join(blocks, name));
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x80;
    await writeFile(path.join(blocks, name), bytes);
    // Until a run has come to its end nothing was said of the loss, and it is still one.
    expect((await runOnce()).lost).toEqual([name]);
    const damaged = await runOnce();
    expect(damaged.lost).toEqual([name]);
    expectOk(await damaged.remember());
    expect(await readdir(blocks)).toContain(`${name}.damaged`);
    expect((await runOnce()).lost).toEqual([]);
  });

  it('goes on without a damaged last run, and says so', async () => {
    const folder = await newFolder();
    const { record } = await run(
      storeOfWorld(makeCleanWorld(SEED, SIZE), 1),
      requestOfWorld(makeCleanWorld(SEED, SIZE)),
    );
    expectOk(await saveRun(folder, record));
    await writeFile(path.join(folder, 'last-run-all-always.json'), '{"format":');
    expect(await openLastRun(folder, ALL)).toEqual({ lastRun: null, lost: ['last-run-all-always.json'] });
    expectOk(await saveRun(folder, record));
    expect(await openLastRun(folder, ALL)).toEqual({ lastRun: record, lost: [] });
  });

  it('keeps the last run of each workspace apart, also where their names are long and begin alike', async () => {
    const folder = await newFolder();
    const world = makeCleanWorld(SEED, SIZE);
    const { record } = await run(storeOfWorld(world, 1), requestOfWorld(world));
    const [one, other] = ['1', '2'].map((end) => ({ workspaceId: `${'w'.repeat(160)}${end}`, period: null }));
    if (one === undefined || other === undefined) throw new Error('there are two');
    expectOk(await saveRun(folder, { ...record, scope: one }));
    expect(await openLastRun(folder, other)).toEqual({ lastRun: null, lost: [] });
    expect((await openLastRun(folder, one)).lastRun?.scope).toEqual(one);
  });

  it.each([
    ['tea', 'teG'],
    ['w1', 'W1'],
    ['all', 'ALL'],
  ])('keeps the last runs of %s and %s apart, also on a disk that takes small letters for capitals', async (...ids) => {
    const folder = await newFolder();
    const world = makeCleanWorld(SEED, SIZE);
    const { record } = await run(storeOfWorld(world, 1), requestOfWorld(world));
    for (const workspaceId of [null, ...ids]) {
      expectOk(await saveRun(folder, { ...record, scope: { workspaceId, period: null } }));
    }
    expect(new Set((await readdir(folder)).map((name) => name.toLowerCase())).size).toBe(1 + ids.length);
  });
});

function jobIdOf(world: World, scenario: string): string {
  const found = [...world.scenarios].find(([, one]) => one === scenario);
  if (found === undefined) throw new Error(`no job is ${scenario}`);
  return found[0];
}

/** What a runner and the store do when a job completes: the job, then the account, then the ledger. */
function completeByProtocol(world: World, jobId: string): void {
  const job = jobOf(world, jobId);
  const { generationId, price } = job.billing;
  const output = { uri: 'file:///x', mime: 'text/html', bytes: 1, sha256: 'b'.repeat(64) };
  const billing = { ...job.billing, reserved: 0, captured: price };
  world.jobs.set(jobId, { ...job, state: 'completed', lease: null, failure: null, output, billing });
  const hold = world.accounts.get(job.workspaceId)?.holds[generationId];
  if (hold === undefined) throw new Error(`${entryKey(generationId, 'reserve', 1)} has no hold`);
  setHold(world, job.workspaceId, generationId, 0, hold.at);
  post(world, generationEntry(job, generationId, 'capture', { credits: price, atMs: AS_OF_MS }));
  raiseVersion(world, job.workspaceId);
}

function raiseVersion(world: World, workspaceId: string): void {
  const account = world.accounts.get(workspaceId);
  if (account !== undefined) world.accounts.set(workspaceId, { ...account, version: account.version + 1 });
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : 1;
}
