import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSeen, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { judgeAll, judgeChanges, renewView, type StandingBooks } from '#domain/reconciliation/standing/judge.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { makeSeededWorld, pickFaults } from '../../bench/worlds/seeded-world.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { changesSince, momentOf } from '../../bench/worlds/world-changes.ts';
import { moveWorld, pickId, postTwice } from '../../bench/worlds/world-moves.ts';
import { ruleOptionsOf, viewOf, type World } from '../../bench/worlds/world.ts';

const MINUTE_MS = 60_000;

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
        for (let move = 0; move < moves; move += 1) moveWorld(world, random);
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
      { numRuns: 400, examples: [[122455944, 1, 0]] },
    );
  });

  it('are sorted anew from the view that stood and what changed', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 12 }), (seed, moves) => {
        const { world, books } = makeBooks(seed);
        const random = new SeededRandom(seed ^ 0x517);
        const before = momentOf(world);
        for (let move = 0; move < moves; move += 1) moveWorld(world, random);
        const renewed = judgeAll(renewView(books.base, changesSince(books.base, before, world)), ruleOptionsOf(world));
        expect(renewed.verdict).toEqual(judgeAll(viewOf(world), ruleOptionsOf(world)).verdict);
      }),
      { numRuns: 150 },
    );
  });
});
