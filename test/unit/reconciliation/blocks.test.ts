import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import { BlockChanges } from '#domain/reconciliation/blocks/block-changes.ts';
import { BlockJudge, sumAccounts } from '#domain/reconciliation/blocks/block-judge.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import { jobFactsOf } from '#domain/reconciliation/facts.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { judgeAll, renewView } from '#domain/reconciliation/standing/judge.ts';
import { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { AS_OF_MS, worldChargeRule } from '../../bench/worlds/clean-job.ts';
import { makeSeededWorld, pickFaults } from '../../bench/worlds/seeded-world.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { booksChangedSince, momentOf } from '../../bench/worlds/world-changes.ts';
import { moveWorld, pickId, postTwice } from '../../bench/worlds/world-moves.ts';
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

  it('are judged from what changed, and sorted anew, as they are judged from all that they hold', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 30 }),
        fc.record({ count: fc.integer({ min: 1, max: 9 }), rowsMax: fc.integer({ min: 20, max: 400 }) }),
        fc.record({ moves: fc.nat(12), minutes: fc.nat(60) }),
        (seed, size, { moves, minutes }) => {
          const { world } = makeSeededWorld(seed, { jobs: 40, workspaces: 3 }, pickFaults(seed));
          const random = new SeededRandom(seed ^ 0x517);
          for (let twice = random.between(0, 3); twice > 0; twice -= 1) postTwice(world, random);
          const map = new BlockMap(size.count);
          const standing = keepInBlocks(world, size);
          world.seen = rememberSeen(viewOf(world), world.seen, null);
          const before = momentOf(world);
          for (let move = 0; move < moves; move += 1) moveWorld(world, random);
          const touched = [pickId(world.jobs, random), pickId(world.ledger, random)].flatMap((id) => id ?? []);
          const changes = new BlockChanges(map, booksChangedSince(before, world, touched));
          const { seen, ...options } = { ...ruleOptionsOf(world), asOfMs: AS_OF_MS + minutes * 60_000 };
          const accounts = new Map([...world.accounts].map(([id, account]) => [id, account]));
          const partly = new BlockJudge(map, options, accounts, sumAccounts(accounts.values()));
          const anew = new BlockJudge(map, options, accounts, sumAccounts(accounts.values()));
          let recent = NOTHING_SEEN;
          for (const { block, base, verdict } of standing) {
            const ofBlock = changes.of(block, base);
            const own = map.seenOf(seen, block);
            const kept = { block, base, verdict, memories: [own], asOfMs: AS_OF_MS };
            recent = mergeSeen(partly.addChanges(kept, ofBlock).seen, recent);
            anew.add(block, renewView(base, ofBlock), own, null);
          }
          const whole = judgeAll(viewOf(world), { ...options, seen });
          const verdict = partly.finish();
          expect(verdict).toEqual(whole.verdict);
          expect(anew.finish()).toEqual(whole.verdict);
          expect(rowsOf(mergeSeen(recent, seen))).toEqual(rowsOf(rememberSeen(viewOf(world), seen, null)));
          const ids = verdict.findings.flatMap(({ generationId }) => generationId ?? []);
          expect(ids.map((id) => partly.ownerOf(id))).toEqual(ids.map((id) => whole.base.ownerOf(id)));
        },
      ),
      { numRuns: 120 },
    );
  }, 240_000);
});

function rowsOf({ count: _count, ...columns }: SeenEntries): object {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, [...column]]));
}

interface Size {
  readonly count: number;
  readonly rowsMax: number;
}

function judgeInBlocks(world: World, size: Size) {
  const judge = judgeOf(world, size);
  keepInBlocks(world, size, judge);
  return judge.finish();
}

function judgeOf(world: World, { count }: Size): BlockJudge {
  const { seen: _seen, ...options } = ruleOptionsOf(world);
  return new BlockJudge(new BlockMap(count), options, world.accounts, sumAccounts(world.accounts.values()));
}

function keepInBlocks(world: World, size: Size, judge = judgeOf(world, size)) {
  const map = new BlockMap(size.count);
  const spill = new BookSpill(path.join(folder, 'spill'), map, size.rowsMax);
  try {
    for (const job of world.jobs.values()) spill.addJob(jobFactsOf(job, worldChargeRule));
    for (const entry of world.ledger.values()) spill.addEntry(entry);
    const accounts = new BlockAccounts(map, world.accounts.values());
    return Array.from(spill.blocks(accounts), ({ block, view }) => ({
      block,
      base: new IndexedView(view),
      verdict: judge.add(block, view, map.seenOf(world.seen, block), null),
    }));
  } finally {
    spill.close();
  }
}
