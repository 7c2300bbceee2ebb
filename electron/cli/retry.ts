import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { outcomeCsv } from '#console/retry/outcome-csv.ts';
import { seenOutcome } from '#console/retry/seen-outcome.ts';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import { runPlan } from '#console/retry/plan-run.ts';
import { parseJobQuery } from '#contract/query/job-query.ts';
import { counted } from '#domain/counted.ts';
import { CREDIT_SCALE, shownCredits } from '#domain/credits.ts';
import type { RequestName } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { neededConsent, plannedCredits, plannedJobs, type PlanRecord } from '#domain/retry-plan/plan-record.ts';
import { DEFAULT_RAMP, rampSchema } from '#domain/retry-plan/ramp.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { wait } from '#engine/wait.ts';
import type { Store } from '#store/connection.ts';
import { allowedFilter } from '#engine/redaction/redacted-copy.ts';
import { runAsPerson, type PersonNeeds } from './as-person.ts';
import { readLens, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { filledText } from './filled-text.ts';
import { wholeNumber } from './whole-number.ts';

/** Exit statuses: 0 done as asked, 1 it could not be done, 3 the run stopped before its end. */
const EXIT_STOPPED = 3;
const CREDITS_MAX = 1_000_000_000_000;
const JOBS_MAX = 100_000;

interface PlanFlags extends ServerFlags {
  readonly where?: string;
  readonly ids?: string;
  readonly remainder?: string;
  readonly afterTopUp?: string;
  readonly plan: boolean;
  readonly reason: string;
  readonly collect: boolean;
}

interface RunFlags extends ServerFlags {
  readonly ramp: readonly number[];
  readonly failureRate: number;
  readonly failureSample: number;
  readonly spend?: number;
  readonly typeCredits?: number;
}

/** Adds `retry` to the program: plans of many retries, and their runs. */
export function addRetryCommand(program: Command, context: CommandContext): void {
  const retry = withServerFlags(
    program
      .command('retry')
      .description('Plans retries of many jobs and shows what they would cost and do. Retries nothing by itself.')
      .option('--where <query>', "which jobs, for example 'state:failed class:temporary'", filledText)
      .option('--ids <ids>', 'which jobs, by their ids with commas between')
      .option('--remainder <plan>', 'what of another plan failed, was skipped or not begun')
      .option('--after-top-up <plan>', 'what of another plan stood blocked for lack of credit')
      .option('--plan', 'keep the plan on the server', false)
      .option(
        '--no-collect',
        'leave results alone that providers accepted to make; otherwise each is collected for its price',
      )
      .option('--reason <text>', 'why it would work now; stands in every history', ''),
  ).action(async (_flags: unknown, command: Command) => {
    const flags = command.opts<PlanFlags>();
    const { where, ids, remainder, afterTopUp, reason, collect } = flags;
    const needs = { request: 'plans.make', asked: { where, ids, remainder, afterTopUp, reason, collect } } as const;
    context.exit(await onServer(flags, needs, (store, actor) => makePlan(store, actor, flags, context.signal)));
  });
  retry
    .command('run')
    .description('Runs a plan, or goes on with it. Exit status 3 where it stopped before its end.')
    .argument('<plan>', "the plan's id")
    .option('--ramp <steps>', 'how many jobs each step begins; the last one repeats', parseRamp, DEFAULT_RAMP)
    .option('--failure-rate <share>', 'stop when more of the jobs at their end have failed, 0 to 1', parseShare, 0.5)
    .option('--failure-sample <jobs>', 'look at the rate from so many jobs on', wholeNumber(1, JOBS_MAX), 5)
    .option(
      '--spend <credits>',
      'stop before more is reserved and charged, in the smallest unit',
      wholeNumber(0, CREDITS_MAX),
    )
    .option(
      '--type-credits <credits>',
      'the amount that the plan spends, typed, in the smallest unit',
      wholeNumber(0, CREDITS_MAX),
    )
    .action(async (planId: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RunFlags>();
      const { ramp, failureRate, spend, typeCredits } = flags;
      context.exit(
        await onServer(
          flags,
          { request: 'plans.run', asked: { planId, ramp, failureRate, spend, typeCredits } },
          (store, actor) => run(store, actor, planId, flags, context.signal),
        ),
      );
    });
  addDecisions(retry, context);
}

function addDecisions(retry: Command, context: CommandContext): void {
  const add = (
    name: string,
    request: RequestName,
    description: string,
    act: (desk: PlanDesk, planId: string, by: Actor, store: Store) => Promise<Result<CommandReport, AppError>>,
  ): void => {
    retry
      .command(name)
      .description(description)
      .argument('<plan>', "the plan's id")
      .action(async (planId: string, _flags: unknown, command: Command) => {
        const flags = command.optsWithGlobals<ServerFlags>();
        const needs = { request, asked: { planId, what: name } };
        context.exit(await onServer(flags, needs, (store, actor) => act(deskOf(store), planId, actor, store)));
      });
  };
  const reported = async (plan: Promise<Result<PlanRecord, AppError>>): Promise<Result<CommandReport, AppError>> => {
    const done = await plan;
    return done.ok ? ok(reportOf(done.value)) : done;
  };
  add('show', 'plans.get', 'Shows a plan and how far it has come.', (desk, planId) => reported(desk.read(planId)));
  add('pause', 'plans.wish', 'Lets a run pause, wherever it runs; `run` goes on with it.', (desk, planId) =>
    reported(desk.wish(planId, 'pause')),
  );
  add('stop', 'plans.wish', 'Ends a run for good, wherever it runs.', (desk, planId) =>
    reported(desk.wish(planId, 'stop')),
  );
  add('approve', 'plans.decide', "Approves another person's plan.", (desk, planId, by) =>
    reported(desk.decide(planId, 'approved', { by, note: '' })),
  );
  add('reject', 'plans.decide', "Rejects another person's plan.", (desk, planId, by) =>
    reported(desk.decide(planId, 'rejected', { by, note: '' })),
  );
  add('withdraw', 'plans.decide', 'Withdraws a plan of your own.', (desk, planId, by) =>
    reported(desk.decide(planId, 'withdrawn', { by, note: '' })),
  );
  add(
    'outcome',
    'plans.outcomes',
    'Says of every job what happened and why; CSV without --json.',
    async (desk, planId, _by, store) => {
      const outcomes = await desk.outcomes(planId);
      if (!outcomes.ok) return outcomes;
      const lens = await readLens(store);
      if (!lens.ok) return lens;
      return ok({
        status: 0,
        json: { planId, outcomes: outcomes.value.map((outcome) => seenOutcome(outcome, lens.value)) },
        text: [...outcomeCsv(outcomes.value)].join(''),
      });
    },
  );
}

function deskOf(store: Store): PlanDesk {
  const { reader, bulk, plans, policies } = store;
  return new PlanDesk({
    reader,
    bulk,
    plans,
    policies,
    newPlanId: () => randomBytes(8).toString('hex'),
  });
}

/** Opens the server as the person that it knows; whoever may not retry is refused before anything is asked. */
function onServer(
  flags: ServerFlags,
  needs: Pick<PersonNeeds, 'request' | 'asked'>,
  act: (store: Store, actor: Actor) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  return runAsPerson(flags, { appName: 'Runledger retry', ...needs }, act);
}

async function makePlan(
  store: Store,
  by: Actor,
  flags: PlanFlags,
  signal: AbortSignal,
): Promise<Result<CommandReport, AppError>> {
  if (!flags.plan) return err(appError('invalid_request', 'say --plan to plan, or `retry run PLAN` to run a plan'));
  const desk = deskOf(store);
  const lens = await readLens(store);
  if (!lens.ok) return lens;
  const chosen = await choose(desk, flags, lens.value);
  if (!chosen.ok) return chosen;
  const { reason, collect: isCollecting } = flags;
  // The command line has no offline copy: it asks the server.
  const plan = await desk.plan({ ...chosen.value, copy: null, reason, isCollecting, by, signal });
  return plan.ok ? ok(reportOf(plan.value)) : plan;
}

async function choose(
  desk: PlanDesk,
  { where, ids, remainder, afterTopUp }: PlanFlags,
  lens: Lens | null,
): Promise<Result<Pick<Parameters<PlanDesk['plan']>[0], 'source' | 'chosen'>, AppError>> {
  const again = remainder ?? afterTopUp;
  if ([where, ids, remainder, afterTopUp].filter((given) => given !== undefined).length !== 1) {
    return err(
      appError('invalid_request', 'exactly one of --where, --ids, --remainder and --after-top-up is expected'),
    );
  }
  if (again !== undefined) {
    const type = remainder === undefined ? 'after_top_up' : 'remainder';
    const found = await desk.idsAgain(again, type);
    return found.ok ? ok({ source: { type, planId: again }, chosen: { ids: found.value } }) : found;
  }
  if (where === undefined) {
    const given = (ids ?? '').split(',').map((id) => id.trim());
    const named = given.filter((id) => id !== '');
    return ok({ source: { type: 'ids', count: named.length }, chosen: { ids: named } });
  }
  const { filter, problems } = parseJobQuery(where, CREDIT_SCALE);
  const [problem] = problems;
  if (problem !== undefined) return err(appError('query_invalid', problem.reason));
  // Which jobs a plan takes tells as much as a list of them; and here nobody was handed a token of a cause.
  const allowed = lens === null ? ok(filter) : allowedFilter(filter, () => null);
  return allowed.ok ? ok({ source: { type: 'where', where }, chosen: { filter: allowed.value } }) : allowed;
}

async function run(
  store: Store,
  by: Actor,
  planId: string,
  flags: RunFlags,
  signal: AbortSignal,
): Promise<Result<CommandReport, AppError>> {
  const planned = await store.plans.read(planId);
  if (!planned.ok) return planned;
  const spendCreditsMax = flags.spend ?? plannedCredits(planned.value);
  const done = await runPlan(
    { ...store, wait },
    {
      planId,
      by,
      ramp: flags.ramp,
      limits: { failureRateMax: flags.failureRate, endedMin: flags.failureSample, spendCreditsMax },
      typedCredits: flags.typeCredits ?? null,
      holder: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
      signal,
      onProgress: (plan) => {
        if (!flags.json && process.stderr.isTTY) process.stderr.write(`\r\u001b[K${progressOf(plan)}`);
      },
    },
  );
  if (!done.ok) return done;
  // Paused from elsewhere, or left by this console, it has jobs that nobody has begun.
  return ok({ ...reportOf(done.value), status: done.value.state === 'finished' ? 0 : EXIT_STOPPED });
}

function reportOf(plan: PlanRecord): CommandReport {
  return { status: plan.state === 'stopped' ? EXIT_STOPPED : 0, json: { plan }, text: textOf(plan) };
}

function textOf(plan: PlanRecord): string {
  const { groups, workspaces, workspacesInAll } = plan.totals;
  const credits = plannedCredits(plan);
  const consent = {
    none: '',
    typed: ` Run it with --type-credits ${credits}.`,
    second_person: ' Another person must approve it.',
  };
  return [
    `Plan ${plan._id}: ${plan.state}, under policy ${plan.policyVersion}, until ${plan.expiresAt.toISOString()}; made from ${originOf(plan)}.`,
    ...Object.entries(groups).flatMap(([group, sums]) =>
      sums.jobs === 0
        ? []
        : [`  ${group.padEnd(20)} ${counted(sums.jobs, 'job')}, ${shownCredits(sums.credits)} credits`],
    ),
    ...workspaces
      .slice(0, 20)
      .map(
        (one) =>
          `  ${one.workspaceId}: ${counted(one.eligibleJobs, 'job')} for ${shownCredits(one.eligibleCredits)} of ${shownCredits(one.availableCredits)} credits`,
      ),
    ...(workspacesInAll > 20 ? [`  and ${counted(workspacesInAll - 20, 'workspace')} more`] : []),
    ...(plan.isCollecting && groups.collect_first.jobs > 0
      ? [
          `Collected for ${shownCredits(groups.collect_first.credits)} credits: ${counted(groups.collect_first.jobs, 'result')} that providers have made already.`,
        ]
      : []),
    ...chanceOf(plan),
    `It spends at most ${shownCredits(credits)} credits.${plan.run === null ? consent[neededConsent(plan)] : ''}`,
    ...(plan.run === null ? [] : [progressOf(plan)]),
    ...(plan.run?.ended
      ? [`${plan.run.ended.why} ${shownCredits(plan.run.ended.unspentCredits)} credits were left unspent.`]
      : []),
  ].join('\n');
}

/** What is known of the chance of a plan's jobs; no line where there is none to retry. */
function chanceOf({ totals: { estimate } }: PlanRecord): readonly string[] {
  const { succeed, ofJobs, basis, withoutExperience } = estimate;
  return [
    ...(ofJobs === 0 ? [] : [`About ${succeed} of ${counted(ofJobs, 'job')} can be expected to succeed (${basis}).`]),
    ...(withoutExperience === 0 ? [] : [`Nothing is known of the chance of ${counted(withoutExperience, 'job')}.`]),
  ];
}

function originOf({ origin }: PlanRecord): string {
  return origin.type === 'copy' ? `an offline copy as of ${origin.asOf.toISOString()}` : 'the server';
}

function progressOf(plan: PlanRecord): string {
  const { run } = plan;
  if (run === null) return 'Not begun.';
  const { succeeded, failed, waiting, skipped, started } = run.tallies;
  const underWay = started - succeeded - failed - waiting;
  return `${run.position} of ${counted(plannedJobs(plan), 'job')}: ${succeeded} succeeded, ${failed} failed, ${underWay} under way, ${waiting} without credit, ${skipped} skipped.`;
}

function parseRamp(text: string): readonly number[] {
  const ramp = safeParse(rampSchema, text.split(',').map(Number));
  if (!ramp.success) throw new InvalidArgumentError('Steps such as 1,5,25 are expected.');
  return ramp.data;
}

function parseShare(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('A share from 0 to 1 is expected.');
  return share;
}
