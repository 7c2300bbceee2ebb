import { shownCredits } from '#domain/credits.ts';
import type { AppError } from '#domain/errors.ts';
import type { Failure } from '#domain/failure.ts';
import type { Job } from '#domain/job.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { WHY_LENGTH_MAX, type JobOutcome, type PlanRecord, type PlanRun } from '#domain/retry-plan/plan-record.ts';
import { NOTHING_RUN, type RunTallies } from '#domain/retry-plan/ramp.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Unread } from '#store/bulk-reads.ts';
import type { RunParts } from './plan-begin.ts';

/** How many jobs under way are looked at in one go. */
const FOLLOWED_AT_ONCE = 1000;

/** Looks what became of the jobs that a run has begun, and whether anybody paid twice. @returns the run with its tallies */
export async function followJobs(
  parts: Pick<RunParts, 'plans' | 'bulk'>,
  plan: Pick<PlanRecord, '_id' | 'leaseToken'>,
  run: PlanRun,
): Promise<Result<PlanRun, AppError>> {
  if (run.tallies.started === run.tallies.succeeded + run.tallies.failed) return ok(run);
  let tallies = run.tallies;
  for (let from = 0; from < run.position;) {
    const open = await parts.plans.openOutcomes(plan._id, from, FOLLOWED_AT_ONCE);
    if (!open.ok) return open;
    // What lies beyond the run's position was begun by a step that was never noted; it is begun again, and counted then.
    const some = open.value.filter(({ index }) => index < run.position);
    const changed = await followSome(parts, some);
    if (!changed.ok) return changed;
    const saved = await parts.plans.saveOutcomes(
      plan,
      changed.value.map(({ to }) => to),
    );
    if (!saved.ok) return saved;
    tallies = changed.value.reduce((sum, { from: before, to }) => moved(sum, before, to), tallies);
    if (open.value.length < FOLLOWED_AT_ONCE) break;
    from = (open.value.at(-1)?.index ?? run.position) + 1;
  }
  return ok({ ...run, tallies });
}

/** Of jobs that were begun, those of which more is known now. */
export async function followSome(
  parts: Pick<RunParts, 'bulk'>,
  open: readonly JobOutcome[],
): Promise<Result<readonly { readonly from: JobOutcome; readonly to: JobOutcome }[], AppError>> {
  if (open.length === 0) return ok([]);
  const ids = open.map(({ jobId }) => jobId);
  const jobs = new Map<string, FollowedJob>();
  const malformed = new Map<string, string>();
  const documents = await parts.bulk.eachJob(ids, (document) => {
    if (document.type === 'job') jobs.set(document.job._id, followedOf(document.job));
    else malformed.set(document.malformed.id, document.malformed.problems[0]?.reason ?? 'it is no job');
  });
  if (!documents.ok) return documents;
  const paidOf = new Map<string, Map<string, number>>();
  const entries = await parts.bulk.eachEntryOfJobs(ids, (entry) => {
    const paid = paidOf.get(entry.jobId ?? '') ?? new Map<string, number>();
    addPaid(paid, entry);
    paidOf.set(entry.jobId ?? '', paid);
  });
  if (!entries.ok) return entries;
  const moves = open.map((from) => {
    const job = jobs.get(from.jobId) ?? malformed.get(from.jobId);
    return { from, to: whereAllIsRead(outcomeNow(from, job, paidOf.get(from.jobId) ?? new Map()), entries.value) };
  });
  return ok(moves.filter(({ from, to }) => from.outcome !== to.outcome));
}

/** The run with the tallies that its jobs' outcomes add up to. */
export async function recount(
  parts: Pick<RunParts, 'plans'>,
  planId: string,
  run: PlanRun,
): Promise<Result<PlanRun, AppError>> {
  let tallies = NOTHING_RUN;
  for (let from = 0; from < run.position;) {
    const some = await parts.plans.readOutcomes(planId, from, FOLLOWED_AT_ONCE);
    if (!some.ok) return some;
    for (const outcome of some.value.filter(({ index }) => index < run.position)) {
      const isSkipped = outcome.outcome === 'skipped';
      const begun: JobOutcome = { ...outcome, outcome: 'begun' };
      const { started, skipped, committedCredits } = tallies;
      tallies = isSkipped
        ? { ...tallies, skipped: skipped + 1 }
        : { ...tallies, started: started + 1, committedCredits: committedCredits + outcome.priceCredits };
      if (!isSkipped) tallies = moved(tallies, begun, outcome);
    }
    if (some.value.length < FOLLOWED_AT_ONCE) break;
    from = (some.value.at(-1)?.index ?? run.position) + 1;
  }
  return ok({ ...run, tallies });
}

/** What of a job tells what became of it: its own prompt, options and past may have 16 MiB. */
interface FollowedJob extends Pick<Job, 'state' | 'billing'> {
  readonly failure: Pick<Failure, 'class' | 'message'> | null;
}

function followedOf({ state, billing, failure }: Job): FollowedJob {
  return { state, billing, failure: failure && { class: failure.class, message: failure.message } };
}

/** What became of a job that a plan began, which is a text where its document says why it cannot be read: by its own document, and by what the ledger says was paid. */
function outcomeNow(
  outcome: JobOutcome,
  job: FollowedJob | string | undefined,
  paid: ReadonlyMap<string, number>,
): JobOutcome {
  const seen = {
    ...outcome,
    paidCredits: paid.get(outcome.generationId) ?? 0,
    timesPaid: [...paid.values()].filter((credits) => credits > 0).length,
  };
  if (job === undefined) return { ...seen, outcome: 'failed', why: 'The job is gone.' };
  if (typeof job === 'string') {
    return { ...seen, outcome: 'failed', why: `Its document cannot be read: ${job}`.slice(0, WHY_LENGTH_MAX) };
  }
  const { billing } = job;
  if (billing.generationId !== outcome.generationId) {
    return { ...seen, outcome: 'failed', why: 'It failed, and was retried again since.' };
  }
  if (billing.pending.length > 0) return outcome;
  if (job.state === 'completed') return { ...seen, outcome: 'succeeded', why: '' };
  if (job.state === 'failed' && job.failure !== null) {
    return {
      ...seen,
      outcome: 'failed',
      failureClass: job.failure.class,
      why: job.failure.message.slice(0, WHY_LENGTH_MAX),
    };
  }
  if (job.state === 'queued' && billing.blocked !== null) {
    return {
      ...outcome,
      outcome: 'waiting',
      why: `It needs ${shownCredits(billing.blocked.neededCredits)} credits to go on.`,
    };
  }
  return { ...outcome, outcome: 'begun', why: '' };
}

/** An end whose price counts as paid where an entry cannot be read: what the run has spent is then no less than it may be. */
function whereAllIsRead(outcome: JobOutcome, unread: Unread): JobOutcome {
  const why = unread.get(outcome.jobId);
  if (why === undefined || !ENDS.includes(outcome.outcome)) return outcome;
  const says = `Its price counts as paid, because its ${why}. ${outcome.why}`.trim().slice(0, WHY_LENGTH_MAX);
  return { ...outcome, paidCredits: Math.max(outcome.paidCredits, outcome.priceCredits), why: says };
}

/** Adds an entry to what the customer paid for each generation, refunds taken off. */
function addPaid(
  paid: Map<string, number>,
  { type, credits, generationId }: Pick<LedgerEntry, 'type' | 'credits' | 'generationId'>,
): void {
  if (type !== 'capture' && type !== 'refund') return;
  const key = generationId ?? '';
  paid.set(key, (paid.get(key) ?? 0) + (type === 'capture' ? credits : -credits));
}

const ENDS: readonly JobOutcome['outcome'][] = ['succeeded', 'failed'];

function moved(tallies: RunTallies, from: JobOutcome, to: JobOutcome): RunTallies {
  const count = (outcome: JobOutcome['outcome']): number =>
    (to.outcome === outcome ? 1 : 0) - (from.outcome === outcome ? 1 : 0);
  const isOver = ENDS.includes(to.outcome);
  return {
    ...tallies,
    succeeded: tallies.succeeded + count('succeeded'),
    failed: tallies.failed + count('failed'),
    waiting: tallies.waiting + count('waiting'),
    committedCredits: tallies.committedCredits + (isOver ? to.paidCredits - from.priceCredits : 0),
    paidTwice: tallies.paidTwice + (isOver && to.timesPaid > 1 ? 1 : 0),
  };
}
