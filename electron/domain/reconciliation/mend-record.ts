import { z } from 'zod';
import { shownCredits } from '../credits.ts';
import { appError, type AppError } from '../errors.ts';
import { ledgerEntrySchema, periodOf, type Actor, type LedgerEntry } from '../ledger.ts';
import { err, ok, type Result } from '../result.ts';
import { isDecidedByAnother, mayDecide, proposalStepSchema, type ProposalDecision } from '../second-person.ts';
import type { Finding } from './finding.ts';
import type { MendProposal } from './mends.ts';

/**
 * How a proposal stands. Who leaves a state: `proposed` a second person (approved, rejected) or who proposed it (withdrawn), and
 * where no second person is needed, whoever posts it; `approved` whoever posts or withdraws it. The others are ends.
 */
export const mendStateSchema = z.enum(['proposed', 'approved', 'rejected', 'withdrawn', 'posted']);
export type MendState = z.infer<typeof mendStateSchema>;

/** The states in which a proposal is still to be decided or posted. */
export const OPEN_MEND_STATES: readonly MendState[] = ['proposed', 'approved'];

/** A proposal as it is kept in `adjustments`. Credits in the smallest unit. */
export const mendRecordSchema = z.object({
  /** The finding's id and how many proposals of it there were before: two people who propose the same write the same one. */
  _id: z.string().min(1).max(1000),
  findingId: z.string().min(1).max(900),
  rule: z.string(),
  evidence: z.string().max(2000),
  kind: z.enum(['refund', 'release', 'capture_owed', 'adjustment', 'settle']),
  effect: z.enum(['account_and_ledger', 'ledger_only', 'settle']),
  workspaceId: z.string().min(1).max(200),
  jobId: z.string().nullable(),
  generationId: z.string().nullable(),
  /** What its finding is worth, as an absolute amount: what it moves may be more, see {@link movedCreditsOf}. */
  credits: z.int().nonnegative(),
  /** Above this a second person is needed; the limit that held when it was proposed. */
  limitCredits: z.int().nonnegative(),
  reason: z.string().min(1).max(500),
  /** The month that its entries are dated into; null dates them to the moment of posting. */
  bookedIn: z.string().nullable(),
  entries: z.array(ledgerEntrySchema).max(4),
  state: mendStateSchema,
  proposed: proposalStepSchema,
  decided: proposalStepSchema.nullable(),
  /** Who posts it: noted, under the version that was looked at, before anything is written. From then on nobody decides about it. */
  posted: proposalStepSchema.nullable(),
  version: z.int().nonnegative(),
});
export type MendRecord = z.infer<typeof mendRecordSchema>;

/** What somebody proposes beside the proposal itself. */
export interface MendWish {
  readonly by: Actor;
  /** The server's clock. */
  readonly at: Date;
  readonly reason: string;
  readonly bookedIn: string | null;
  readonly limitCredits: number;
  /** How many proposals of this finding there were before. */
  readonly earlier: number;
}

/** Makes a record of a proposal; null where no entry can mend it. */
export function recordOfProposal(proposal: MendProposal, finding: Finding, wish: MendWish): MendRecord | null {
  if (proposal.type === 'accept' || proposal.kind === 'accept' || proposal.workspaceId === null) return null;
  const entries = proposal.type === 'entries' ? proposal.entries : [];
  if (proposal.type === 'entries' && entries.length === 0) return null;
  return {
    _id: `${proposal.findingId}#${wish.earlier + 1}`,
    findingId: proposal.findingId,
    rule: finding.rule,
    evidence: finding.evidence,
    kind: proposal.kind,
    effect: proposal.type === 'entries' ? proposal.effect : 'settle',
    workspaceId: proposal.workspaceId,
    jobId: proposal.jobId,
    generationId: proposal.generationId,
    credits: proposal.credits,
    limitCredits: wish.limitCredits,
    reason: wish.reason,
    bookedIn: wish.bookedIn,
    entries: entries.map((entry) => ({ ...entry, actor: wish.by, reason: wish.reason })),
    state: 'proposed',
    proposed: { by: wish.by, at: wish.at, note: wish.reason },
    decided: null,
    posted: null,
    version: 1,
  };
}

/**
 * How much it moves, as an absolute amount. An account below zero is lifted by what the other mends of the same order take from it too, which
 * is more than its finding is worth.
 */
export function movedCreditsOf({ credits, entries }: Pick<MendRecord, 'credits' | 'entries'>): number {
  return entries.length === 0 ? credits : Math.max(...entries.map((entry) => Math.abs(entry.credits)));
}

/** True where nobody may post it alone: by what it moves, and by what its finding is worth. */
export function isSecondPersonNeeded(mend: Pick<MendRecord, 'credits' | 'limitCredits' | 'entries'>): boolean {
  return Math.max(mend.credits, movedCreditsOf(mend)) > mend.limitCredits;
}

/** What somebody does to a proposal. */
export interface MendStep {
  readonly by: Actor;
  readonly at: Date;
  readonly note: string;
}

/**
 * A decision about a proposal. Errors: `illegal_transition` where it is decided or being posted already, `second_person_needed` for approving or
 * rejecting one's own, `permission_denied` for withdrawing another's.
 */
export function decideMend(mend: MendRecord, decision: ProposalDecision, step: MendStep): Result<MendRecord, AppError> {
  const isOpen = OPEN_MEND_STATES.includes(mend.state) && mend.posted === null;
  const state = mend.posted === null ? mend.state : 'being posted';
  const allowed = mayDecide({ state, isOpen, proposedBy: mend.proposed.by }, decision, step.by);
  if (!allowed.ok) return allowed;
  return ok({ ...mend, state: decision, decided: { ...step }, version: mend.version + 1 });
}

/**
 * Whether a proposal may be posted now.
 * Errors: `illegal_transition` where it is rejected or withdrawn; `second_person_needed` where nobody else has approved it. The
 * approval is looked at again, whatever the state says, because it comes from a document.
 */
export function mayPost(mend: MendRecord): Result<void, AppError> {
  if (mend.state === 'rejected' || mend.state === 'withdrawn') {
    return err(appError('illegal_transition', `the proposal is ${mend.state}`));
  }
  if (!isSecondPersonNeeded(mend)) return ok(undefined);
  const { decided, proposed } = mend;
  if (!isDecidedByAnother(proposed.by, decided)) {
    return err(appError('second_person_needed', `it moves more than ${shownCredits(mend.limitCredits)} credits`));
  }
  return ok(undefined);
}

/** The entries as they are posted at that moment: those that were booked into no month are dated to it. */
export function entriesToPost(mend: MendRecord, at: Date): readonly LedgerEntry[] {
  return mend.bookedIn === null ? mend.entries.map((entry) => ({ ...entry, at, period: periodOf(at) })) : mend.entries;
}

/** The last moment of a month, for entries that are booked into it. */
export function endOfMonth(period: string): Date {
  const [year = 0, month = 0] = period.split('-').map(Number);
  return new Date(Date.UTC(year, month, 1) - 1);
}
