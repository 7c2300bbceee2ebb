import { exportTable } from '#console/reconciliation/export-file.ts';
import type { JobChoice } from '#console/retry/plan-desk.ts';
import { outcomeColumns } from '#console/retry/outcome-csv.ts';
import { seenOutcome } from '#console/retry/seen-outcome.ts';
import { parseJobQuery } from '#contract/query/job-query.ts';
import type { PlanView, PlanWish } from '#contract/plan-views.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { PlanRecord, PlanSource } from '#domain/retry-plan/plan-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { PlanHost } from '../plan-host.ts';
import { toPlanView } from '../plan-views.ts';
import { allowedFilter } from '../redaction/redacted-copy.ts';
import type { RedactionBoard } from '../redaction/redaction-board.ts';
import { whereOpen, type HandlersOf, type ReadCopy } from './handler.ts';

/** What the answers about plans are made from. */
export interface PlanHandlerParts {
  /** Null while there has been no server. */
  readonly host: () => PlanHost | null;
  readonly copy: ReadCopy;
  readonly exportFolder: string;
  /** What hides texts from who sits here. */
  readonly redaction: Pick<RedactionBoard, 'lens' | 'fingerprintOf'>;
}

/** Plans of many retries: chosen and judged in the copy, and judged again on the server when they are run. */
export function planHandlers({ host, copy, exportFolder, redaction }: PlanHandlerParts): HandlersOf<'plans'> {
  const withHost = <Value>(
    work: (open: PlanHost) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> => whereOpen(host(), work);
  const viewed = async (plan: Promise<Result<PlanRecord, AppError>>): Promise<Result<{ plan: PlanView }, AppError>> => {
    const done = await plan;
    return done.ok ? ok({ plan: toPlanView(done.value, redaction.lens()) }) : done;
  };
  return {
    'plans.list': () =>
      withHost(async ({ desk }) => {
        const plans = await desk.list();
        if (!plans.ok) return plans;
        const lens = redaction.lens();
        const { values, malformed } = plans.value;
        return ok({ plans: values.map((plan) => toPlanView(plan, lens)), malformed: [...malformed] });
      }),
    'plans.get': ({ planId }) => withHost(({ desk }) => viewed(desk.read(planId))),
    'plans.make': ({ wish, reason, isCollecting }, { actor, signal, note }) =>
      withHost(async (open) => {
        const chosen = await choose(open, wish, redaction);
        if (!chosen.ok) return chosen;
        const order = { ...chosen.value, copy: copy(signal), reason, isCollecting, by: actor, signal };
        const made = await viewed(open.desk.plan(order));
        if (made.ok) note('after', { planId: made.value.plan.planId, credits: made.value.plan.plannedCredits });
        return made;
      }),
    'plans.items': ({ planId, from, limit }) =>
      withHost(async ({ desk }) => {
        const items = await desk.itemsFrom(planId, from);
        return items.ok ? ok({ items: items.value.slice(0, limit) }) : items;
      }),
    'plans.outcomes': ({ planId, from, limit }) =>
      withHost(async ({ desk }) => {
        const outcomes = await desk.outcomesFrom(planId, from, limit);
        if (!outcomes.ok) return outcomes;
        const lens = redaction.lens();
        return ok({ outcomes: outcomes.value.map((outcome) => seenOutcome(outcome, lens)) });
      }),
    'plans.decide': ({ planId, decision, note }, { actor }) =>
      withHost(({ desk }) => viewed(desk.decide(planId, decision, { by: actor, note }))),
    'plans.run': (wish, { actor }) => withHost((open) => viewed(open.start({ ...wish, by: actor }))),
    'plans.wish': ({ planId, wish }) => withHost(({ desk }) => viewed(desk.wish(planId, wish))),
    'plans.export': ({ planId }) =>
      withHost(async ({ desk }) => {
        const outcomes = await desk.outcomes(planId);
        if (!outcomes.ok) return outcomes;
        const seen = redaction.lens();
        const table = { name: `plan-${planId}`, columns: outcomeColumns, rows: outcomes.value };
        return exportTable(exportFolder, table, { format: 'csv', clean: (text) => seen?.clean(text) ?? text });
      }),
  };
}

async function choose(
  { desk }: PlanHost,
  wish: PlanWish,
  redaction: PlanHandlerParts['redaction'],
): Promise<Result<{ readonly source: PlanSource; readonly chosen: JobChoice }, AppError>> {
  switch (wish.type) {
    case 'ids':
      return ok({ source: { type: 'ids', count: wish.ids.length }, chosen: { ids: wish.ids } });
    case 'where': {
      const { filter, problems } = parseJobQuery(wish.where, CREDIT_SCALE);
      const [problem] = problems;
      if (problem !== undefined) return err(appError('query_invalid', problem.reason));
      // Which jobs a plan takes tells as much as a list of them.
      const allowed =
        redaction.lens() === null ? ok(filter) : allowedFilter(filter, (token) => redaction.fingerprintOf(token));
      if (!allowed.ok) return allowed;
      return ok({ source: { type: 'where', where: wish.where }, chosen: { filter: allowed.value } });
    }
    case 'remainder':
    case 'after_top_up': {
      const ids = await desk.idsAgain(wish.planId, wish.type);
      return ids.ok ? ok({ source: { type: wish.type, planId: wish.planId }, chosen: { ids: ids.value } }) : ids;
    }
  }
}
