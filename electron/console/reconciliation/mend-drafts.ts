import type { MendPreview } from '#contract/mend-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { proposeMends, type MendProposal } from '#domain/reconciliation/mends.ts';
import {
  endOfMonth,
  isSecondPersonNeeded,
  movedCreditsOf,
  OPEN_MEND_STATES,
  recordOfProposal,
  type MendRecord,
} from '#domain/reconciliation/mend-record.ts';
import { ok, type Result } from '#domain/result.ts';
import { examineFindings, isExamined } from './examine.ts';
import { examinationOf, MEND_STEP, requireOpenMonth, type MendServer } from './mend-server.ts';

/** What somebody proposes for several findings at once. */
export interface ProposeOrder {
  readonly findings: readonly Finding[];
  readonly by: Actor;
  readonly reason: string;
  /** The month to date the entries into; null dates them to the moment of posting. */
  readonly bookedIn: string | null;
  readonly limitCredits: number;
  readonly signal: AbortSignal;
}

/** What would be proposed for a finding. */
export interface Draft {
  readonly proposal: MendProposal;
  /** Null where no entry can mend it. */
  readonly record: MendRecord | null;
  /** The proposal of it that is open already. */
  readonly open: MendRecord | null;
}

/**
 * What would be proposed for each finding that is still there, from what the server says now, by the finding's id; writes nothing.
 * Errors: `period_closed` for a month that is closed; `invalid_request` for one that lies ahead; `malformed_document`.
 */
export async function draftMends(
  server: MendServer,
  order: ProposeOrder,
): Promise<Result<ReadonlyMap<string, Draft>, AppError>> {
  const now = await server.reader.serverNow();
  if (!now.ok) return now;
  const open = await requireOpenMonth(server, order.bookedIn, now.value);
  if (!open.ok) return open;
  const at = order.bookedIn === null ? now.value : endOfMonth(order.bookedIn);
  const drafts = new Map<string, Draft>();
  for (let start = 0; start < order.findings.length; start += MEND_STEP) {
    const findings = order.findings.slice(start, start + MEND_STEP);
    const earlier = await server.finance.mends.ofFindings(findings.map(({ id }) => id));
    if (!earlier.ok) return earlier;
    const examined = await examineFindings(examinationOf(server), findings, order.signal);
    if (!examined.ok) return examined;
    const { view, found } = examined.value;
    const proposals = proposeMends(view, [...found.values()], { at, actor: order.by });
    const mendsOf = Map.groupBy(earlier.value, ({ findingId }) => findingId);
    for (const proposal of proposals) {
      const finding = found.get(proposal.findingId);
      if (finding === undefined) continue;
      const before = mendsOf.get(finding.id) ?? [];
      const record = recordOfProposal(proposal, finding, {
        by: order.by,
        at: now.value,
        reason: order.reason === '' ? proposal.reason : order.reason,
        bookedIn: order.bookedIn,
        limitCredits: order.limitCredits,
        earlier: before.length,
      });
      const standing = before.find(({ state }) => OPEN_MEND_STATES.includes(state)) ?? null;
      drafts.set(finding.id, { proposal, record, open: standing });
    }
  }
  return ok(drafts);
}

/** A draft as it is shown before it is proposed; none for a finding that is gone. */
export function previewOf(finding: Finding, draft: Draft | undefined, limitCredits: number): MendPreview {
  const base = { findingId: finding.id, workspaceId: finding.workspaceId, jobId: finding.jobId };
  const nothing = {
    ...base,
    kind: 'accept' as const,
    credits: 0,
    isSecondPersonNeeded: false,
    isLedgerOnly: false,
    entries: [],
  };
  if (draft === undefined) return { ...nothing, outcome: isExamined(finding) ? 'gone' : 'by_hand' };
  if (draft.record === null) return { ...nothing, outcome: 'by_hand' };
  const { kind, credits, effect, entries } = draft.record;
  return {
    ...base,
    kind,
    credits: movedCreditsOf(draft.record),
    isSecondPersonNeeded: isSecondPersonNeeded({ credits, limitCredits, entries }),
    isLedgerOnly: effect === 'ledger_only',
    entries: entries.map((entry) => ({ key: entry._id, type: entry.type, credits: entry.credits })),
    outcome: draft.open === null ? 'proposes' : 'open_already',
  };
}
