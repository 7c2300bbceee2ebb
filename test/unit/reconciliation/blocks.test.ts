import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import { BlockJudge } from '#domain/reconciliation/blocks/block-judge.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import { jobFactsOf } from '#domain/reconciliation/facts.ts';
import { judgeAll } from '#domain/reconciliation/standing/judge.ts';
import { worldChargeRule } from '../../bench/worlds/clean-job.ts';
import { makeSeededWorld, pickFaults } from '../../bench/worlds/seeded-world.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { moveWorld } from '../../bench/worlds/world-moves.ts';
import { ruleOptionsOf, viewOf, type World } from '../../bench/worlds/world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-blocks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('books that are judged block by block', () => {
  it('come to the verdict of all of them at once, whatever stands in them and however many blocks there are', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.record({ count: fc.integer({ min: 1, max: 9 }), rowsMax: fc.integer({ min: 20, max: 400 }) }),
        fc.nat(25),
        (seed, size, moves) => {
          const { world } = makeSeededWorld(seed, { jobs: 40, workspaces: 3 }, pickFaults(seed));
          const random = new SeededRandom(seed);
          for (let move = 0; move < moves; move += 1) moveWorld(world, random);
          const whole = judgeAll(viewOf(world), ruleOptionsOf(world)).verdict;
          expect(judgeInBlocks(world, size)).toEqual(whole);
        },
      ),
      { numRuns: 120 },
    );
  }, 120_000);
});

function judgeInBlocks(world: World, { count, rowsMax }: { readonly count: number; readonly rowsMax: number }) {
  const map = new BlockMap(count);
  const spill = new BookSpill(path.join(folder, 'spill'), map, rowsMax);
  try {
    for (const job of world.jobs.values()) spill.addJob(jobFactsOf(job, worldChargeRule));
    for (const entry of world.ledger.values()) spill.addEntry(entry);
    const accounts = new BlockAccounts(map, world.accounts.values());
    const { seen, ...options } = ruleOptionsOf(world);
    const judge = new BlockJudge(map, options, accounts.all, null);
    for (const { block, view } of spill.blocks(accounts)) judge.add(block, view, map.seenOf(seen, block));
    return judge.finish();
  } finally {
    spill.close();
  }
}
