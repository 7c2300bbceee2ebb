import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSeen, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { judgeAll, judgeChanges, renewView, type StandingBooks } from '#domain/reconciliation/standing/judge.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { FaultScene } from '../../bench/worlds/fault.ts';
import { FAULTS, makeSeededWorld, pickFaults } from '../../bench/worlds/seeded-world.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { changesSince, momentOf } from '../../bench/worlds/world-changes.ts';
import { freeEntry, ruleOptionsOf, viewOf, type World } from '../../bench/worlds/world.ts';

const MINUTE_MS = 60_000;

/** Ways in which books go on: rightly or wrongly, what has to be the same is what is found. */
const MOVES: readonly ((world: World, random: SeededRandom) => void)[] = [
  plantFault,
  plantFault,
  plantFault,
  (world, random) => deleteOne(world.jobs, random),
  (world, random) => deleteOne(world.ledger, random),
  (world, random) => deleteOne(world.ledger, random),
  (world, random) => deleteOne(world.accounts, random),
  function addGrant(world, random) {
    const workspaceId = pickId(world.accounts, random) ?? 'nobody';
    const key = `late-${random.between(1, 1_000_000)}:grant:1`;
    world.ledger.set(key, freeEntry(key, workspaceId, 'grant', random.between(1, 99)));
  },
  function postWithoutLedger(world, random) {
    const account = world.accounts.get(pickId(world.accounts, random) ?? '');
    const standing = world.ledger.get(pickId(world.ledger, random) ?? '');
    if (account === undefined || standing === undefined) return;
    const entry = random.chance(0.5) ? standing : freeEntry(`posting-${random.next()}`, account._id, 'adjust', 5);
    const posting = { ...account.posting, [entry._id]: { ...entry, workspaceId: account._id } };
    world.accounts.set(account._id, { ...account, posting });
  },
  postTwice,
  function clearPosting(world, random) {
    const posting = [...world.accounts.values()].filter((account) => Object.keys(account.posting).length > 0);
    if (posting.length === 0) return;
    const account = random.pick(posting);
    world.accounts.set(account._id, { ...account, posting: {} });
  },
  function moveEntry(world, random) {
    const [key, other] = [pickId(world.ledger, random), pickId(world.ledger, random)];
    const [entry, model] = [world.ledger.get(key ?? ''), world.ledger.get(other ?? '')];
    if (entry === undefined || model === undefined) return;
    const fields = random.pick([
      { generationId: model.generationId },
      { workspaceId: model.workspaceId },
      { jobId: model.jobId },
      { credits: entry.credits + 7 },
      { generationId: null },
    ]);
    world.ledger.set(entry._id, { ...entry, ...fields });
  },
  function moveJob(world, random) {
    const job = world.jobs.get(pickId(world.jobs, random) ?? '');
    if (job !== undefined) {
      world.jobs.set(job._id, { ...job, workspaceId: pickId(world.accounts, random) ?? job.workspaceId });
    }
  },
  function reprice(world, random) {
    const job = world.jobs.get(pickId(world.jobs, random) ?? '');
    if (job !== undefined)
      world.jobs.set(job._id, { ...job, billing: { ...job.billing, price: random.between(0, 60) } });
  },
  function takeHold(world, random) {
    const account = world.accounts.get(pickId(world.accounts, random) ?? '');
    if (account === undefined) return;
    const [first = `nobody-${random.between(1, 99)}`] = random.shuffled(Object.keys(account.holds));
    const { [first]: hold, ...rest } = account.holds;
    const holds = hold === undefined ? { ...rest, [first]: { credits: 3, at: new Date(AS_OF_MS) } } : rest;
    world.accounts.set(account._id, { ...account, holds });
  },
  function openAccount(world, random) {
    const id = `unopened-${random.between(1, 3)}`;
    world.accounts.set(id, { _id: id, available: random.between(-2, 2), held: 0, holds: {}, posting: {}, version: 1 });
    const job = world.jobs.get(pickId(world.jobs, random) ?? '');
    if (job !== undefined && random.chance(0.5)) world.jobs.set(job._id, { ...job, workspaceId: id });
  },
];

/** One scene a world: it gives each fault keys of its own, as books do whose keys protect from repetition. */
const scenes = new WeakMap<World, FaultScene>();

/** Two accounts are about to post one key, as nobody's program should. */
function postTwice(world: World, random: SeededRandom): void {
  const [first, second] = random.shuffled([...world.accounts.values()]);
  const standing = world.ledger.get(pickId(world.ledger, random) ?? '');
  if (first === undefined || second === undefined || standing === undefined) return;
  const key = random.pick([standing._id, `posting-${random.next()}`, `${standing.generationId}:adjust:7`]);
  for (const account of [first, second]) {
    const credits = random.between(1, 9);
    const entry = freeEntry(key, account._id, 'adjust', credits);
    const posting = { ...account.posting, [key]: { ...entry, generationId: standing.generationId } };
    world.accounts.set(account._id, { ...account, posting });
  }
}

function plantFault(world: World, random: SeededRandom): void {
  const scene = scenes.get(world) ?? new FaultScene(world, random);
  scenes.set(world, scene);
  // Numbers of the faults that the world was made with are left behind.
  for (let serial = 0; serial < 100;) serial = scene.serial();
  random.pick(FAULTS).plant(scene);
}

function pickId(documents: ReadonlyMap<string, unknown>, random: SeededRandom): string | undefined {
  return documents.size === 0 ? undefined : random.pick([...documents.keys()]);
}

function deleteOne(documents: Map<string, unknown>, random: SeededRandom): void {
  documents.delete(pickId(documents, random) ?? '');
}

function makeBooks(seed: number): { readonly world: World; readonly books: StandingBooks } {
  const { world } = makeSeededWorld(seed, { jobs: 40, workspaces: 3 }, pickFaults(seed));
  const random = new SeededRandom(seed ^ 0x70057);
  for (let twice = random.between(0, 3); twice > 0; twice -= 1) postTwice(world, random);
  const view = viewOf(world);
  const books = judgeAll(view, ruleOptionsOf(world));
  world.seen = rememberSeen(view, world.seen, null);
  return { world, books };
}

function rowsOf({ count: _count, ...columns }: SeenEntries): object {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, [...column]]));
}

const seeds = fc.integer({ min: 1, max: 2 ** 30 });

describe('books that went on since they were judged', () => {
  it('are judged from what changed as they are judged from all that they hold', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 60 }), (seed, moves, minutes) => {
        const { world, books } = makeBooks(seed);
        const random = new SeededRandom(seed ^ 0x517);
        const before = momentOf(world);
        for (let move = 0; move < moves; move += 1) attempt(() => random.pick(MOVES)(world, random));
        const touched = [pickId(world.jobs, random), pickId(world.ledger, random)].flatMap((id) => id ?? []);
        const { seen, ...options } = { ...ruleOptionsOf(world), asOfMs: AS_OF_MS + minutes * MINUTE_MS };
        const partial = judgeChanges(books, changesSince(books.base, before, world, touched), {
          ...options,
          memories: [seen],
        });
        const view = viewOf(world);
        const whole = judgeAll(view, { ...options, seen });
        expect(partial.verdict.findings).toEqual(whole.verdict.findings);
        expect(partial.verdict.inputs).toEqual(whole.verdict.inputs);
        expect(rowsOf(mergeSeen(partial.seen, seen))).toEqual(rowsOf(rememberSeen(view, seen, null)));
      }),
      { numRuns: 400 },
    );
  });

  it('are sorted anew from the view that stood and what changed', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 12 }), (seed, moves) => {
        const { world, books } = makeBooks(seed);
        const random = new SeededRandom(seed ^ 0x517);
        const before = momentOf(world);
        for (let move = 0; move < moves; move += 1) attempt(() => random.pick(MOVES)(world, random));
        const renewed = judgeAll(renewView(books.base, changesSince(books.base, before, world)), ruleOptionsOf(world));
        expect(renewed.verdict).toEqual(judgeAll(viewOf(world), ruleOptionsOf(world)).verdict);
      }),
      { numRuns: 150 },
    );
  });
});

/** A move that finds no place in this world any more is left out. */
function attempt(move: () => void): void {
  try {
    move();
  } catch (cause) {
    if (!(cause instanceof Error) || !/^there is no|is taken|keeps its sum/.test(cause.message)) throw cause;
  }
}
