import type { Lens } from '#domain/redaction/lens.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { JobOutcome } from '#domain/retry-plan/plan-record.ts';

/** Why a job failed is told in words of its error, which may repeat what a customer wrote; why it was skipped, in the console's own. */
export function quotesError({ failureClass }: Pick<JobOutcome, 'failureClass'>): boolean {
  return failureClass !== null;
}

/**
 * What became of a job as somebody sees it. Where paths hide the error, or an input that it may repeat, its words are not shown at all: the
 * input is not at hand to look for them. What patterns hide is taken out where answers leave.
 */
export function seenOutcome(outcome: JobOutcome, lens: Lens | null): JobOutcome {
  if (lens === null || !quotesError(outcome)) return outcome;
  const ofInput = lens.hidesInput ? (lens.hiddenAt(['input', 'prompt']) ?? 'input') : null;
  const label = lens.hiddenAt(['failure', 'message']) ?? ofInput;
  return label === null ? outcome : { ...outcome, why: redactionMark(label) };
}
