import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { INVOICE_RULE } from '#domain/reconciliation/invoice.ts';
import { mendOwnerOf } from '#domain/reconciliation/mends.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import { pendingOverdue } from '#domain/reconciliation/rules/13-pending-overdue.ts';
import { entryInClosedPeriod } from '#domain/reconciliation/rules/16-entry-in-closed-period.ts';
import { entryChanged } from '#domain/reconciliation/rules/17-entry-changed.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { ok, type Result } from '#domain/result.ts';
import type { MendLedger } from '#store/mend-ledger.ts';
import { judgeFresh, readFresh, workspacesOf } from './fresh-books.ts';
import type { ReconciliationStore } from './read-view.ts';
import { LEASE_GRACE_MS, PENDING_MS_MAX } from './run.ts';
import { readSettledSums } from './settled-sums.ts';

/** Findings as they are on the server now, and a view of all that they speak of: enough to mend them from. */
export interface Examined {
  readonly view: LedgerView;
  /** By id; one that is not in it is gone, or its account keeps moving. */
  readonly found: ReadonlyMap<string, Finding>;
  readonly nowMs: number;
}

/** Rules whose findings rest on the memory of earlier runs, or on invoices. */
const NOT_EXAMINED: ReadonlySet<string> = new Set([entryInClosedPeriod.name, entryChanged.name, INVOICE_RULE.name]);

/** True for a finding that is gone where {@link examineFindings} does not find it; no entry mends the others. */
export function isExamined({ rule, subject, generationId }: Finding): boolean {
  // An entry without a generation is read only as long as its account is about to post it.
  const isRead = subject.type !== 'entry' || generationId !== null || rule === pendingOverdue.name;
  return isRead && !NOT_EXAMINED.has(rule);
}

/**
 * Looks at findings once more, on the server alone; finds none of those that {@link isExamined} says no to.
 * Errors: those of the connection, `malformed_document`.
 */
export async function examineFindings(
  server: { readonly reader: ReconciliationStore; readonly ledger: Pick<MendLedger, 'readEntriesOfOwner'> },
  findings: readonly Finding[],
  signal: AbortSignal,
): Promise<Result<Examined, AppError>> {
  const { reader, ledger } = server;
  const policies = await reader.readPolicies();
  if (!policies.ok) return policies;
  const now = await reader.serverNow();
  if (!now.ok) return now;
  const nowMs = now.value.getTime();
  const fresh = await readFresh(reader, null, findings, { signal, onDone: () => undefined });
  if (!fresh.ok) return fresh;
  const sums = await readSettledSums(reader, null, [...workspacesOf(findings)], signal);
  if (!sums.ok) return sums;
  for (const [workspaceId, account] of sums.value.accounts) fresh.value.accounts.set(workspaceId, account);
  const owners = new Set(
    findings.flatMap((finding) => (finding.subject.type === 'workspace' ? [mendOwnerOf(finding)] : [])),
  );
  for (const owner of owners) {
    const entries = await ledger.readEntriesOfOwner(owner);
    if (!entries.ok) return entries;
    for (const entry of entries.value) fresh.value.entries.set(entry._id, entry);
  }
  const settled = findings.filter(
    ({ subject, workspaceId }) => subject.type !== 'workspace' || !sums.value.moving.has(workspaceId ?? ''),
  );
  const { view, found } = judgeFresh(fresh.value, sums.value.ledger, settled, {
    rules: {
      asOfMs: nowMs,
      pendingMsMax: PENDING_MS_MAX,
      leaseGraceMs: LEASE_GRACE_MS,
      prices: CATALOGUE_PRICES,
      closedPeriods: [],
      memories: [],
    },
    chargeRule: chargeRuleOf(policies.value),
  });
  const standing = new Map(found);
  for (const finding of settled) {
    // Its jobs were read in the run; whether there is an account by now is what could have changed.
    const isWithout = finding.rule === 'job_without_account' && !fresh.value.accounts.has(finding.workspaceId ?? '');
    if (isWithout) standing.set(finding.id, finding);
  }
  return ok({ view, found: standing, nowMs });
}
