import type { AppError } from '#domain/errors.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { ok, type Result } from '#domain/result.ts';
import type { JudgedBooks, RunRules } from './judged-books.ts';
import { judgeFresh, readFresh, workspacesOf, type Fresh } from './fresh-books.ts';
import type { ReconciliationStore } from './read-view.ts';
import { readSettledSums } from './settled-sums.ts';

/** What is left of the findings once the server was asked again. */
export interface Confirmation {
  readonly confirmed: readonly Finding[];
  readonly passed: number;
  readonly undecidedWorkspaces: readonly string[];
}

/**
 * Asks the server again for every job, generation and account that a finding speaks of, and holds the rules against what it
 * says now. The documents of a run are read one after the other while the world goes on: what was only in motion is gone
 * the second time. Costs about three reads a finding.
 *
 * An account's sum is compared only where the account has not moved since it was read; otherwise its ledger is read again.
 * A copy may have an account of now beside a ledger of a moment ago, so there the ledger is read on the server in any case.
 */
export async function confirmFindings(
  store: ReconciliationStore,
  first: JudgedBooks,
  findings: readonly Finding[],
  options: {
    readonly rules: RunRules;
    readonly chargeRule: ChargeRule;
    readonly signal: AbortSignal;
    readonly onDone: (done: number) => void;
  },
): Promise<Result<Confirmation, AppError>> {
  if (findings.length === 0) return ok({ confirmed: [], passed: 0, undecidedWorkspaces: [] });
  const fresh = await readFresh(store, first.ownerOf, findings, options);
  if (!fresh.ok) return fresh;
  const sums = await readSettledSums(store, first.first, [...workspacesOf(findings)], options.signal);
  if (!sums.ok) return sums;
  for (const [workspaceId, account] of sums.value.accounts) fresh.value.accounts.set(workspaceId, account);
  const { found: again } = judgeFresh(fresh.value, sums.value.ledger, findings, options);
  const confirmed: Finding[] = [];
  let passed = 0;
  const undecided = new Set<string>();
  for (const finding of findings) {
    const isOfSum = finding.subject.type === 'workspace';
    if (isOfSum && sums.value.moving.has(finding.workspaceId ?? '')) undecided.add(finding.workspaceId ?? '');
    else if (finding.rule === 'job_without_account') {
      // Its jobs were read once; whether there is an account by now is what could have changed.
      if (fresh.value.accounts.has(finding.workspaceId ?? '')) passed += 1;
      else confirmed.push(finding);
    } else {
      const now = isSelfEvident(finding, fresh.value) ? finding : again.get(finding.id);
      if (now === undefined) passed += 1;
      else confirmed.push(now);
    }
  }
  return ok({ confirmed, passed, undecidedWorkspaces: [...undecided].toSorted() });
}

/**
 * An entry without a generation was read as it stands, and entries do not change by themselves: there is nothing to ask but
 * whether the job that it names has come by now.
 */
function isSelfEvident(finding: Finding, fresh: Fresh): boolean {
  if (finding.subject.type !== 'entry' || finding.generationId !== null) return false;
  if (finding.case === 'unknown_job') return finding.jobId === null || !fresh.jobs.has(finding.jobId);
  return finding.rule !== 'pending_overdue';
}
