import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { ListedPrice } from '#domain/reconciliation/price-list.ts';
import { RULES, RULES_VERSION } from '#domain/reconciliation/rules.ts';
import { NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { BlockKeeper } from './blocks/block-keeper.ts';
import { confirmFindings } from './confirm.ts';
import type { JudgedBooks, RunRules } from './judged-books.ts';
import {
  attemptReading,
  digestOfInputs,
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
  /** The folder of runs whose memory counts, and whether it remembers this run too; without it there is no memory but `seen`. */
  readonly memory?: RunMemory | null;
  /** Called with each part of the books and what is remembered of it; both are void afterwards. */
  readonly onBlock?: (view: LedgerView, memory: SeenEntries) => void;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** A folder of runs, as a run uses it. */
export interface RunMemory {
  readonly folder: string;
  readonly keeps: 'memory' | 'nothing';
}

/** What a verdict is made into a run with. */
export interface ConcludeRequest {
  readonly scope: RunScope;
  readonly rules: RunRules;
  readonly chargeRule: ChargeRule;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** A run that has come to its end. */
export interface FinishedRun {
  readonly record: RunRecord;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
  /** Remembers what was seen, where that was asked for. Errors: `disk_full`, `internal`. */
  readonly remember: () => Promise<Result<void, AppError>>;
}

/** How long an entry may be pending, and how long a lease may be over, before a finding is made of it. */
export const PENDING_MS_MAX = 15 * 60_000;
export const LEASE_GRACE_MS = 10 * 60_000;

/** The options of the rules for a moment. */
export function runRulesAt(asOfMs: number, given: Pick<RunRules, 'prices' | 'closedPeriods' | 'memories'>): RunRules {
  return { asOfMs, pendingMsMax: PENDING_MS_MAX, leaseGraceMs: LEASE_GRACE_MS, ...given };
}

/**
 * Reads everything, holds it against every rule, and asks the server again about each difference before it is said. However much
 * there is, it takes the memory of one block of it.
 * Only the findings of the scope are confirmed and listed.
 * Errors: those of the connection and of the copy; `malformed_document`; `disk_full`; `cancelled` once the signal is aborted.
 */
export async function runReconciliation(
  store: ReconciliationStore,
  request: RunRequest,
): Promise<Result<FinishedRun, AppError>> {
  if (request.memory) return runIn(new BlockKeeper(request.memory.folder), store, request);
  const folder = await mkdtemp(path.join(tmpdir(), 'runledger-run-'));
  try {
    return await runIn(new BlockKeeper(folder), store, request);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(
  keeper: BlockKeeper,
  store: ReconciliationStore,
  request: RunRequest,
): Promise<Result<FinishedRun, AppError>> {
  const { scope, signal, onProgress, prices, closedPeriods, memory } = request;
  const policies = await store.readPolicies();
  if (!policies.ok) return policies;
  const chargeRule = request.chargeRule ?? chargeRuleOf(policies.value);
  const now = await store.serverNow();
  if (!now.ok) return now;
  const memories = [request.seen ?? NOTHING_SEEN];
  const rules = runRulesAt(request.asOfMs ?? now.value.getTime(), { prices, closedPeriods, memories });
  const asked = { rules, chargeRule, signal, onProgress };
  const read = await keeper.judgeAll(request.copy ?? store, {
    ...asked,
    keeps: memory?.keeps ?? 'nothing',
    onBlock: request.onBlock ?? null,
  });
  if (!read.ok) return read;
  const { judged, lost, remember } = read.value;
  const first = request.copy === null ? judged.first : null;
  const record = await concludeRun(store, { ...judged, first }, { ...asked, scope, rules: read.value.rules });
  if (!record.ok) return record;
  return ok({
    record: record.value,
    lost,
    remember: () => (memory?.keeps === 'memory' ? remember() : Promise.resolve(ok(undefined))),
  });
}

/**
 * Asks the server about each difference of a scope before it is said.
 * Errors: those of the connection; `malformed_document`; `cancelled` once the signal is aborted.
 */
export async function concludeRun(
  store: ReconciliationStore,
  judged: JudgedBooks,
  { scope, rules, chargeRule, signal, onProgress }: ConcludeRequest,
): Promise<Result<RunRecord, AppError>> {
  const { verdict } = judged;
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
    ...(verdict.isWhole ? {} : { isWhole: false as const }),
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
