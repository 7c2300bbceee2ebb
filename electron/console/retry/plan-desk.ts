import type { JobFilter } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { PLAN_JOBS_MAX } from '#domain/retry-plan/plan-draft.ts';
import { isActedOn, type PlanItem } from '#domain/retry-plan/plan-item.ts';
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
import type { Listed } from '#store/parsed.ts';
import type { PolicySource, ReadableStore } from '#store/ports.ts';
import { followSome } from './plan-follow.ts';
import { draftPlan } from './draft-plan.ts';
import { planSource, type JobSource, type PlanCopy } from './plan-source.ts';

/** What the desk works with. */
export interface PlanDeskParts {
  readonly reader: Pick<ReadableStore, 'serverNow'>;
  readonly bulk: BulkReads;
  readonly plans: PlanStore;
  readonly policies: PolicySource;
  /** 16 hexadecimal digits that no plan has. */
  readonly newPlanId: () => string;
}

/** Which jobs: these ids in the order in which they are to be retried, or everything that a filter asks for, the newest first. */
export type JobChoice = { readonly ids: readonly string[] } | { readonly filter: JobFilter };

/** What somebody wants planned. */
export interface PlanOrder {
  readonly source: PlanSource;
  readonly chosen: JobChoice;
  /** Read where it is as good as the server; null where there is none. */
  readonly copy: PlanCopy | null;
  readonly reason: string;
  /** Whether results that providers accepted to make, and nobody received, are collected too. */
  readonly isCollecting: boolean;
  readonly by: Actor;
  readonly signal: AbortSignal;
}

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

  /**
   * Freezes what a retry of these jobs would do, by the copy where it is as good as the server ({@link planSource}); what has changed
   * since is found when it is run. Error: `invalid_request` for no jobs or too many.
   */
  async plan(order: PlanOrder): Promise<Result<PlanRecord, AppError>> {
    const { bulk, plans, policies, reader, newPlanId } = this.#parts;
    const policy = await policies.inForce();
    if (!policy.ok) return policy;
    const now = await reader.serverNow();
    if (!now.ok) return now;
    const source = await planSource(bulk, order.copy, now.value);
    if (!source.ok) return source;
    const ids = await idsOf(source.value, order.chosen);
    if (!ids.ok) return ids;
    const drafted = await draftPlan(source.value, ids.value, { ...order, policy: policy.value });
    if (!drafted.ok) return drafted;
    const plan: PlanRecord = {
      _id: newPlanId(),
      source: order.source,
      origin: source.value.origin,
      isCollecting: order.isCollecting,
      reason: order.reason,
      policyVersion: policy.value.version,
      totals: drafted.value.totals,
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
    const { items } = drafted.value;
    const eligible = items.filter(({ group }) => group === 'eligible');
    const collected = items.filter(({ group }) => group === 'collect_first');
    const others = items.filter(({ group }) => !isActedOn(group, true));
    const kept = await plans.insert(plan, [...eligible, ...collected, ...others]);
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
    const { isCollecting } = plan.value;
    const isDone = (outcome: JobOutcome['outcome']): boolean => outcome !== 'failed' && outcome !== 'skipped';
    const done = new Set(outcomes.value.filter(({ outcome }) => isDone(outcome)).map(({ jobId }) => jobId));
    return ok(
      items.value
        .filter(({ group, jobId }) => isActedOn(group, isCollecting) && !done.has(jobId))
        .map(({ jobId }) => jobId),
    );
  }

  read(planId: string): Promise<Result<PlanRecord, AppError>> {
    return this.#parts.plans.read(planId);
  }

  /** The newest plans; a document that is none is named beside them. */
  list(): Promise<Result<Listed<PlanRecord>, AppError>> {
    return this.#parts.plans.list([]);
  }

  /** Items of a plan from a place on, those first that are acted on; some of them, none behind the last one. */
  itemsFrom(planId: string, from: number): Promise<Result<readonly PlanItem[], AppError>> {
    return this.#parts.plans.readItems(planId, from);
  }

  /** Every item of a plan, those first that are acted on. */
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

async function idsOf(source: JobSource, chosen: JobChoice): Promise<Result<readonly string[], AppError>> {
  const found = 'ids' in chosen ? ok(chosen.ids) : await source.idsWhere(chosen.filter, PLAN_JOBS_MAX + 1);
  if (!found.ok) return found;
  const ids = [...new Set(found.value)];
  if (ids.length === 0) return err(appError('invalid_request', 'no job matches'));
  if (ids.length > PLAN_JOBS_MAX) {
    return err(appError('invalid_request', `a plan holds at most ${PLAN_JOBS_MAX} jobs; narrow the question`));
  }
  return ok(ids);
}
