import { ReusedColumns } from '../column-memory.ts';
import { compareFindings, FINDINGS_MAX, type Finding } from '../finding.ts';
import { reconcile, sumWorkspaces } from '../reconcile.ts';
import type { RuleOptions } from '../rule.ts';
import { changeSum, NO_INPUTS, type CountedRows, type InputSum } from '../standing/input-digest.ts';
import type { Verdict } from '../standing/judge.ts';
import { NOTHING_SEEN, type SeenEntries } from '../seen-entries.ts';
import { LedgerViewBuilder, type AccountFacts } from '../view-builder.ts';
import type { LedgerView } from '../view.ts';
import type { BlockMap } from './block-map.ts';

/** A job in a workspace without an account, as far as that rule asks. */
interface LonelyJob {
  readonly id: string;
  readonly workspaceId: string;
  readonly priceCredits: number;
}

/**
 * Holds books against every rule block by block: the verdict is that of all of the books at once, and no more than one block need be
 * in memory. What is said of generations, jobs and entries is found in their blocks; what is said of a workspace is found at the end,
 * from the sums of all blocks.
 */
export class BlockJudge {
  readonly #map: BlockMap;
  readonly #options: Omit<RuleOptions, 'seen'>;
  readonly #accounts: ReadonlyMap<string, AccountFacts>;
  readonly #findings: Finding[] = [];
  readonly #sums = new Map<string, number>();
  readonly #lonely: LonelyJob[] = [];
  readonly #known: InputSum | null;
  readonly #memory = new ReusedColumns();
  #found = 0;
  #inputs: InputSum = NO_INPUTS;

  /**
   * @param accounts all of them, by workspace
   * @param known what the blocks are made of, where somebody has counted it before; null counts it
   */
  constructor(
    map: BlockMap,
    options: Omit<RuleOptions, 'seen'>,
    accounts: ReadonlyMap<string, AccountFacts>,
    known: InputSum | null,
  ) {
    this.#known = known;
    this.#map = map;
    this.#options = options;
    this.#accounts = accounts;
  }

  /**
   * Judges a block; each is to be added once, in any order.
   * @param seen the rows of the memory that belong to it
   * @returns what was found in it
   */
  add(block: number, view: LedgerView, seen: SeenEntries): readonly Finding[] {
    const { generations } = view;
    const isOwn = (row: number): boolean => this.#map.ofHash(generations.hash[row] ?? 0) === block;
    const found = this.#take(view, seen, {
      keepsGeneration: isOwn,
      keep: ({ subject, generationId }) => {
        if (subject.type === 'workspace') return false;
        // A job counts in the block of its current generation; entries stand in no other block than their own.
        return subject.type === 'entry' || this.#map.ofGeneration(generationId ?? subject.id) === block;
      },
    });
    if (this.#known === null) this.#inputs = changeSum(this.#inputs, view, this.#countedOf(view, block), 1);
    sumWorkspaces(view).forEach((sum, row) => {
      const id = view.workspaces.text(row);
      this.#sums.set(id, (this.#sums.get(id) ?? 0) + sum);
    });
    this.#addLonely(view, block);
    return found;
  }

  /** The verdict of all blocks that were added. */
  finish(): Verdict {
    const builder = new LedgerViewBuilder();
    for (const account of this.#accounts.values()) {
      builder.addAccount({ ...account, posting: {}, otherLedgerCredits: this.#sums.get(account._id) ?? 0 });
    }
    for (const [workspaceId, sum] of this.#sums) {
      if (!this.#accounts.has(workspaceId)) builder.addMissingAccount(workspaceId, sum);
    }
    for (const { id, workspaceId, priceCredits } of this.#lonely) {
      const generation = {
        id: `of ${id}`,
        outcome: 'unknown',
        priceCredits,
        startedAtMs: 0,
        providerCostMicroUsd: 0,
      } as const;
      builder.addJob({
        id,
        workspaceId,
        kind: '',
        isOver: true,
        createdAtMs: 0,
        leaseExpiresAtMs: null,
        generations: [generation],
        pending: [],
      });
    }
    const view = builder.seal();
    this.#take(view, NOTHING_SEEN, {
      keepsGeneration: () => false,
      keep: ({ subject }) => subject.type === 'workspace',
    });
    const accounts = { entries: [], generations: [], jobs: new Set<number>(), workspaces: 'all' } as const;
    const holds = rowsOf(view.holds.count, () => true);
    const inputs = this.#known ?? changeSum(this.#inputs, view, { ...accounts, holds }, 1);
    return {
      asOfMs: this.#options.asOfMs,
      findings: this.#findings.toSorted(compareFindings),
      inputs,
      isWhole: this.#found <= FINDINGS_MAX,
    };
  }

  #take(view: LedgerView, seen: SeenEntries, hooks: Parameters<typeof reconcile>[2]): readonly Finding[] {
    this.#memory.begin();
    const { findings, counts } = reconcile(view, { ...this.#options, seen }, { ...hooks, memory: this.#memory });
    this.#found += Object.values(counts).reduce((sum, count) => sum + count, 0);
    for (const finding of findings) if (this.#findings.length < FINDINGS_MAX) this.#findings.push(finding);
    return findings;
  }

  #isHome({ jobs, generations, jobIds }: LedgerView, row: number, block: number): boolean {
    if (jobs.presence[row] === 0) return false;
    const isJob = jobs.presence[row] === 1;
    return this.#map.ofHash(isJob ? (generations.hash[jobs.generation[row] ?? 0] ?? 0) : jobIds.hash(row)) === block;
  }

  /** What a block counts of its view: what stands in several blocks is counted in one of them. */
  #countedOf(view: LedgerView, block: number): CountedRows {
    const { generations, entries, jobs } = view;
    return {
      entries: rowsOf(entries.count, () => true),
      generations: rowsOf(generations.count, (row) => this.#map.ofHash(generations.hash[row] ?? 0) === block),
      jobs: new Set(rowsOf(jobs.presence.length, (row) => this.#isHome(view, row, block))),
      workspaces: new Set(),
      holds: [],
    };
  }

  #addLonely(view: LedgerView, block: number): void {
    const { jobs, generations, workspaces, jobIds } = view;
    const isLonely = Uint8Array.from({ length: workspaces.size }, (_, row) =>
      this.#accounts.has(workspaces.text(row)) ? 0 : 1,
    );
    for (let row = 0; row < jobs.presence.length; row += 1) {
      const workspace = jobs.workspace[row] ?? 0;
      if (jobs.presence[row] !== 1 || isLonely[workspace] !== 1 || !this.#isHome(view, row, block)) continue;
      const priceCredits = generations.price[jobs.generation[row] ?? 0] ?? 0;
      this.#lonely.push({ id: jobIds.text(row), workspaceId: workspaces.text(workspace), priceCredits });
    }
  }
}

function rowsOf(count: number, isWanted: (row: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row += 1) if (isWanted(row)) rows.push(row);
  return rows;
}
