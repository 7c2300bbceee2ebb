import { createHash } from 'node:crypto';
import { shownCredits } from '#domain/credits.ts';
import { appError, explainError, type AppError } from '#domain/errors.ts';
import { collectablePurchase } from '#domain/generation-key.ts';
import type { Job } from '#domain/job.ts';
import { judgeSubject, type PlanItem, type PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { WHY_LENGTH_MAX, type JobOutcome, type PlanRecord, type PlanRun } from '#domain/retry-plan/plan-record.ts';
import { isWithinSpend, type RunTallies } from '#domain/retry-plan/ramp.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { planChange, type JobChange } from '#domain/transition.ts';
import type { BulkReads } from '#store/bulk-reads.ts';
import type { PlanStore } from '#store/plan-store.ts';
import type { PolicySource, ReadableStore, WritableStore } from '#store/ports.ts';
import { readSubjects, type ReadSubjects } from './plan-subjects.ts';

/** What a run works with. */
export interface RunParts {
  readonly reader: Pick<ReadableStore, 'serverNow'>;
  readonly bulk: BulkReads;
  readonly plans: PlanStore;
  readonly writer: Pick<WritableStore, 'applyChanges'>;
  /** Asked at each step: what is begun is begun under the policy in force then, whichever the plan was made under. */
  readonly policies: PolicySource;
  /** Resolves early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What stands in the history of a job whose plan gave no reason; a replay of the policy knows these. */
const WITHOUT_REASON = { retry: 'retried', collect: 'collected' } as const;

/** How many jobs are begun between two writes of the plan. */
export const BEGIN_AT_ONCE = 200;

/** The generation that a plan begins for a job: the same whoever runs it, and however often. */
export function planGenerationId(planId: string, jobId: string): string {
  return `p-${planId}-${createHash('sha256').update(`${planId}\0${jobId}`).digest('hex').slice(0, 32)}`;
}

/**
 * Begins the next jobs of a run: each is read anew, must still be at the plan's version and pass every check, and is written under
 * that version. What does not is skipped and says why.
 * @returns the run after them; `isSpent` where the next one would go beyond the spend
 */
export async function beginJobs(
  parts: RunParts,
  plan: PlanRecord,
  run: PlanRun,
  count: number,
): Promise<Result<{ readonly run: PlanRun; readonly isSpent: boolean }, AppError>> {
  const found = await parts.plans.readItems(plan._id, run.position);
  if (!found.ok) return found;
  const items = found.value.slice(0, count);
  if (items.length === 0) return err(appError('malformed_document', `plan ${plan._id} lacks items`));
  const policy = await parts.policies.inForce();
  if (!policy.ok) return policy;
  const changeFor = changesFor(plan, run, items, policy.value);
  const read = await readSubjects(
    parts.bulk,
    items.map(({ jobId }) => jobId),
    changeFor,
  );
  if (!read.ok) return read;
  const sorted = sortOut(policy.value, plan, run, items, read.value);
  const applied = await parts.writer.applyChanges(sorted.changes);
  if (!applied.ok) return applied;
  const refusals = new Map(
    sorted.changes.flatMap(({ jobId }, n) => {
      const written = applied.value[n] ?? err(appError('write_conflict', jobId));
      return written.ok ? [] : [[jobId, written.error] as const];
    }),
  );
  const outcomes = sorted.outcomes.map((outcome) => {
    const refusal = refusals.get(outcome.jobId);
    return refusal === undefined ? outcome : skipped(outcome, explainError(refusal).slice(0, WHY_LENGTH_MAX));
  });
  const saved = await parts.plans.saveOutcomes(plan, outcomes);
  if (!saved.ok) return saved;
  const next = { ...run, position: run.position + outcomes.length, tallies: tallied(run.tallies, outcomes) };
  return ok({ run: next, isSpent: sorted.isSpent });
}

/** What a run keeps of a job that it has read. */
interface Beginning {
  /** Begun already, by this console before it was cut off, or by another one that ran this plan. */
  readonly isBegun: boolean;
  /** What begins it; null where its state is one that nothing begins from. */
  readonly change: JobChange | null;
}

/** Plans how each of some jobs is begun while it is at hand, so that it need not be kept; whether it may be is decided when all is read. */
function changesFor(
  plan: PlanRecord,
  run: PlanRun,
  items: readonly PlanItem[],
  { version: policyVersion }: RetryPolicy,
): (job: Job) => Beginning {
  const itemOf = new Map(items.map((item) => [item.jobId, item]));
  return (job) => {
    const item = itemOf.get(job._id);
    const generationId = planGenerationId(plan._id, job._id);
    if (item === undefined || hasGeneration(job, generationId)) return { isBegun: item !== undefined, change: null };
    const act = actOf(item);
    const collects = act === 'collect' ? collectablePurchase(job) : null;
    const event = { type: 'requeue', generationId, priceCredits: item.priceCredits, collects } as const;
    const reason = `plan ${plan._id}: ${plan.reason === '' ? WITHOUT_REASON[act] : plan.reason}`;
    const change = planChange(job, event, { actor: run.by, reason, policyVersion });
    return { isBegun: false, change: change.ok ? change.value : null };
  };
}

interface Sorted {
  readonly outcomes: readonly JobOutcome[];
  readonly changes: readonly JobChange[];
  readonly isSpent: boolean;
}

function sortOut(
  policy: RetryPolicy,
  plan: PlanRecord,
  run: PlanRun,
  items: readonly PlanItem[],
  read: ReadSubjects<Beginning>,
): Sorted {
  const outcomes: JobOutcome[] = [];
  const changes: JobChange[] = [];
  const left = new Map(read.available);
  let { tallies } = run;
  for (const [n, item] of items.entries()) {
    const begun = begunOutcome(plan, item, run.position + n);
    const found = read.jobs.get(item.jobId);
    const isBegun = found?.kept.isBegun === true;
    const unread = read.malformed.get(item.jobId)?.slice(0, WHY_LENGTH_MAX) ?? null;
    const why = isBegun
      ? null
      : (unread ?? whyNot(policy, plan, item, found?.subject, left.get(item.workspaceId) ?? 0));
    if (why !== null) {
      outcomes.push(skipped(begun, why));
      continue;
    }
    if (!isBegun && !isWithinSpend(tallies, item.priceCredits, run.limits)) {
      return { outcomes, changes, isSpent: true };
    }
    if (!isBegun && found !== undefined) {
      const { change } = found.kept;
      if (change === null) {
        outcomes.push(skipped(begun, `The job is ${found.subject.state}.`));
        continue;
      }
      changes.push(change);
      left.set(item.workspaceId, (left.get(item.workspaceId) ?? 0) - item.priceCredits);
    }
    outcomes.push(begun);
    tallies = tallied(tallies, [begun]);
  }
  return { outcomes, changes, isSpent: false };
}

/** True for a job's generation of now, and for those that it has tried before. */
function hasGeneration({ billing, attempts }: Job, generationId: string): boolean {
  return billing.generationId === generationId || attempts.some((attempt) => attempt.generationId === generationId);
}

function whyNot(
  policy: RetryPolicy,
  plan: PlanRecord,
  item: PlanItem,
  subject: PlanSubject | undefined,
  available: number,
): string | null {
  if (subject === undefined) return 'There is no such job any more.';
  if (subject.version !== item.version) return `It changed since it was planned; it is ${subject.state} now.`;
  const { group, why } = judgeSubject(subject, policy, plan.reason);
  // What was to be made anew is not collected in its place, nor the other way round: its price and its chances are others.
  if (group !== item.group) return why;
  if (subject.priceCredits > available)
    return `The workspace has ${shownCredits(available)} credits available; it needs ${shownCredits(subject.priceCredits)}.`;
  return null;
}

function actOf({ group }: PlanItem): JobOutcome['act'] {
  return group === 'collect_first' ? 'collect' : 'retry';
}

function begunOutcome(plan: PlanRecord, item: PlanItem, index: number): JobOutcome {
  const { jobId, workspaceId, priceCredits } = item;
  const generationId = planGenerationId(plan._id, jobId);
  return {
    jobId,
    act: actOf(item),
    index,
    workspaceId,
    priceCredits,
    generationId,
    outcome: 'begun',
    failureClass: null,
    why: '',
    paidCredits: 0,
    timesPaid: 0,
  };
}

function skipped(outcome: JobOutcome, why: string): JobOutcome {
  return { ...outcome, outcome: 'skipped', why };
}

function tallied(tallies: RunTallies, outcomes: readonly JobOutcome[]): RunTallies {
  const begun = outcomes.filter(({ outcome }) => outcome === 'begun');
  return {
    ...tallies,
    started: tallies.started + begun.length,
    skipped: tallies.skipped + outcomes.length - begun.length,
    committedCredits: tallies.committedCredits + begun.reduce((sum, { priceCredits }) => sum + priceCredits, 0),
  };
}
