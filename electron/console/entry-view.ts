import type { LedgerView } from '#contract/job-views.ts';
import type { LedgerEntry } from '#domain/ledger.ts';

/** An entry that is posted, as people read it. */
export function entryViewOf(entry: LedgerEntry): Omit<LedgerView, 'isPending'> {
  return {
    key: entry._id,
    type: entry.type,
    credits: entry.credits,
    atMs: entry.at.getTime(),
    attempt: entry.attempt,
    actor: entry.actor,
    reason: entry.reason,
  };
}
