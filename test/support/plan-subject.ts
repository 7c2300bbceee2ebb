import type { PlanSubject } from '#domain/retry-plan/plan-item.ts';

/** A job as a plan looks at it: it failed for a temporary reason and was not charged, but for what a test says of it. */
export function planSubject(fields: Partial<PlanSubject> = {}): PlanSubject {
  return {
    jobId: 'j1',
    version: 3,
    workspaceId: 'w1',
    kind: 'website',
    model: 'demo',
    state: 'failed',
    failureClass: 'temporary',
    priceCredits: 100,
    chargeStatus: 'not_charged',
    pendingEntries: 0,
    acceptanceId: null,
    ...fields,
  };
}
