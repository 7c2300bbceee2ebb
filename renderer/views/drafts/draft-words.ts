import { counted } from '#domain/counted.ts';
import type { FailureAct, IgnoreUntil } from '#domain/failure-groups.ts';
import type { ReviewAct } from '#domain/reconciliation/finding-review.ts';
import { assertNever } from '#domain/result.ts';
import type { DraftCheck } from '../../state/draft-checks.ts';
import type { JobDraft } from '../../state/drafts.ts';

/** What a kept decision about a group of failures does, in words. */
export function wordsOfFailureAct(act: FailureAct): string {
  switch (act.type) {
    case 'resolve':
      return 'Resolve the group';
    case 'ignore':
      return `Ignore the group ${wordsOfUntil(act.until)}`;
    case 'reopen':
      return 'Open the group again';
    case 'merge':
      return `Merge ${act.fingerprints.length === 1 ? 'another cause' : `${act.fingerprints.length} others`} into the group`;
    case 'split':
      return 'Split a cause off the group';
    default:
      return assertNever(act);
  }
}

function wordsOfUntil(until: IgnoreUntil): string {
  switch (until.type) {
    case 'time':
      return 'until a time';
    case 'jobs':
      return `until ${counted(until.more, 'more job')} ${until.more === 1 ? 'fails' : 'fail'}`;
    case 'customers':
      return `until ${counted(until.more, 'more customer')} ${until.more === 1 ? 'meets' : 'meet'} it`;
    default:
      return assertNever(until);
  }
}

/** What somebody wanted done about findings, in words; the reason or comment stands beside it. */
export function wordsOfReviewAct(act: ReviewAct): string {
  switch (act.type) {
    case 'assign':
      return act.to === null ? 'Give back' : `Assign to ${act.to}`;
    case 'comment':
      return 'Comment on';
    case 'accept':
      return 'Accept';
    case 'solve':
      return 'Say solved:';
    case 'reopen':
      return 'Open again:';
    default:
      return assertNever(act);
  }
}

/** What was written beside an act; empty where nothing was. */
export function noteOf(act: FailureAct | ReviewAct): string {
  if ('note' in act) return act.note;
  if ('reason' in act) return act.reason;
  return 'text' in act ? act.text : '';
}

/** Why a decision about a group cannot be sent any more; null where it can. */
export function groupHindrance(
  act: FailureAct,
  now: { readonly merged: readonly string[]; readonly mergedInto: string | null },
  nowMs: number,
): string | null {
  if (now.mergedInto !== null) return 'The group was merged into another since: decide about that one.';
  if (act.type === 'ignore' && act.until.type === 'time' && act.until.atMs <= nowMs) {
    return 'The time until which it was to be ignored is over.';
  }
  if (act.type === 'split' && !now.merged.includes(act.fingerprint)) return 'The cause is no longer in the group.';
  if (act.type === 'merge' && act.fingerprints.every((each) => now.merged.includes(each))) {
    return 'They are one group already.';
  }
  return null;
}

/** Why a retry or a cancellation cannot be sent as it is; null where it can. What a provider accepted to make is collected without a reason. */
export function jobHindrance(draft: JobDraft, check: DraftCheck): string | null {
  if (check.kind === 'cancel') return check.preview.verdict === 'blocked' ? check.preview.why : null;
  const { verdict } = check.preview;
  if (verdict.verdict === 'blocked') return verdict.why;
  if (verdict.verdict === 'retry' || verdict.verdict === 'collect_first') return null;
  const isEdited = draft.kind === 'retry' && draft.body.edited !== null;
  if (verdict.verdict === 'edit_input') return isEdited ? null : `${verdict.why} The same input cannot succeed.`;
  return draft.body.reason.trim() === '' ? `${verdict.why} It needs a reason: retry it from the job.` : null;
}
