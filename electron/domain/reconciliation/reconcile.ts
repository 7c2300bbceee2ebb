import type { ColumnMemory } from './column-memory.ts';
import { compareFindings, type Finding } from './finding.ts';
import { sumGenerations } from './generation-totals.ts';
import { Reporter } from './reporter.ts';
import type { RuleInput, RuleOptions } from './rule.ts';
import { RULES } from './rules.ts';
import { compareWithSeen } from './seen-entries.ts';
import { netOfEntry, type LedgerView } from './view.ts';

/** What the rules found in a view. */
export interface Reconciliation {
  /** In a fixed order; at most `FINDINGS_MAX`. */
  readonly findings: readonly Finding[];
  /** How many findings each rule had, every rule named, also those beyond the list's end. */
  readonly counts: Readonly<Record<string, number>>;
  /** Documents of the job collection that are no jobs: nothing was said of their charges. */
  readonly unreadableJobs: number;
}

/** What a run may ask for beside the rules. */
export interface ReconcileHooks {
  /** Called after each rule with how many are done, for those who wait. */
  readonly onRule?: (done: number) => void;
  /** What is not to be kept is neither listed nor counted. */
  readonly keep?: (finding: Finding) => boolean;
  /** Tells by its row whether findings of a generation are kept, before they are put into words. */
  readonly keepsGeneration?: (generation: number) => boolean;
  /** Where the columns of this judgement come from; they are void once its memory begins anew. */
  readonly memory?: ColumnMemory;
}

/**
 * Holds a view of jobs, accounts and ledger against every rule. Pure: the same view and options give the same findings in
 * the same order. One pass over the entries and one or two over the generations a rule.
 */
export function reconcile(view: LedgerView, options: RuleOptions, hooks: ReconcileHooks = {}): Reconciliation {
  const input: RuleInput = {
    view,
    totals: sumGenerations(view, hooks.memory),
    seen: compareWithSeen(view, options.seen, hooks.memory),
    ledgerOfWorkspace: sumWorkspaces(view),
    options,
  };
  const reporter = new Reporter(view, options.seen, hooks);
  RULES.forEach((rule, index) => {
    rule.scan(input, reporter.of(rule));
    hooks.onRule?.(index + 1);
  });
  return {
    findings: reporter.findings.toSorted(compareFindings),
    counts: Object.fromEntries(RULES.map((rule) => [rule.name, reporter.counts.get(rule.name) ?? 0])),
    unreadableJobs: view.jobs.presence.reduce((total, presence) => total + (presence === 2 ? 1 : 0), 0),
  };
}

/** What the entries of each workspace add up to, with those that the view left out. */
export function sumWorkspaces(view: LedgerView): Float64Array {
  const { entries, accounts } = view;
  const sums = Float64Array.from(accounts.otherLedger);
  for (let entry = 0; entry < entries.count; entry += 1) {
    const workspace = entries.workspace[entry] ?? 0;
    sums[workspace] = (sums[workspace] ?? 0) + netOfEntry(entries, entry);
  }
  return sums;
}
