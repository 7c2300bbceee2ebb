import { z } from 'zod';
import { appError, type AppError } from './errors.ts';
import { actorSchema, type Actor } from './ledger.ts';
import { err, ok, type Result } from './result.ts';

/** Who did something to a proposal, when by the server's clock, and what they said to it. */
export const proposalStepSchema = z.object({ by: actorSchema, at: z.date(), note: z.string().max(500) });
export type ProposalStep = z.infer<typeof proposalStepSchema>;

/** What somebody may decide about a proposal: `approved` and `rejected` are a second person's, `withdrawn` is the proposer's. */
export type ProposalDecision = 'approved' | 'rejected' | 'withdrawn';

/** What a decision about a proposal rests on; `state` is whatever the proposal calls its own states. */
export interface Proposal {
  readonly state: string;
  readonly isOpen: boolean;
  readonly proposedBy: Actor;
}

/**
 * Whether somebody may decide so about a proposal. Errors: `illegal_transition` where it is decided already, `second_person_needed`
 * for approving or rejecting one's own, `permission_denied` for withdrawing another's.
 */
export function mayDecide(proposal: Proposal, decision: ProposalDecision, by: Actor): Result<void, AppError> {
  const isOwn = samePerson(by.id, proposal.proposedBy.id);
  if (!proposal.isOpen || (proposal.state === 'approved' && decision === 'approved')) {
    return err(appError('illegal_transition', `the proposal is ${proposal.state}`));
  }
  if (decision !== 'withdrawn' && isOwn) {
    return err(appError('second_person_needed', 'who proposed it cannot decide about it'));
  }
  if (decision === 'withdrawn' && !isOwn) {
    return err(appError('permission_denied', 'only who proposed it can withdraw it; others reject it'));
  }
  return ok(undefined);
}

/** True where somebody else than the proposer has decided; looked at again before anything is done, as it comes from a document. */
export function isDecidedByAnother(proposedBy: Actor, decided: Pick<ProposalStep, 'by'> | null): boolean {
  return decided !== null && !samePerson(decided.by.id, proposedBy.id);
}

/** Names differ by more than case and spaces, or they are one person's. */
export function samePerson(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}
