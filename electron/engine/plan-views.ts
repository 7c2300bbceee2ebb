import type { PlanView } from '#contract/plan-views.ts';
import {
  neededConsent,
  plannedCredits,
  plannedJobs,
  type PlanRecord,
  type PlanRun,
} from '#domain/retry-plan/plan-record.ts';
import type { ProposalStep } from '#domain/second-person.ts';

/** A plan as a window sees it. */
export function toPlanView(plan: PlanRecord): PlanView {
  return {
    planId: plan._id,
    source: plan.source,
    origin: plan.origin.type === 'copy' ? { type: 'copy', asOfMs: plan.origin.asOf.getTime() } : plan.origin,
    isCollecting: plan.isCollecting,
    reason: plan.reason,
    policyVersion: plan.policyVersion,
    totals: plan.totals,
    consent: neededConsent(plan),
    plannedCredits: plannedCredits(plan),
    plannedJobs: plannedJobs(plan),
    approvalCredits: plan.thresholds.approvalCredits,
    proposed: toStep(plan.proposed),
    decided: plan.decided === null ? null : { ...toStep(plan.decided), decision: plan.decided.decision },
    expiresAtMs: plan.expiresAt.getTime(),
    state: plan.state,
    wish: plan.wish,
    holder: plan.lease?.holder ?? null,
    run: plan.run === null ? null : toRun(plan.run),
  };
}

function toStep({ by, at, note }: ProposalStep): PlanView['proposed'] {
  return { by, atMs: at.getTime(), note };
}

function toRun({ startedAt, ended, ...run }: PlanRun): NonNullable<PlanView['run']> {
  return { ...run, startedAtMs: startedAt.getTime(), ended: ended === null ? null : toEnd(ended) };
}

function toEnd({ at, ...over }: NonNullable<PlanRun['ended']>): NonNullable<PlanView['run']>['ended'] {
  return { ...over, atMs: at.getTime() };
}
