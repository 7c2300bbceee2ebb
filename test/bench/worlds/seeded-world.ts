import { SeededRandom } from './seeded-random.ts';
import { FaultScene, type ExpectedFinding, type Fault } from './fault.ts';
import { BOOK_FAULTS } from './faults-of-books.ts';
import { CHARGE_FAULTS } from './faults-of-charges.ts';
import { freeEntry, makeWorld, openWorkspace, post, remember, type World, type WorldSize } from './world.ts';

/** Every fault that can be planted. */
export const FAULTS: readonly Fault[] = [...CHARGE_FAULTS, ...BOOK_FAULTS];

/** A world with known faults. */
export interface SeededWorld {
  readonly world: World;
  readonly planted: readonly string[];
  readonly expected: readonly ExpectedFinding[];
}

/** A clean world that has been seen and closed, with nothing planted; the same seed makes the same world. */
export function makeCleanWorld(seed: number, size: WorldSize): World {
  const world = makeWorld(seed, size);
  prepare(world, seed);
  remember(world);
  return world;
}

/** A world with these faults planted one after the other; a fault that finds no place is left out. */
export function makeSeededWorld(seed: number, size: WorldSize, faults: readonly Fault[]): SeededWorld {
  const world = makeWorld(seed, size);
  prepare(world, seed);
  const scene = new FaultScene(world, new SeededRandom(seed ^ 0x5eed));
  const planted: string[] = [];
  const expected: ExpectedFinding[] = [];
  const plant = (moment: Fault['moment']): void => {
    for (const fault of faults.filter((one) => one.moment === moment)) {
      const found = fault.plant(scene);
      if (found === null) continue;
      planted.push(fault.name);
      expected.push(...found);
    }
  };
  plant('before');
  remember(world);
  plant('after');
  return { world, planted, expected };
}

/** Picks faults for a seed: one alone, or several together, also the same more than once. */
export function pickFaults(seed: number): readonly Fault[] {
  const random = new SeededRandom(seed ^ 0xfa17);
  const first = FAULTS[seed % FAULTS.length];
  const count = random.chance(0.4) ? 0 : random.between(1, 12);
  return [...(first === undefined ? [] : [first]), ...Array.from({ length: count }, () => random.pick(FAULTS))];
}

// What faults of a memory are planted in: entries that stand alone, so that nothing else is touched.
function prepare(world: World, seed: number): void {
  openWorkspace(world, `touched-${seed}`, 500);
  openWorkspace(world, `granted-${seed}`, 500);
  for (let n = 1; n <= 3; n += 1) {
    post(world, freeEntry(`second-${seed}-${n}:grant:1`, `granted-${seed}`, 'grant', 10 * n));
  }
}
