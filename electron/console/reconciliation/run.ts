import { createHash } from 'node:crypto';
import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { ListedPrice } from '#domain/reconciliation/price-list.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { RULES, RULES_VERSION } from '#domain/reconciliation/rules.ts';
import { NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { confirmFindings } from './confirm.ts';
import {
  attemptReading,
  digestOfView,
  readView,
  type BookSource,
  type ReadView,
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

/** A run, with the view that it was made from: mends, statements and the memory of the next run are taken from it. */
export interface FinishedRun {
  readonly record: RunRecord;
  readonly view: LedgerView;
}

/** How long an entry may be pending, and how long a lease may be over, before a finding is made of it. */
export const PENDING_MS_MAX = 15 * 60_000;
export const LEASE_GRACE_MS = 10 * 60_000;

/**
 * Reads everything, holds it against every rule, and asks the server again about each difference before it is said.
 * Only the findings of the scope are confirmed and listed.
 * Errors: those of the connection and of the copy; `malformed_document`; `cancelled` once the signal is aborted.
 */
export async function runReconciliation(
  store: ReconciliationStore,
  request: RunRequest,
): Promise<Result<FinishedRun, AppError>> {
  const { signal, onProgress } = request;
  const policies = await store.readPolicies();
  if (!policies.ok) return policies;
  const chargeRule = request.chargeRule ?? chargeRuleOf(policies.value);
  const now = await store.serverNow();
  if (!now.ok) return now;
  const asOfMs = request.asOfMs ?? now.value.getTime();
  const rules: RuleOptions = {
    asOfMs,
    pendingMsMax: PENDING_MS_MAX,
    leaseGraceMs: LEASE_GRACE_MS,
    prices: request.prices,
    closedPeriods: request.closedPeriods,
    seen: request.seen ?? NOTHING_SEEN,
  };
  const read = await readView(request.copy ?? store, { chargeRule, signal, onProgress });
  if (!read.ok) return read;
  const found = reconcile(read.value.view, rules, {
    keep: (finding) => isInScope(finding, request.scope),
    onRule: (done) => onProgress({ phase: 'rules', done, total: RULES.length }),
  });
  const total = found.findings.length;
  onProgress({ phase: 'confirming', done: 0, total });
  const confirmed = await attemptReading(signal, () =>
    confirmFindings(store, read.value, found.findings, {
      rules,
      chargeRule,
      isOfCopy: request.copy !== null,
      signal,
      onDone: (done) => onProgress({ phase: 'confirming', done, total }),
    }),
  );
  if (!confirmed.ok) return err(confirmed.error);
  if (!confirmed.value.ok) return confirmed.value;
  const { confirmed: findings, passed, undecidedWorkspaces } = confirmed.value.value;
  return ok({
    view: read.value.view,
    record: {
      format: 1,
      rulesVersion: RULES_VERSION,
      scope: request.scope,
      asOfMs,
      server: store.topology.server,
      inputDigest: digestOfView(read.value.view),
      optionsDigest: digestOfOptions(rules),
      inputs: { ...countInputs(read.value), unreadableJobs: found.unreadableJobs },
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

function countInputs({ view, accountVersions }: ReadView): Omit<RunRecord['inputs'], 'unreadableJobs'> {
  return {
    jobs: view.jobs.presence.reduce((total, presence) => total + (presence === 1 ? 1 : 0), 0),
    accounts: accountVersions.size,
    entries: view.entries.count,
  };
}

function digestOfOptions(rules: RuleOptions): string {
  const hash = createHash('sha256');
  const { seen, ...plain } = rules;
  hash.update(JSON.stringify([plain.asOfMs, plain.pendingMsMax, plain.leaseGraceMs, plain.closedPeriods]));
  hash.update(JSON.stringify(plain.prices.map((line) => [line.kind, line.fromMs, line.priceCredits])));
  for (const column of [seen.generationHash, seen.keyHash, seen.content, seen.net, seen.period, seen.sealedIn]) {
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  return hash.digest('hex');
}
