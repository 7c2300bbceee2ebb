import { compareFindings, FINDINGS_MAX, type Finding } from '../finding.ts';
import { hashText } from '../hash53.ts';
import { reconcile, type ReconcileHooks } from '../reconcile.ts';
import type { RuleOptions } from '../rule.ts';
import { rememberSeen, type SeenEntries } from '../seen-entries.ts';
import { entryKeyOf, type LedgerView } from '../view.ts';
import { findAffected, type Affected } from './affected.ts';
import type { BookChanges } from './book-changes.ts';
import { changeSum, sumInputs, type CountedRows, type InputSum } from './input-digest.ts';
import { patchView } from './patch-view.ts';
import { seenOf, type WantedSeen } from './seen-of.ts';
import { IndexedView } from './view-index.ts';

/** Books with what the rules found in them: what later runs go on from, reading only what changed since. */
export interface StandingBooks {
  readonly base: IndexedView;
  readonly verdict: Verdict;
}

/** What the rules say of books as a whole. */
export interface Verdict {
  /** The moment that it speaks of. */
  readonly asOfMs: number;
  /** In a fixed order, all that were found, not yet confirmed. */
  readonly findings: readonly Finding[];
  readonly inputs: InputSum;
  /** False where there were more findings than a run lists: then nothing can be built on it. */
  readonly isWhole: boolean;
}

/** A verdict that was reached from what changed, and the part of the books that was looked at for it. */
export interface PartialVerdict {
  readonly verdict: Verdict;
  /** What was judged anew. */
  readonly affected: Affected;
  readonly view: LedgerView;
  /** What is to be remembered of the entries that were looked at. */
  readonly seen: SeenEntries;
}

/** What the rules are measured by, with memories in the order of their weight in place of one. */
export type StandingOptions = Omit<RuleOptions, 'seen'> & { readonly memories: readonly SeenEntries[] };

/** What counts of a view that holds a part of the books and, beside it, what belongs to other parts. */
export interface OwnPart {
  readonly keep: (finding: Finding) => boolean;
  readonly keepsGeneration: (view: LedgerView, row: number) => boolean;
  readonly counted: (view: LedgerView, rows: CountedRows) => CountedRows;
}

const ALL_OF_IT: OwnPart = { keep: () => true, keepsGeneration: () => true, counted: (_view, rows) => rows };

/** Holds all of a view against every rule. */
export function judgeAll(view: LedgerView, options: RuleOptions, hooks: ReconcileHooks = {}): StandingBooks {
  const { findings, counts } = reconcile(view, options, hooks);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    base: new IndexedView(view),
    verdict: { asOfMs: options.asOfMs, findings, inputs: sumInputs(view), isWhole: total <= FINDINGS_MAX },
  };
}

/**
 * Holds what changed, and what it concerns, against every rule. The outcome is that of all of the books as they are now.
 * The options must be those of the books' verdict but for the moment, which must not be before its own, and the memories.
 * @param own what counts of the books, where they are a part of larger ones
 */
export function judgeChanges(
  { base, verdict }: StandingBooks,
  changes: BookChanges,
  { memories, ...options }: StandingOptions,
  own: OwnPart = ALL_OF_IT,
): PartialVerdict {
  const time = {
    fromMs: verdict.asOfMs,
    toMs: options.asOfMs,
    pendingMsMax: options.pendingMsMax,
    leaseGraceMs: options.leaseGraceMs,
  };
  const affected = findAffected(base, changes, time);
  const view = patchView(base, changes, affected);
  const concern = new Concern(base, changes, affected, view);
  const seen = seenOf(memories, concern.wantedSeen());
  const { findings: found } = reconcile(view, { ...options, seen }, concern.hooks(own));
  const kept = verdict.findings.filter((finding) => !concern.covers(finding));
  const findings = [...kept, ...found].toSorted(compareFindings);
  const without = changeSum(verdict.inputs, base.view, own.counted(base.view, concern.countedBefore()), -1);
  return {
    view,
    affected,
    seen: rememberSeen(view, seen, null),
    verdict: {
      asOfMs: options.asOfMs,
      findings,
      inputs: changeSum(without, view, own.counted(view, concern.countedNow()), 1),
      isWhole: verdict.isWhole && findings.length <= FINDINGS_MAX,
    },
  };
}

/** The whole view as it is now: for books that have changed so much that going on from them takes longer than sorting anew. */
export function renewView(base: IndexedView, changes: BookChanges): LedgerView {
  const affected = findAffected(base, changes, { fromMs: 0, toMs: 0, pendingMsMax: 0, leaseGraceMs: 0 });
  affected.markAll();
  return patchView(base, changes, affected);
}

/** Tells what a partial view speaks of, and what it only has beside it. */
class Concern {
  readonly #base: IndexedView;
  readonly #changes: BookChanges;
  readonly #affected: Affected;
  readonly #view: LedgerView;
  /** Keys of the entries without a generation. */
  readonly #unboundKeys: ReadonlySet<string>;
  readonly #generationHexes: ReadonlySet<string>;
  readonly #generationHashes: ReadonlySet<number>;

  constructor(base: IndexedView, changes: BookChanges, affected: Affected, view: LedgerView) {
    this.#base = base;
    this.#changes = changes;
    this.#affected = affected;
    this.#view = view;
    this.#unboundKeys = new Set([
      ...[...affected.unboundEntries].map((row) => entryKeyOf(base.view, row)),
      ...affected.entryKeys,
      ...[...changes.accounts.values()].flatMap((account) => Object.keys(account?.posting ?? {})),
    ]);
    const hashes = new Set([...affected.newGenerationIds].map(hashText));
    for (const row of affected.generationRows) hashes.add(base.view.generations.hash[row] ?? 0);
    this.#generationHashes = hashes;
    this.#generationHexes = new Set([...hashes].map((hash) => hash.toString(16)));
  }

  wantedSeen(): WantedSeen {
    return {
      generationHashes: this.#generationHashes,
      unboundKeyHashes: new Set([...this.#unboundKeys].map(hashText)),
      unboundHash: hashText(''),
    };
  }

  /** Keeps what only the partial view may speak of. */
  hooks(own: OwnPart): ReconcileHooks {
    const { generations, generationIds } = this.#view;
    return {
      keep: (finding) => this.covers(finding) && own.keep(finding),
      keepsGeneration: (row) =>
        own.keepsGeneration(this.#view, row) &&
        this.#affected.hasGeneration(generationIds.text(generations.id[row] ?? 0)),
    };
  }

  /** True for a finding that only the partial view may speak of. */
  covers(finding: Finding): boolean {
    const { subject, generationId } = finding;
    switch (subject.type) {
      case 'workspace':
        return this.#affected.workspaceIds.has(subject.id);
      case 'generation':
        return this.#affected.hasGeneration(subject.id);
      case 'job':
        return this.#affected.hasJob(subject.id);
      case 'entry':
        if (generationId !== null) return this.#affected.hasGeneration(generationId);
        return finding.case === 'gone' ? this.#coversGone(subject.id) : this.#unboundKeys.has(subject.id);
    }
  }

  /** Of an entry that is gone with its generation only hashes are known, see the reporter. */
  #coversGone(id: string): boolean {
    const [generation = '', key = ''] = id.split('#');
    if (generation !== hashText('').toString(16)) return this.#generationHexes.has(generation);
    this.#unboundHexes ??= new Set([...this.#unboundKeys].map((text) => hashText(text).toString(16)));
    return this.#unboundHexes.has(key);
  }
  #unboundHexes: ReadonlySet<string> | null = null;

  countedBefore(): CountedRows {
    const { view } = this.#base;
    return {
      entries: this.#affected.entryRows(),
      generations: this.#affected.generationRows,
      jobs: new Set(this.#affected.jobRows),
      workspaces: this.#changedWorkspaces(view),
      holds: this.#holdsBefore(),
    };
  }

  countedNow(): CountedRows {
    const view = this.#view;
    return {
      // An entry is in the partial view only where it is affected.
      entries: view.entries.content.keys(),
      generations: [...view.generations.id.keys()].filter((row) => {
        const id = view.generations.id[row] ?? 0;
        return this.#affected.hasGeneration(view.generationIds.text(id));
      }),
      jobs: new Set([...view.jobs.presence.keys()].filter((row) => this.#affected.hasJob(view.jobIds.text(row)))),
      workspaces: this.#changedWorkspaces(view),
      holds: this.#holdsNow(),
    };
  }

  /** Reservations of changed accounts; those that are left out of the partial view are the same before and now. */
  *#holdsBefore(): Iterable<number> {
    const base = this.#base;
    for (const workspace of this.#changedWorkspaces(base.view)) {
      for (const row of base.holdsOfWorkspace(workspace)) if (this.#affected.needsHold(row)) yield row;
    }
  }

  *#holdsNow(): Iterable<number> {
    const { holds } = this.#view;
    const changed = this.#changedWorkspaces(this.#view);
    for (let row = 0; row < holds.count; row += 1) if (changed.has(holds.workspace[row] ?? 0)) yield row;
  }

  #changedWorkspaces(view: LedgerView): ReadonlySet<number> {
    return new Set([...this.#changes.accounts.keys()].map((id) => view.workspaces.find(id)).filter((row) => row >= 0));
  }
}
