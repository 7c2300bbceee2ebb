import type { GenerationTotals } from './generation-totals.ts';
import type { ListedPrice } from './price-list.ts';
import type { SeenComparison, SeenEntries } from './seen-entries.ts';
import type { LedgerView } from './view.ts';

/** What the rules of one run are measured by. Times in milliseconds. */
export interface RuleOptions {
  /** The moment that the run speaks of, on the server's clock. */
  readonly asOfMs: number;
  /** How long an entry may be owed before it is overdue. */
  readonly pendingMsMax: number;
  /** How long after its end a lease may stand before nobody can be taken to live under it. */
  readonly leaseGraceMs: number;
  readonly prices: readonly ListedPrice[];
  /** Months (`2026-10`) that are closed. */
  readonly closedPeriods: readonly string[];
  readonly seen: SeenEntries;
}

/** Everything that a rule may look at. */
export interface RuleInput {
  readonly view: LedgerView;
  readonly totals: GenerationTotals;
  readonly seen: SeenComparison;
  /** What the entries of each workspace add up to, by its index. */
  readonly ledgerOfWorkspace: Float64Array;
  readonly options: RuleOptions;
}

/** What all reports of a rule say. */
interface ReportBase {
  readonly case: string;
  /** See `credits` of a finding. */
  readonly credits: number;
  readonly evidence: string;
}

/** Where a rule puts what it finds. All indexes are rows of the view. */
export interface Report {
  /** A generation, with the entries of it that offend; null for all of them. */
  generation(row: number, found: ReportBase & { readonly entries: readonly number[] | null }): void;
  entry(row: number, found: ReportBase): void;
  /** A job, or a generation of it, that offends by itself. */
  job(row: number, found: ReportBase & { readonly entryKeys: readonly string[]; readonly atMs: number }): void;
  workspace(row: number, found: ReportBase): void;
  /** An entry that is no longer there; `row` is that of the memory. */
  gone(row: number, found: ReportBase): void;
}

/** What mends the findings of a rule. */
export type MendKind =
  | 'refund'
  | 'release'
  | 'capture_owed'
  | 'adjustment'
  /** The charge protocol is driven once more for what is pending. */
  | 'settle'
  /** No entry can mend it: a person looks, and accepts it with a reason. */
  | 'accept';

/** What a rule says of itself to people. */
export interface RuleWords {
  readonly number: number;
  readonly name: string;
  readonly title: string;
  /** What is wrong, in one plain sentence. */
  readonly sentence: string;
  /** What shows it. */
  readonly evidence: string;
  /** The ways in which it shows, each with its own sentence and mend. */
  readonly cases: Readonly<Record<string, { readonly sentence: string; readonly mend: MendKind }>>;
}

/** A rule of reconciliation: one file each. `scan` is one pass over columns and reports in no special order. */
export interface Rule extends RuleWords {
  scan(input: RuleInput, report: Report): void;
}
