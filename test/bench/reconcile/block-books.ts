import { BlockFolder } from '#console/reconciliation/blocks/block-folder.ts';
import type { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import { BlockJudge, sumAccounts } from '#domain/reconciliation/blocks/block-judge.ts';
import type { BlockVerdict } from '#domain/reconciliation/blocks/block-verdict.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import type { SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { Verdict } from '#domain/reconciliation/standing/judge.ts';
import type { AccountFacts } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';

/** Entries of a block, about: few enough for a small memory, many enough that blocks cost nothing by themselves. */
const BLOCK_ENTRIES = 100_000;

/** How many blocks books of so many jobs are divided into. */
export function blockCountOf(jobs: number): number {
  return Math.max(1, Math.ceil((jobs * 3) / BLOCK_ENTRIES));
}

/** Sorts spilled books into a folder of blocks, each with its memory, and judges them on the way. */
export async function keepBlocks(
  folder: string,
  {
    map,
    spill,
    accounts,
    seenOf,
    options,
  }: {
    readonly map: BlockMap;
    readonly spill: BookSpill;
    readonly accounts: readonly AccountFacts[];
    readonly seenOf: (view: LedgerView, block: number) => SeenEntries;
    readonly options: Omit<RuleOptions, 'seen'>;
  },
): Promise<Verdict> {
  const kept = new BlockFolder(folder);
  kept.begin();
  const all = new BlockAccounts(map, accounts);
  const accountInputs = sumAccounts(accounts);
  const judge = new BlockJudge(map, options, all.all, accountInputs);
  const blocks: BlockVerdict[] = [];
  for (const { block, view } of spill.blocks(all)) {
    const seen = seenOf(view, block);
    blocks.push(judge.add(block, view, seen, null));
    await kept.saveBlock(block, view, seen);
  }
  const verdict = judge.finish();
  await kept.saveAccounts(accounts);
  const mark = {
    position: { epoch: 'bench', seq: 0 },
    readingBasis: 'bench',
    rulesBasis: 'bench',
    asOfMs: verdict.asOfMs,
    isWhole: verdict.isWhole,
  };
  await kept.complete(map.count, { mark, verdicts: { accountInputs, blocks } });
  return verdict;
}

/** Holds kept blocks against every rule. */
export function judgeBlocks(folder: string, options: Omit<RuleOptions, 'seen'>): Verdict {
  const kept = new BlockFolder(folder);
  const standing = kept.standing();
  if (standing === null) throw new Error('there are no kept blocks');
  const { mark, verdicts, accounts } = standing;
  const judge = new BlockJudge(new BlockMap(mark.count), options, accounts.folded, verdicts.accountInputs);
  for (const { block, view, seen } of kept.blocks(mark)) {
    judge.add(block, view, seen, verdicts.blocks[block]?.inputs ?? null);
  }
  return judge.finish();
}
