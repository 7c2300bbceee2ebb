import { rm, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheBooks } from '#cache/books.ts';
import { CACHED_PARTS, type CacheChange } from '#cache/changes.ts';
import type { CacheWriter } from '#cache/writer.ts';
import { runRulesAt } from '#console/reconciliation/run.ts';
import { BlockFolder } from '#console/reconciliation/blocks/block-folder.ts';
import { readBlocks } from '#console/reconciliation/blocks/block-reading.ts';
import { BlockKeeper } from '#console/reconciliation/blocks/block-keeper.ts';
import { NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { AS_OF_MS, WORLD_PRICES, worldChargeRule } from '../../bench/worlds/clean-job.ts';
import { FaultScene } from '../../bench/worlds/fault.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { momentOf, type WorldMoment } from '../../bench/worlds/world-changes.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import type { World } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { setupCache, type CacheWorld } from '../../support/cache-world.ts';

let copy: CacheWorld;
let folder: string;
beforeEach(() => {
  copy = setupCache();
  folder = `${copy.file}-runs`;
});
afterEach(async () => {
  copy.end();
  await rm(folder, { recursive: true, force: true });
});

/** What the copy is told when a world has gone on. */
function changesOf(world: World, before: WorldMoment | null): readonly CacheChange[] {
  const gone = (
    part: 'jobs' | 'accounts' | 'ledger',
    then: ReadonlyMap<string, unknown>,
    now: ReadonlyMap<string, unknown>,
  ) => [...then.keys()].flatMap((id) => (now.has(id) ? [] : [{ type: 'deleted', part, id } as const]));
  return [
    ...[...world.jobs.values()]
      .filter((job) => before?.jobs.get(job._id) !== job)
      .map((job) => ({ type: 'job', job: { type: 'job', job, document: { ...job } } }) as const),
    ...[...world.accounts.values()]
      .filter((account) => before?.accounts.get(account._id) !== account)
      .map((account) => ({ type: 'account', account }) as const),
    ...[...world.ledger.values()]
      .filter((entry) => before?.ledger.get(entry._id) !== entry)
      .map((entry) => ({ type: 'entry', entry }) as const),
    ...(before === null
      ? []
      : [
          ...gone('jobs', before.jobs, world.jobs),
          ...gone('accounts', before.accounts, world.accounts),
          ...gone('ledger', before.ledger, world.ledger),
        ]),
  ];
}

function fill(writer: CacheWriter, world: World): void {
  expectOk(writer.apply(changesOf(world, null), null));
  expectOk(writer.openSnapshot(null));
  for (const part of CACHED_PARTS) {
    const ofPart = changesOf(world, null).filter((change) => partOf(change) === part);
    const byId = ofPart.toSorted((left, right) => (idOf(left) < idOf(right) ? 1 : -1));
    expectOk(writer.applyPages([{ part, beforeId: null, changes: byId, isLast: true }]));
  }
}

function partOf(change: CacheChange): string {
  return change.type === 'job' ? 'jobs' : change.type === 'account' ? 'accounts' : 'ledger';
}

function idOf(change: CacheChange): string {
  if (change.type === 'job') return String(change.job.document['_id']);
  if (change.type === 'account') return change.account._id;
  return change.type === 'entry' ? change.entry._id : change.id;
}

async function judge(
  keeper: BlockKeeper,
  world: World,
  closedPeriods = world.closedPeriods,
  end: 'remembered' | 'given up' = 'remembered',
) {
  const books = expectOk(CacheBooks.open(copy.file));
  try {
    expectOk(books.begin());
    const judgement = expectOk(
      await keeper.judge(books, {
        rules: runRulesAt(AS_OF_MS, { prices: WORLD_PRICES, closedPeriods, memories: [world.seen] }),
        chargeRule: worldChargeRule,
        chargeBasis: 'world',
        signal: new AbortController().signal,
        onProgress: () => undefined,
      }),
    );
    if (end === 'remembered') expectOk(await judgement.remember());
    return judgement;
  } finally {
    books.close();
  }
}

async function setup() {
  const { world } = makeSeededWorld(4, { jobs: 400, workspaces: 3 }, []);
  const scene = new FaultScene(world, new SeededRandom(4));
  const { writer } = copy.open();
  fill(writer, world);
  const keeper = new BlockKeeper(folder);
  const first = await judge(keeper, world);
  const goOn = (seed: number): void => {
    const before = momentOf(world);
    for (const fault of FAULTS.slice(seed * 5, seed * 5 + 5)) fault.plant(scene);
    expectOk(writer.apply(changesOf(world, before), null));
  };
  return { world, keeper, first, goOn };
}

const LARGE = { blocks: 5 };

describe('books in blocks', () => {
  it('are judged in blocks as they are judged in memory, now and after they went on', async () => {
    const { world, goOn } = await setup();
    const large = () => new BlockKeeper(`${folder}-large`, LARGE);
    try {
      for (let round = 0; round < 4; round += 1) {
        const { judged, documentsRead } = await judge(large(), world);
        expect(judged.verdict).toEqual((await judgeAnew(world)).judged.verdict);
        expect(documentsRead > world.ledger.size).toBe(round === 0);
        goOn(round);
      }
    } finally {
      await rm(`${folder}-large`, { recursive: true, force: true });
    }
  });

  it('are read from the kept blocks while the copy does not change, and from the copy once a block is damaged', async () => {
    const { world } = await setup();
    const large = new BlockKeeper(folder, LARGE);
    const first = await judge(large, world);
    const again = await judge(large, world);
    expect(again.documentsRead).toBe(0);
    expect(again.judged.verdict).toEqual(first.judged.verdict);
    const [name] = (await readdir(path.join(folder, 'blocks'))).filter((one) => one.endsWith('3.view.cols'));
    if (name === undefined) throw new Error('no block is kept');
    const file = path.join(folder, 'blocks', name);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 40));
    const third = await judge(large, world);
    expect(third.documentsRead).toBe(first.documentsRead);
    expect(third.judged.verdict).toEqual(first.judged.verdict);
  });

  it('are refused before anything is written where the disk has no room for them', async () => {
    const { world } = await setup();
    const blocks = new BlockFolder(`${folder}-none`);
    const { signal } = new AbortController();
    const read = await readBlocks(storeOfWorld(world, 1), blocks, {
      kept: { whole: NOTHING_SEEN, recent: NOTHING_SEEN, lost: [] },
      request: {
        rules: runRulesAt(AS_OF_MS, { prices: WORLD_PRICES, closedPeriods: [], memories: [] }),
        chargeRule: worldChargeRule,
        signal,
        onProgress: () => undefined,
        entriesAbout: 1e15,
        blocks: 2,
        keeps: 'blocks',
        onBlock: null,
      },
    });
    expect(read).toMatchObject({
      ok: false,
      error: { code: 'disk_full', detail: expect.stringMatching(/needs \d+ MB .* MB are free/) as string },
    });
    expect(await readdir(`${folder}-none`)).toEqual([]);
    await rm(`${folder}-none`, { recursive: true, force: true });
  });

  it('remember an entry as it was seen, and find that it was changed', async () => {
    const { world } = await setup();
    const large = new BlockKeeper(folder, LARGE);
    await judge(large, world);
    const [key, entry] = [...world.ledger][7] ?? [];
    if (key === undefined || entry === undefined) throw new Error('the world has entries');
    expectOk(copy.open().writer.apply([{ type: 'entry', entry: { ...entry, reason: 'rewritten' } }], null));
    for (let round = 0; round < 2; round += 1) {
      const { judged } = await judge(large, world);
      expect(judged.verdict.findings.map(({ id }) => id)).toContain(`entry_changed:changed:${key}`);
    }
  });
});

describe('what is remembered of books in blocks', () => {
  it('is not advanced by a run that does not come to its end, so that the next one still finds what was changed', async () => {
    const { world } = await setup();
    const large = new BlockKeeper(`${folder}-large`, LARGE);
    try {
      const goneBefore = goneIn(await judge(large, world));
      const key = change(world, 7);
      for (let round = 0; round < 2; round += 1) {
        const given = await judge(new BlockKeeper(`${folder}-large`, LARGE), world, world.closedPeriods, 'given up');
        expect(given.judged.verdict.findings.map(({ id }) => id)).toContain(`entry_changed:changed:${key}`);
      }
      remove(world, 11);
      await judge(new BlockKeeper(`${folder}-large`, LARGE), world, world.closedPeriods, 'given up');
      const last = await judge(new BlockKeeper(`${folder}-large`, LARGE), world);
      expect(last.judged.verdict.findings.map(({ id }) => id)).toContain(`entry_changed:changed:${key}`);
      expect(goneIn(last)).toBe(goneBefore + 1);
    } finally {
      await rm(`${folder}-large`, { recursive: true, force: true });
    }
  });

  it('is seen by whoever judges in another number of blocks', async () => {
    const { world } = await setup();
    await rm(folder, { recursive: true, force: true });
    const { verdict } = (await judge(new BlockKeeper(folder, LARGE), world)).judged;
    const key = change(world, 7);
    const { findings } = (await judge(new BlockKeeper(folder, { blocks: 3 }), world)).judged.verdict;
    expect(findings.map(({ id }) => id)).toContain(`entry_changed:changed:${key}`);
    expect(findings).toHaveLength(verdict.findings.length + 1);
  });

  it('is said to be lost where its file is damaged, once, and begins anew', async () => {
    const { world } = await setup();
    await judge(new BlockKeeper(folder, LARGE), world);
    const [name] = (await readdir(path.join(folder, 'blocks'))).filter((one) => one.endsWith('3.seen.cols'));
    if (name === undefined) throw new Error('no block is remembered');
    await writeFile(path.join(folder, 'blocks', name), 'nothing');
    change(world, 7);
    const next = await judge(new BlockKeeper(folder, LARGE), world);
    expect(next.lost).toEqual([name]);
    expect(await readdir(path.join(folder, 'blocks'))).toContain(`${name}.damaged`);
    change(world, 8);
    expect((await judge(new BlockKeeper(folder, LARGE), world)).lost).toEqual([]);
  });
});

/** Rewrites an entry of the copy. @returns its key */
function change(world: World, nth: number): string {
  const [key, entry] = [...world.ledger][nth] ?? [];
  if (key === undefined || entry === undefined) throw new Error('the world has entries');
  expectOk(copy.open().writer.apply([{ type: 'entry', entry: { ...entry, reason: `rewritten ${nth}` } }], null));
  return key;
}

/** Takes an entry out of the copy. */
function remove(world: World, nth: number): void {
  const [key] = [...world.ledger][nth] ?? [];
  if (key === undefined) throw new Error('the world has entries');
  expectOk(copy.open().writer.apply([{ type: 'deleted', part: 'ledger', id: key }], null));
}

/** What somebody finds who has the same memory and reads everything. */
async function judgeAnew(world: World) {
  const fresh = `${folder}-fresh`;
  await rm(fresh, { recursive: true, force: true });
  try {
    return await judge(new BlockKeeper(fresh), world);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

describe('the books that a folder keeps', () => {
  it('are read whole once, and then only what changed, with the same outcome', async () => {
    const { world, keeper, first, goOn } = await setup();
    const documents = world.jobs.size + world.ledger.size + world.accounts.size;
    expect(first.documentsRead).toBeGreaterThanOrEqual(documents);
    for (const seed of [1, 2, 3]) {
      goOn(seed);
      const next = await judge(keeper, world);
      expect(next.documentsRead).toBeGreaterThan(0);
      expect(next.documentsRead).toBeLessThan(60);
      expect(next.judged.verdict).toEqual((await judgeAnew(world)).judged.verdict);
    }
    const last = await judge(keeper, world);
    expect((await judge(keeper, world)).judged.verdict).toEqual(last.judged.verdict);
  });

  it('are gone on from after a new start of the program', async () => {
    const { world, goOn } = await setup();
    goOn(5);
    const next = await judge(new BlockKeeper(folder), world);
    expect(next.documentsRead).toBeLessThan(60);
    expect(next.judged.verdict).toEqual((await judgeAnew(world)).judged.verdict);
  });

  it('are judged anew as a whole, without reading the copy, once another month is closed', async () => {
    const { world, keeper, goOn } = await setup();
    goOn(6);
    const periods = [...world.closedPeriods, '2026-10'];
    const next = await judge(keeper, world, periods);
    expect(next.documentsRead).toBeLessThan(60);
    const anew = await judge(new BlockKeeper(`${folder}-2`), world, periods);
    await rm(`${folder}-2`, { recursive: true, force: true });
    expect(next.judged.verdict).toEqual(anew.judged.verdict);
  });

  it.each(['0.view.cols', 'accounts.cols', 'verdicts.json'])('are read anew where %s is damaged', async (ending) => {
    const { world, goOn } = await setup();
    goOn(2);
    const [name = ''] = (await readdir(path.join(folder, 'blocks'))).filter((one) => one.endsWith(ending));
    const file = path.join(folder, 'blocks', name);
    const bytes = await readFile(file);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x80;
    await writeFile(file, bytes);
    const next = await judge(new BlockKeeper(folder), world);
    expect(next.documentsRead).toBeGreaterThan(world.ledger.size);
    expect(next.judged.verdict).toEqual((await judgeAnew(world)).judged.verdict);
  });

  it('notice an entry that came between two runs and is gone in the third', async () => {
    const { world, keeper } = await setup();
    const writer = copy.open().writer;
    const [model] = world.ledger.values();
    if (model === undefined) throw new Error('the world is empty');
    const entry = { ...model, _id: 'between:grant:7', generationId: null, jobId: null, type: 'grant' } as const;
    expectOk(writer.apply([{ type: 'entry', entry }], null));
    await judge(keeper, world);
    expectOk(writer.apply([{ type: 'deleted', part: 'ledger', id: entry._id }], null));
    const { findings } = (await judge(keeper, world)).judged.verdict;
    expect(findings.filter(({ case: name }) => name === 'gone')).toHaveLength((await countGone(world)) + 1);
  });
});

async function countGone(world: World): Promise<number> {
  return goneIn(await judgeAnew(world));
}

function goneIn({ judged }: Awaited<ReturnType<typeof judge>>): number {
  return judged.verdict.findings.filter(({ case: name }) => name === 'gone').length;
}
