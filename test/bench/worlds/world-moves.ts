import { AS_OF_MS } from './clean-job.ts';
import { FaultScene } from './fault.ts';
import { FAULTS } from './seeded-world.ts';
import type { SeededRandom } from './seeded-random.ts';
import { freeEntry, type World } from './world.ts';

/** Changes a world in one way or another, rightly or wrongly; a way that finds no place in it any more changes nothing. */
export function moveWorld(world: World, random: SeededRandom): void {
  attempt(() => random.pick(MOVES)(world, random));
}

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
export function postTwice(world: World, random: SeededRandom): void {
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

/** The id of any of these documents. */
export function pickId(documents: ReadonlyMap<string, unknown>, random: SeededRandom): string | undefined {
  return documents.size === 0 ? undefined : random.pick([...documents.keys()]);
}

function deleteOne(documents: Map<string, unknown>, random: SeededRandom): void {
  documents.delete(pickId(documents, random) ?? '');
}

/** A move that finds no place in this world any more is left out. */
function attempt(move: () => void): void {
  try {
    move();
  } catch (cause) {
    if (!(cause instanceof Error) || !/^there is no|is taken|keeps its sum/.test(cause.message)) throw cause;
  }
}
