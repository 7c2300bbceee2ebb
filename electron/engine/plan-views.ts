import type { PlanView } from '#contract/plan-views.ts';
import { parseJobQuery, printJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import {
  neededConsent,
  plannedCredits,
  plannedJobs,
  type PlanRecord,
  type PlanRun,
  type PlanSource,
} from '#domain/retry-plan/plan-record.ts';
import type { ProposalStep } from '#domain/second-person.ts';

/**
 * A plan as somebody at a window sees it.
 * @param lens what hides texts from them; null where nothing does
 */
export function toPlanView(plan: PlanRecord, lens: Lens | null): PlanView {
  return {
    planId: plan._id,
    source: lens === null ? plan.source : seenSource(plan.source, lens),
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

/** A cause is named by words of a message; and which jobs words were found in tells what stands in texts of theirs. */
function seenSource(source: PlanSource, lens: Lens): PlanSource {
  if (source.type !== 'where') return source;
  const { filter, problems } = parseJobQuery(source.where, CREDIT_SCALE);
  if (problems.length > 0) return { ...source, where: redactionMark('query') };
  const { fingerprint, text } = filter;
  if (fingerprint === null && text === '') return source;
  const seen = {
    ...filter,
    fingerprint: fingerprint === null ? null : lens.tokenOf(fingerprint),
    text: text === '' ? '' : redactionMark('words'),
  };
  return { ...source, where: printJobQuery(seen, CREDIT_SCALE) };
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
