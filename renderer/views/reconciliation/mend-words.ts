import type { MendPreview, MendView } from '#contract/mend-views.ts';
import type { MendState } from '#domain/reconciliation/mend-record.ts';

/** What a mend is, in words. */
export const MEND_KINDS: Readonly<Record<MendPreview['kind'], string>> = {
  refund: 'Refund',
  release: 'Release of what is held',
  capture_owed: 'Capture that is owed',
  adjustment: 'Adjustment',
  settle: 'Post what is pending',
  accept: 'None: accept it with a reason',
};

/** What is said of a mend whose entries give or take nothing. */
export const LEDGER_ONLY = 'in the ledger only: the account contains it already';

/** How a proposal stands, in words. */
export const MEND_STATES: Readonly<Record<MendState, string>> = {
  proposed: 'proposed',
  approved: 'approved',
  rejected: 'rejected',
  withdrawn: 'withdrawn',
  posted: 'posted',
};

/** What a proposal is called in a sentence: what it does, and for which job, or workspace where it is for none. */
export function nameOfMend({ kind, jobId, workspaceId }: Pick<MendView, 'kind' | 'jobId' | 'workspaceId'>): string {
  return `${MEND_KINDS[kind]} of ${jobId ?? workspaceId}`;
}
