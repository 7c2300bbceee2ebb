import { appError, type AppError } from '../errors.ts';
import { err, ok, type Result } from '../result.ts';
import { samePerson } from '../second-person.ts';
import type { MendProposal } from './mends.ts';

/** A proposal on its way: who made it, and who looked at it. */
export interface MendRequest {
  readonly proposal: MendProposal;
  readonly proposedBy: string;
  readonly approvedBy: string | null;
}

/** True where nobody may post it alone. An acceptance of credits above the limit needs a second person as well. */
export function needsSecondPerson(proposal: MendProposal, limitCredits: number): boolean {
  return proposal.credits > limitCredits;
}

/**
 * A second person's approval.
 * Errors: `permission_denied` where it is the same person.
 */
export function approveMend(request: MendRequest, approver: string): Result<MendRequest, AppError> {
  if (samePerson(approver, request.proposedBy)) {
    return err(appError('permission_denied', 'who proposed a mend cannot approve it'));
  }
  return ok({ ...request, approvedBy: approver });
}

/**
 * Whether a mend may be posted now.
 * Errors: `permission_denied` where a second person has yet to approve it; the approval is checked again, as it may have come
 * from a file.
 */
export function mayPostMend(request: MendRequest, limitCredits: number): Result<void, AppError> {
  if (!needsSecondPerson(request.proposal, limitCredits)) return ok(undefined);
  if (request.approvedBy === null || samePerson(request.approvedBy, request.proposedBy)) {
    return err(appError('permission_denied', `a mend above ${limitCredits} credits needs a second person`));
  }
  return ok(undefined);
}
