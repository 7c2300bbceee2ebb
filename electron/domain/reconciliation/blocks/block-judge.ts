import { ReusedColumns } from '../column-memory.ts';
import { compareFindings, FINDINGS_MAX, type Finding } from '../finding.ts';
import { reconcile, sumWorkspaces } from '../reconcile.ts';
import type { RuleOptions } from '../rule.ts';
import type { BookChanges } from '../standing/book-changes.ts';
import { changeSum, combineSums, NO_INPUTS, type CountedRows, type InputSum } from '../standing/input-digest.ts';
import { judgeChanges, type OwnPart, type Verdict } from '../standing/judge.ts';
import { IndexedView } from '../standing/view-index.ts';
import { NOTHING_SEEN, type SeenEntries } from '../seen-entries.ts';
import { LedgerViewBuilder, type AccountFacts } from '../view-builder.ts';
import type { LedgerView } from '../view.ts';
import type { BlockMap } from './block-map.ts';
import type { BlockVerdict } from './block-verdict.ts';

/** A block that was judged earlier, with the memories of its entries, the weightiest first. */
export interface StandingBlock {
  readonly block: number;
  readonly base: IndexedView;
  readonly verdict: BlockVerdict;
  readonly memories: readonly SeenEntries[];
  /** The moment that its verdict speaks of. */
  readonly asOfMs: number;
}

/** A block that was judged from what changed of it. */
export interface JudgedChanges {
  readonly findings: readonly Finding[];
  readonly seen: SeenEntries;
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
  readonly #accountInputs: InputSum;
  readonly #findings: Finding[] = [];
  readonly #sums = new Map<string, number>();
  readonly #lonely: BlockVerdict['lonely'][number][] = [];
  readonly #owners = new Map<string, string>();
  readonly #memory = new ReusedColumns();
  #found = 0;
  #inputs: InputSum = NO_INPUTS;

  /**
   * @param accounts all of them, by workspace
   * @param accountInputs what they are made of, see {@link sumAccounts}
   */
  constructor(
    map: BlockMap,
    options: Omit<RuleOptions, 'seen'>,
    accounts: ReadonlyMap<string, AccountFacts>,
    accountInputs: InputSum,
  ) {
    this.#map = map;
    this.#options = options;
    this.#accounts = accounts;
    this.#accountInputs = accountInputs;
  }

  /** What the entries of each workspace add up to, in the blocks that were added. */
  get sums(): ReadonlyMap<string, number> {
    return this.#sums;
  }

  /** The job of a generation that a finding speaks of; null where there is none. */
  ownerOf(generationId: string): string | null {
    return this.#owners.get(generationId) ?? null;
  }

  /**
   * Judges a block; each is to be added once, in any order.
   * @param seen the rows of the memory that belong to it
   * @param inputs what it is made of, where somebody has counted it before; null counts it
   */
  add(block: number, view: LedgerView, seen: SeenEntries, inputs: InputSum | null): BlockVerdict {
    const own = this.#ownOf(block);
    this.#memory.begin();
    const { findings, counts } = reconcile(
      view,
      { ...this.#options, seen },
      { keep: own.keep, keepsGeneration: (row) => own.keepsGeneration(view, row), memory: this.#memory },
    );
    const sums = sumWorkspaces(view);
    const base = new IndexedView(view);
    return this.#take({
      findings,
      found: Object.values(counts).reduce((sum, count) => sum + count, 0),
      inputs: inputs ?? changeSum(NO_INPUTS, view, own.counted(view, allRowsOf(view)), 1),
      sums: { ids: Array.from(sums.keys(), (row) => view.workspaces.text(row)), credits: [...sums] },
      lonely: this.#lonelyOf(view, block, () => true),
      owners: ownersOf(findings, (id) => base.ownerOf(id)),
    });
  }

  /**
   * Judges what changed of a block that was judged before, and what that concerns.
   * @returns all findings of the block, and what is to be remembered of the entries that were looked at
   */
  addChanges({ block, base, verdict, memories, asOfMs }: StandingBlock, changes: BookChanges): JudgedChanges {
    const { findings, inputs } = verdict;
    const standing = { base, verdict: { asOfMs, findings, inputs, isWhole: true } };
    const partial = judgeChanges(standing, changes, { ...this.#options, memories }, this.#ownOf(block));
    const { view, affected } = partial;
    const sums = new Map(verdict.sums.ids.map((id, nth) => [id, verdict.sums.credits[nth] ?? 0]));
    sumWorkspaces(view).forEach((sum, row) => sums.set(view.workspaces.text(row), sum));
    const now = new IndexedView(view);
    const standingOwners = new Map(verdict.owners);
    this.#take({
      findings: partial.verdict.findings,
      found: partial.verdict.findings.length,
      inputs: partial.verdict.inputs,
      sums: { ids: [...sums.keys()], credits: [...sums.values()] },
      lonely: [
        ...verdict.lonely.filter(({ id }) => !affected.hasJob(id)),
        ...this.#lonelyOf(view, block, (id) => affected.hasJob(id)),
      ],
      owners: ownersOf(partial.verdict.findings, (id) =>
        affected.hasGeneration(id) ? now.ownerOf(id) : (standingOwners.get(id) ?? null),
      ),
    });
    return { findings: partial.verdict.findings, seen: partial.seen };
  }

  /** The verdict of all blocks that were added. */
  finish(): Verdict {
    const builder = new LedgerViewBuilder();
    for (const account of this.#accounts.values()) {
      const otherLedgerCredits = this.#sums.get(account._id) ?? 0;
      builder.addAccount({ ...account, ...foldedHolds(account), posting: {}, otherLedgerCredits });
    }
    for (const [workspaceId, sum] of this.#sums) {
      if (!this.#accounts.has(workspaceId)) builder.addMissingAccount(workspaceId, sum);
    }
    for (const { id, workspaceId, priceCredits } of this.#lonely) {
      const generation = {
        id: `of ${id}`,
        outcome: 'unknown',
        priceCredits,
        dueCredits: null,
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
    this.#memory.begin();
    const { findings, counts } = reconcile(
      builder.seal(),
      { ...this.#options, seen: NOTHING_SEEN },
      { keepsGeneration: () => false, keep: ({ subject }) => subject.type === 'workspace', memory: this.#memory },
    );
    this.#keep(
      findings,
      Object.values(counts).reduce((sum, count) => sum + count, 0),
    );
    return {
      asOfMs: this.#options.asOfMs,
      findings: this.#findings.toSorted(compareFindings),
      inputs: combineSums(this.#inputs, this.#accountInputs, 1),
      isWhole: this.#found <= FINDINGS_MAX,
    };
  }

  #take(verdict: BlockVerdict): BlockVerdict {
    this.#keep(verdict.findings, verdict.found);
    this.#inputs = combineSums(this.#inputs, verdict.inputs, 1);
    verdict.sums.ids.forEach((id, nth) =>
      this.#sums.set(id, (this.#sums.get(id) ?? 0) + (verdict.sums.credits[nth] ?? 0)),
    );
    this.#lonely.push(...verdict.lonely);
    for (const [generationId, jobId] of verdict.owners) this.#owners.set(generationId, jobId);
    return verdict;
  }

  #keep(findings: readonly Finding[], found: number): void {
    this.#found += found;
    for (const finding of findings) if (this.#findings.length < FINDINGS_MAX) this.#findings.push(finding);
  }

  /** What counts in a block: what stands in several of them counts in one. */
  #ownOf(block: number): OwnPart {
    const isOwn = (view: LedgerView, row: number): boolean =>
      this.#map.ofHash(view.generations.hash[row] ?? 0) === block;
    return {
      keepsGeneration: isOwn,
      keep: ({ subject, generationId }) => {
        if (subject.type === 'workspace') return false;
        // A job counts in the block of its current generation; entries stand in no other block than their own.
        return subject.type === 'entry' || this.#map.ofGeneration(generationId ?? subject.id) === block;
      },
      counted: (view, { entries, generations, jobs }) => ({
        entries,
        generations: filtered(generations, (row) => isOwn(view, row)),
        jobs: new Set(
          filtered(jobs === 'all' ? view.jobs.presence.keys() : jobs, (row) => this.#isHome(view, row, block)),
        ),
        workspaces: new Set(),
        holds: [],
      }),
    };
  }

  #isHome({ jobs, generations, jobIds }: LedgerView, row: number, block: number): boolean {
    if (jobs.presence[row] === 0) return false;
    const isJob = jobs.presence[row] === 1;
    return this.#map.ofHash(isJob ? (generations.hash[jobs.generation[row] ?? 0] ?? 0) : jobIds.hash(row)) === block;
  }

  #lonelyOf(view: LedgerView, block: number, isWanted: (jobId: string) => boolean): BlockVerdict['lonely'] {
    const { jobs, generations, workspaces, jobIds } = view;
    const lonely: BlockVerdict['lonely'][number][] = [];
    const isLonely = Uint8Array.from({ length: workspaces.size }, (_, row) =>
      this.#accounts.has(workspaces.text(row)) ? 0 : 1,
    );
    for (let row = 0; row < jobs.presence.length; row += 1) {
      const workspace = jobs.workspace[row] ?? 0;
      if (jobs.presence[row] !== 1 || isLonely[workspace] !== 1 || !this.#isHome(view, row, block)) continue;
      const id = jobIds.text(row);
      const priceCredits = generations.price[jobs.generation[row] ?? 0] ?? 0;
      if (isWanted(id)) lonely.push({ id, workspaceId: workspaces.text(workspace), priceCredits });
    }
    return lonely;
  }
}

/** What accounts are made of, with their reservations. */
export function sumAccounts(accounts: Iterable<AccountFacts>): InputSum {
  const builder = new LedgerViewBuilder();
  for (const account of accounts) builder.addAccount({ ...account, posting: {} });
  const view = builder.seal();
  const none = { entries: [], generations: [], jobs: new Set<number>() };
  return changeSum(NO_INPUTS, view, { ...none, workspaces: 'all', holds: view.holds.generation.keys() }, 1);
}

/** What is said of an account asks for the sum of its reservations alone. */
function foldedHolds({ holds, otherHeldCredits = 0 }: AccountFacts): Pick<AccountFacts, 'holds' | 'otherHeldCredits'> {
  const held = Object.values(holds).reduce((sum, { credits }) => sum + credits, otherHeldCredits);
  return { holds: {}, otherHeldCredits: held };
}

function ownersOf(findings: readonly Finding[], ownerOf: (generationId: string) => string | null): [string, string][] {
  const ids = new Set(findings.flatMap(({ generationId }) => generationId ?? []));
  return [...ids].flatMap((id): [string, string][] => {
    const owner = ownerOf(id);
    return owner === null ? [] : [[id, owner]];
  });
}

function allRowsOf(view: LedgerView): CountedRows {
  return {
    entries: view.entries.content.keys(),
    generations: view.generations.id.keys(),
    jobs: 'all',
    workspaces: 'all',
    holds: [],
  };
}

function filtered(rows: Iterable<number>, isWanted: (row: number) => boolean): number[] {
  const wanted: number[] = [];
  for (const row of rows) if (isWanted(row)) wanted.push(row);
  return wanted;
}
