import type { JobDetail } from '#contract/job-views.ts';
import type { ChargeStatus } from '#domain/job.ts';
import type { ClassRule } from '#domain/retry-policy.ts';

/**
 * What a failure means by the rule that the policy in force has for its class, and what a person can do about it. A charge that cannot be proved
 * blocks every retry, whatever the class.
 */
export function adviseOnFailure(
  rule: Pick<ClassRule, 'person' | 'why'>,
  chargeStatus: ChargeStatus,
): { readonly why: string; readonly whatToDo: string } {
  if (chargeStatus === 'unknown') {
    return { why: rule.why, whatToDo: 'It cannot be retried before finance has resolved what was charged.' };
  }
  switch (rule.person) {
    case 'as_is':
      return { why: rule.why, whatToDo: 'It may be retried as it is.' };
    case 'edited_input':
      return { why: rule.why, whatToDo: 'It may be retried only with an edited prompt or options.' };
    case 'with_reason':
      return { why: rule.why, whatToDo: 'It may be retried when somebody gives a reason.' };
    case 'never':
      return { why: rule.why, whatToDo: 'It is not retried.' };
  }
}

/** Why a job that is not at its end stands where it stands; null where there is nothing to say. */
export function explainStanding(detail: JobDetail, nowMs: number): string | null {
  const { row, lease, charge } = detail;
  switch (row.state) {
    case 'completed':
    case 'failed':
      return null;
    case 'running':
    case 'validating':
      if (lease === null) return 'No runner holds it, although its state says so.';
      return lease.expiresAtMs < nowMs
        ? `The lease of runner ${lease.runnerId} has run out; the next runner that looks takes the job over.`
        : `Runner ${lease.runnerId} works on it.`;
    case 'queued':
    case 'retrying':
      if (charge.blocked !== null)
        return 'It waits for a top-up: the workspace does not have enough credit. It goes on by itself.';
      if (row.notBeforeMs > nowMs) return 'It waits for its time, then a runner takes it.';
      return 'It is due: the next free runner takes it.';
  }
}
