import { createHash } from 'node:crypto';
import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { ListedPrice } from '#domain/reconciliation/price-list.ts';
import { RULES, RULES_VERSION } from '#domain/reconciliation/rules.ts';
import { NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { judgeAll } from '#domain/reconciliation/standing/judge.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { confirmFindings } from './confirm.ts';
import type { JudgedBooks, RunRules } from './judged-books.ts';
import {
  attemptReading,
  digestOfInputs,
  readView,
  type BookSource,
  type ReconciliationProgress,
  type ReconciliationStore,
} from './read-view.ts';
import type { RunRecord, RunScope } from './run-record.ts';

/** What a run is asked with. */
export interface RunRequest {
  readonly scope: RunScope;
  readonly prices: readonly ListedPrice[];
  /** Months that are closed, oldest first. */
  readonly closedPeriods: readonly string[];
  /** What earlier runs and closes have seen; null where there were none. */
  readonly seen: SeenEntries | null;
  /** The moment to speak of, to repeat an earlier run; null takes the server's now. */
  readonly asOfMs: number | null;
  /** Null takes what the retry policy said in the version that each failure was decided under. */
  readonly chargeRule: ChargeRule | null;
  /** Where everything is read before the server is asked about each difference; null reads it on the server too. */
  readonly copy: BookSource | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** What a verdict is made into a run with. */
export interface ConcludeRequest {
  readonly scope: RunScope;
  readonly rules: RunRules;
  readonly chargeRule: ChargeRule;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** A run, with the view that it was made from: mends, statements and the memory of the next run are taken from it. */
export interface FinishedRun {
  readonly record: RunRecord;
  readonly view: LedgerView;
}

/** How long an entry may be pending, and how long a lease may be over, before a finding is made of it. */
export const PENDING_MS_MAX = 15 * 60_000;
export const LEASE_GRACE_MS = 10 * 60_000;

/** The options of the rules for a moment. */
export function runRulesAt(asOfMs: number, given: Pick<RunRules, 'prices' | 'closedPeriods' | 'memories'>): RunRules {
  return { asOfMs, pendingMsMax: PENDING_MS_MAX, leaseGraceMs: LEASE_GRACE_MS, ...given };
}

/**
 * Reads everything, holds it against every rule, and asks the server again about each difference before it is said.
 * Only the findings of the scope are confirmed and listed.
 * Errors: those of the connection and of the copy; `malformed_document`; `cancelled` once the signal is aborted.
 */
export async function runReconciliation(
  store: ReconciliationStore,
  request: RunRequest,
): Promise<Result<FinishedRun, AppError>> {
  const { scope, signal, onProgress, prices, closedPeriods } = request;
  const policies = await store.readPolicies();
  if (!policies.ok) return policies;
  const chargeRule = request.chargeRule ?? chargeRuleOf(policies.value);
  const now = await store.serverNow();
  if (!now.ok) return now;
  const seen = request.seen ?? NOTHING_SEEN;
  const rules = runRulesAt(request.asOfMs ?? now.value.getTime(), { prices, closedPeriods, memories: [seen] });
  const read = await readView(request.copy ?? store, { chargeRule, signal, onProgress });
  if (!read.ok) return read;
  const { view, accountVersions } = read.value;
  const onRule = (done: number): void => onProgress({ phase: 'rules', done, total: RULES.length });
  const { verdict, base } = judgeAll(view, { ...rules, seen }, { onRule });
  const judged: JudgedBooks = {
    verdict,
    view,
    accountVersions: request.copy === null ? accountVersions : null,
    ownerOf: (generationId) => base.ownerOf(generationId),
  };
  return concludeRun(store, judged, { scope, rules, chargeRule, signal, onProgress });
}

/**
 * Asks the server about each difference of a scope before it is said.
 * Errors: those of the connection; `malformed_document`; `cancelled` once the signal is aborted.
 */
export async function concludeRun(
  store: ReconciliationStore,
  judged: JudgedBooks,
  { scope, rules, chargeRule, signal, onProgress }: ConcludeRequest,
): Promise<Result<FinishedRun, AppError>> {
  const { verdict, view } = judged;
  const found = verdict.findings.filter((finding) => isInScope(finding, scope));
  const total = found.length;
  onProgress({ phase: 'confirming', done: 0, total });
  const confirmed = await attemptReading(signal, () =>
    confirmFindings(store, judged, found, {
      rules,
      chargeRule,
      signal,
      onDone: (done) => onProgress({ phase: 'confirming', done, total }),
    }),
  );
  if (!confirmed.ok) return err(confirmed.error);
  if (!confirmed.value.ok) return confirmed.value;
  const { confirmed: findings, passed, undecidedWorkspaces } = confirmed.value.value;
  return ok({
    view,
    record: {
      format: 1,
      rulesVersion: RULES_VERSION,
      scope,
      asOfMs: verdict.asOfMs,
      server: store.topology.server,
      inputDigest: digestOfInputs(verdict.inputs),
      optionsDigest: digestOfOptions(rules),
      inputs: { ...verdict.inputs.counts },
      counts: countByRule(findings),
      findings: [...findings],
      passed,
      undecidedWorkspaces: [...undecidedWorkspaces],
    },
  });
}

/** True for a finding that a scope asks for. What concerns the present belongs to every month up to the present one. */
export function isInScope(finding: Finding, scope: RunScope): boolean {
  if (scope.workspaceId !== null && finding.workspaceId !== scope.workspaceId) return false;
  return scope.period === null || finding.period === null || finding.period === scope.period;
}

function countByRule(findings: readonly Finding[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(RULES.map((rule) => [rule.name, 0]));
  for (const { rule } of findings) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

/**
 * What the rules were measured by, as a digest. What earlier runs remember is not in it: memory grows with every run, and where it
 * decides anything that is a finding of its own.
 */
function digestOfOptions(rules: RunRules): string {
  const { asOfMs, pendingMsMax, leaseGraceMs, closedPeriods, prices } = rules;
  const lines = prices.map((line) => [line.kind, line.fromMs, line.priceCredits]);
  return createHash('sha256')
    .update(JSON.stringify([asOfMs, pendingMsMax, leaseGraceMs, closedPeriods, lines]))
    .digest('hex');
}
