import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { PLAN_JOBS_MAX, PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import type { PlanItem } from '#domain/retry-plan/plan-item.ts';
import {
  decidePlan,
  PLAN_EXPIRES_MS,
  unspentCredits,
  type JobOutcome,
  type PlanRecord,
  type PlanSource,
} from '#domain/retry-plan/plan-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ProposalDecision } from '#domain/second-person.ts';
import type { BulkReads } from '#store/bulk-reads.ts';
import type { PlanStore } from '#store/plan-store.ts';
import type { PolicySource, ReadableStore } from '#store/ports.ts';
import { experienceOf } from './plan-experience.ts';
import { followSome } from './plan-follow.ts';
import { readSubjects } from './plan-subjects.ts';

/** What the desk works with. */
export interface PlanDeskParts {
  readonly reader: Pick<ReadableStore, 'serverNow'>;
  readonly bulk: BulkReads;
  readonly plans: PlanStore;
  readonly policies: PolicySource;
  /** 16 hexadecimal digits that no plan has. */
  readonly newPlanId: () => string;
}

/** What somebody wants planned. */
export interface PlanOrder {
  readonly source: PlanSource;
  /** The jobs that the source stands for, in the order in which they are to be retried. */
  readonly ids: readonly string[];
  readonly reason: string;
  readonly by: Actor;
  readonly signal: AbortSignal;
}

const READ_AT_ONCE = 1000;
/** Jobs changed last that tell what a retry costs and how often it helps. */
const EXPERIENCE_JOBS = 1000;
const WRITE_TRIES_MAX = 20;
const OUTCOMES_AT_ONCE = 1000;

/**
 * Where retries of many jobs are planned, decided about and looked at; {@link runPlan} carries them out. Errors of every
 * method, besides the store's: `not_found`, `malformed_document`.
 */
export class PlanDesk {
  readonly #parts: PlanDeskParts;

  constructor(parts: PlanDeskParts) {
    this.#parts = parts;
  }

  /** Freezes what a retry of these jobs would do, as the server has them now. Error: `invalid_request` for no jobs or too many. */
  async plan(order: PlanOrder): Promise<Result<PlanRecord, AppError>> {
    const { bulk, plans, policies, reader, newPlanId } = this.#parts;
    const ids = [...new Set(order.ids)];
    if (ids.length === 0) return err(appError('invalid_request', 'no jobs are asked for'));
    if (ids.length > PLAN_JOBS_MAX) {
      return err(appError('invalid_request', `a plan holds at most ${PLAN_JOBS_MAX} jobs; narrow the question`));
    }
    const policy = await policies.inForce();
    if (!policy.ok) return policy;
    const recent = await bulk.recentJobs(EXPERIENCE_JOBS);
    if (!recent.ok) return recent;
    const live = await bulk.liveInputs();
    if (!live.ok) return live;
    const jobs = recent.value.flatMap((document) => (document.type === 'job' ? [document.job] : []));
    const available = new Map<string, number>();
    const draft = new PlanDraft({
      policy: policy.value,
      reason: order.reason,
      experience: experienceOf(jobs),
      availableOf: (workspaceId) => available.get(workspaceId) ?? 0,
      liveWithInput: (workspaceId, inputHash) => live.value.idOf(workspaceId, inputHash),
    });
    const items: PlanItem[] = [];
    for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
      if (order.signal.aborted) return err(appError('cancelled'));
      const some = ids.slice(start, start + READ_AT_ONCE);
      const read = await readSubjects(bulk, some);
      if (!read.ok) return read;
      for (const [id, account] of read.value.accounts) available.set(id, account.available);
      for (const id of some) {
        const found = read.value.jobs.get(id);
        const why = read.value.malformed.get(id) ?? 'There is no such job.';
        const item = found === undefined ? draft.addUnreadable(id, why) : draft.add(found.subject);
        if (item !== null) items.push(item);
      }
    }
    const now = await reader.serverNow();
    if (!now.ok) return now;
    const plan: PlanRecord = {
      _id: newPlanId(),
      source: order.source,
      reason: order.reason,
      policyVersion: policy.value.version,
      totals: draft.totals(),
      thresholds: policy.value.spend,
      proposed: { by: order.by, at: now.value, note: order.reason },
      decided: null,
      expiresAt: new Date(now.value.getTime() + PLAN_EXPIRES_MS),
      state: 'planned',
      wish: null,
      lease: null,
      leaseToken: 0,
      run: null,
      version: 1,
    };
    const eligible = items.filter(({ group }) => group === 'eligible');
    const others = items.filter(({ group }) => group !== 'eligible');
    const kept = await plans.insert(plan, [...eligible, ...others]);
    return kept.ok ? ok(plan) : kept;
  }

  /**
   * The ids of a plan that are worth planning again: `remainder` what failed, was skipped or not begun; `after_top_up` exactly
   * what stood blocked for lack of credit.
   */
  async idsAgain(planId: string, what: 'remainder' | 'after_top_up'): Promise<Result<readonly string[], AppError>> {
    const plan = await this.#parts.plans.read(planId);
    if (!plan.ok) return plan;
    const items = await this.items(planId);
    if (!items.ok) return items;
    if (what === 'after_top_up') {
      return ok(items.value.filter(({ group }) => group === 'insufficient_credit').map(({ jobId }) => jobId));
    }
    const outcomes = await this.outcomes(planId);
    if (!outcomes.ok) return outcomes;
    const isDone = (outcome: JobOutcome['outcome']): boolean => outcome !== 'failed' && outcome !== 'skipped';
    const done = new Set(outcomes.value.filter(({ outcome }) => isDone(outcome)).map(({ jobId }) => jobId));
    return ok(
      items.value.filter(({ group, jobId }) => group === 'eligible' && !done.has(jobId)).map(({ jobId }) => jobId),
    );
  }

  read(planId: string): Promise<Result<PlanRecord, AppError>> {
    return this.#parts.plans.read(planId);
  }

  list(): Promise<Result<readonly PlanRecord[], AppError>> {
    return this.#parts.plans.list([]);
  }

  /** Items of a plan from a place on, the eligible ones first; some of them, none behind the last one. */
  itemsFrom(planId: string, from: number): Promise<Result<readonly PlanItem[], AppError>> {
    return this.#parts.plans.readItems(planId, from);
  }

  /** Every item of a plan, the eligible ones first. */
  async items(planId: string): Promise<Result<readonly PlanItem[], AppError>> {
    const all: PlanItem[] = [];
    for (;;) {
      const some = await this.#parts.plans.readItems(planId, all.length);
      if (!some.ok) return some;
      if (some.value.length === 0) return ok(all);
      all.push(...some.value);
    }
  }

  /** What became of every job that the run of a plan has come to, as it is now: also of those that it no longer follows. */
  async outcomes(planId: string): Promise<Result<readonly JobOutcome[], AppError>> {
    const all: JobOutcome[] = [];
    for (;;) {
      const some = await this.outcomesFrom(planId, (all.at(-1)?.index ?? -1) + 1, OUTCOMES_AT_ONCE);
      if (!some.ok) return some;
      all.push(...some.value);
      if (some.value.length < OUTCOMES_AT_ONCE) return ok(all);
    }
  }

  /** The same from an index on, at most `limit` of them. */
  async outcomesFrom(planId: string, from: number, limit: number): Promise<Result<readonly JobOutcome[], AppError>> {
    const some = await this.#parts.plans.readOutcomes(planId, from, limit);
    if (!some.ok) return some;
    const open = some.value.filter(({ outcome }) => outcome === 'begun' || outcome === 'waiting');
    const moves = await followSome(this.#parts, open);
    if (!moves.ok) return moves;
    const now = new Map(moves.value.map(({ to }) => [to.index, to]));
    return ok(some.value.map((outcome) => now.get(outcome.index) ?? outcome));
  }

  /** Approves, rejects or withdraws a plan that has not begun. Errors: those of {@link decidePlan}. */
  decide(
    planId: string,
    decision: ProposalDecision,
    step: { readonly by: Actor; readonly note: string },
  ): Promise<Result<PlanRecord, AppError>> {
    return this.#change(planId, (plan, at) => decidePlan(plan, decision, { ...step, at }));
  }

  /**
   * Asks a run for a pause or a stop, wherever it runs; it obeys before its next step. One that nobody runs is stopped here and
   * now. Error: `illegal_transition` where it neither runs nor is paused.
   */
  wish(planId: string, wish: 'pause' | 'stop'): Promise<Result<PlanRecord, AppError>> {
    return this.#change(planId, (plan, at) => {
      const isHeld = plan.lease !== null && plan.lease.expiresAt.getTime() > at.getTime();
      if (plan.run === null || (plan.state !== 'running' && plan.state !== 'paused')) {
        return err(appError('illegal_transition', `the plan is ${plan.state}`));
      }
      const version = plan.version + 1;
      if (isHeld) return ok({ ...plan, wish, version });
      if (wish === 'pause') return ok({ ...plan, state: 'paused', wish: null, lease: null, version });
      const unspent = unspentCredits(plan, plan.run.tallies.committedCredits);
      const ended = { cause: 'by_hand' as const, why: 'Stopped by hand.', unspentCredits: unspent, at };
      return ok({ ...plan, state: 'stopped', wish: null, lease: null, run: { ...plan.run, ended }, version });
    });
  }

  async #change(
    planId: string,
    change: (plan: PlanRecord, at: Date) => Result<PlanRecord, AppError>,
  ): Promise<Result<PlanRecord, AppError>> {
    const { plans, reader } = this.#parts;
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
      const plan = await plans.read(planId);
      if (!plan.ok) return plan;
      const now = await reader.serverNow();
      if (!now.ok) return now;
      const next = change(plan.value, now.value);
      if (!next.ok) return next;
      const written = await plans.replace(next.value);
      if (!written.ok) return written;
      if (written.value) return next;
    }
    return err(appError('write_conflict', planId));
  }
}
