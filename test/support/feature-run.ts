import type { RequestName, RequestParams, RequestResult } from '#contract/requests.ts';
import { requestNameSchema } from '#contract/requests.ts';
import type { ConnectionProfile, ProfileSecrets } from '#domain/connection-profile.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { NO_LIMITS } from '#domain/runner-limits.ts';
import type { EngineWindow } from './engine-window.ts';

/** What a run of every feature works on; the jobs and a planted finding are there already. */
export interface FeatureWorld {
  readonly profile: ConnectionProfile;
  readonly secrets: ProfileSecrets;
  /** One that waits and is cancelled, one that failed and is retried, one that failed and is planned, one that is done. */
  readonly jobs: { readonly waiting: string; readonly failed: string; readonly planned: string; readonly done: string };
  readonly workspaceId: string;
  /** A month that is over, as `2026-10`. */
  readonly period: string;
}

/** Answers so far, where they were results. */
type Told = { [Name in RequestName]?: RequestResult<Name> };

type Steps = { readonly [Name in RequestName]: (world: FeatureWorld, told: Told) => RequestParams<Name> };

const NOTHING = () => ({});
/** The id of a plan that is nowhere. */
const NO_PLAN = '0000000000000000';
const filter = { actorId: null, action: null, subject: null };
const sort = { column: 'createdAt', direction: 'descending' } as const;
const hours = { fromMs: Date.parse('2026-10-01T00:00:00Z'), toMs: Date.parse('2026-10-31T00:00:00Z') };
const rules = { draft: { rules: [] } };
const alert = { id: 'a1', name: 'late', measure: 'stuck', threshold: 1, scope: {}, isOn: true } as const;
const draft = { id: 'd1', kind: 'cancel', seenVersion: null, bodyJson: '{"reason":"later"}', madeAtMs: 1 } as const;
const runOf = (told: Told): string => told['reconciliation.runs']?.rows[0]?.runId ?? 'none';
const findingOf = (told: Told): string => told['reconciliation.findings']?.rows[0]?.id ?? 'none';
const findingsOf = (told: Told) => ({ runId: runOf(told), findingIds: [findingOf(told)] });
const mendsOf = (told: Told): string[] => [told['mends.ofFinding']?.rows[0]?.mendId ?? 'none'];
const planOf = (told: Told): string => told['plans.make']?.plan.planId ?? NO_PLAN;

/** What is asked for each request of the contract, in the order in which somebody would: the compiler demands every one. */
const STEPS: Steps = {
  'status.get': NOTHING,
  'profiles.signIn': () => ({ act: 'cancel' }),
  'profiles.list': NOTHING,
  'profiles.save': ({ profile, secrets }) => ({ profile, secrets, keepSecrets: true }),
  'profiles.test': ({ profile, secrets }) => ({ profile, secrets }),
  'profiles.map': ({ profile, secrets }) => ({ profile, secrets, mapping: null, collections: null }),
  'people.list': NOTHING,
  'people.set': () => ({ personId: 'ann', role: 'viewer' }),
  'jobs.page': () => ({ filter: {}, sort, cursor: null, limit: 10 }),
  'jobs.seek': () => ({ filter: {}, sort, rank: 0 }),
  'jobs.count': () => ({ filter: {} }),
  'job.get': ({ jobs }) => ({ jobId: jobs.done }),
  'output.get': ({ jobs }) => ({ jobId: jobs.done }),
  'job.why': ({ jobs }) => ({ jobId: jobs.waiting }),
  'case.export': ({ jobs }) => ({ chosen: { type: 'ids', ids: Object.values(jobs) } }),
  'exports.saveAs': (_world, told) => ({ path: told['case.export']?.path ?? '/none' }),
  'exports.show': (_world, told) => ({ path: told['case.export']?.path ?? '/none' }),
  'malformed.page': () => ({ cursor: null, limit: 10 }),
  'owner.get': ({ workspaceId }) => ({ owner: 'workspace', id: workspaceId }),
  'owner.find': ({ workspaceId }) => ({ beginning: workspaceId, limit: 5 }),
  'owner.ledger': ({ workspaceId }) => ({ owner: 'workspace', id: workspaceId, cursor: null, limit: 10 }),
  'health.get': () => ({ ...hours, groupBy: null, filter: {} }),
  'health.jobs': () => ({ ...hours, moment: 'failed', filter: {} }),
  'failures.list': () => hours,
  'failures.group': (_world, told) => ({
    groupId: told['failures.list']?.groups[0]?.id ?? 'none',
    sinceMs: hours.fromMs,
  }),
  'failures.decide': (_world, told) => ({
    groupId: told['failures.list']?.groups[0]?.id ?? 'none',
    seenVersion: told['failures.list']?.groups[0]?.decision.version ?? 0,
    act: { type: 'resolve', note: 'mended' },
  }),
  'retry.preview': ({ jobs }) => ({ jobId: jobs.failed, reason: 'again', edited: null }),
  'retry.run': ({ jobs }, told) => ({
    requestId: crypto.randomUUID(),
    jobId: jobs.failed,
    version: told['retry.preview']?.version ?? 0,
    reason: 'again',
    edited: null,
  }),
  'cancel.preview': ({ jobs }) => ({ jobId: jobs.waiting }),
  'cancel.run': ({ jobs }) => ({ jobId: jobs.waiting, reason: 'not wanted' }),
  'plans.list': NOTHING,
  'plans.make': ({ jobs }) => ({ wish: { type: 'ids', ids: [jobs.planned] }, reason: 'again' }),
  'plans.get': (_world, told) => ({ planId: planOf(told) }),
  'plans.items': (_world, told) => ({ planId: planOf(told), from: 0, limit: 10 }),
  'plans.run': (_world, told) => ({
    planId: planOf(told),
    ramp: [1],
    limits: { failureRateMax: 1, endedMin: 5, spendCreditsMax: 10_000 },
    typedCredits: null,
  }),
  'plans.wish': (_world, told) => ({ planId: planOf(told), wish: 'stop' }),
  'plans.decide': (_world, told) => ({ planId: planOf(told), decision: 'withdrawn', note: '' }),
  'plans.outcomes': (_world, told) => ({ planId: planOf(told), from: 0, limit: 10 }),
  'plans.export': (_world, told) => ({ planId: planOf(told) }),
  'fleet.list': NOTHING,
  'fleet.limits': NOTHING,
  'fleet.setLimits': (_world, told) => ({ limits: NO_LIMITS, revision: told['fleet.limits']?.revision ?? 0 }),
  'runner.control': () => ({ action: 'pause' }),
  'fleet.control': (_world, told) => ({
    runnerId: told['fleet.list']?.runners[0]?.id ?? 'none',
    wish: { action: 'resume' },
  }),
  'invoices.import': () => ({ name: 'october.csv', provider: 'films', text: 'id,amount_micro_usd\na,77\n' }),
  'invoices.list': NOTHING,
  'reconciliation.get': NOTHING,
  'reconciliation.run': () => ({ scope: { workspaceId: null, period: null } }),
  'reconciliation.runs': NOTHING,
  'reconciliation.findings': (_world, told) => ({ runId: runOf(told), filter: {}, cursor: null, limit: 10 }),
  'reconciliation.finding': (_world, told) => ({ runId: runOf(told), findingId: findingOf(told) }),
  'reconciliation.export': (_world, told) => ({ runId: runOf(told), filter: {} }),
  'reconciliation.repeat': (_world, told) => ({ runId: runOf(told) }),
  'reconciliation.cancel': NOTHING,
  'findings.review': (_world, told) => ({ runId: runOf(told), findingId: findingOf(told) }),
  'findings.reviews': (_world, told) => findingsOf(told),
  'findings.act': (_world, told) => ({
    runId: runOf(told),
    findings: [{ findingId: findingOf(told), seenVersion: null }],
    act: { type: 'comment', text: 'looked at' },
  }),
  'mends.preview': (_world, told) => ({ ...findingsOf(told), reason: 'owed', bookedIn: null }),
  'mends.propose': (_world, told) => ({ ...findingsOf(told), reason: 'owed', bookedIn: null }),
  'mends.list': () => ({ states: ['proposed'] }),
  'mends.ofFinding': (_world, told) => ({ findingId: findingOf(told) }),
  'mends.named': (_world, told) => ({ mendIds: mendsOf(told) }),
  'mends.decide': (_world, told) => ({ mendIds: mendsOf(told), decision: 'approved', note: 'seen' }),
  'mends.post': (_world, told) => ({ mendIds: mendsOf(told) }),
  'statements.get': ({ period }) => ({ period, workspaceId: null }),
  'statements.export': ({ period }) => ({ period, workspaceId: null, format: 'xlsx' }),
  'margin.get': ({ period }) => ({ period }),
  'margin.export': ({ period }) => ({ period, format: 'json' }),
  'periods.list': NOTHING,
  'periods.close': ({ period }) => ({ period }),
  'invoices.remove': (_world, told) => ({ invoiceId: told['invoices.import']?.invoiceId ?? 'none' }),
  'views.put': () => ({ id: 'v1', name: 'mine', href: '/jobs' }),
  'views.list': NOTHING,
  'views.delete': () => ({ id: 'v1' }),
  'drafts.put': ({ jobs }) => ({ ...draft, subjectId: jobs.waiting }),
  'drafts.list': NOTHING,
  'drafts.delete': () => ({ id: 'd1' }),
  'alerts.get': NOTHING,
  'alerts.try': () => alert,
  'alerts.put': () => alert,
  'alerts.quiet': () => ({ isOn: false, fromMinute: 0, toMinute: 1 }),
  'alerts.delete': () => ({ id: 'a1' }),
  'policy.get': NOTHING,
  'policy.replay': () => ({ draft: DEFAULT_RETRY_POLICY, days: 30 }),
  'policy.put': () => ({ basedOn: DEFAULT_RETRY_POLICY.version, draft: policyDraft(), reason: 'for this run' }),
  'redaction.get': NOTHING,
  'redaction.try': () => ({ ...rules, jobs: 10 }),
  'redaction.put': () => ({ basedOn: 0, draft: { rules: [rule] }, reason: 'for this run' }),
  'audit.page': () => ({ filter, cursor: null, limit: 100 }),
  'audit.verify': NOTHING,
  'copy.get': NOTHING,
  'copy.snapshot': () => ({ action: 'resume' }),
  'copy.verify': NOTHING,
  'copy.set': () => ({ keptDays: null, bytesMax: null, keepsPrompts: false }),
  'doctor.run': NOTHING,
  'doctor.diagnostics': NOTHING,
  'profiles.switch': ({ profile, secrets }) => ({ id: profile.id, secrets }),
  'profiles.remove': ({ profile }) => ({ id: profile.id }),
};

const rule: RequestParams<'redaction.put'>['draft']['rules'][number] = {
  id: 'r1',
  label: 'address',
  roles: ['viewer'],
  where: { type: 'pattern', pattern: 'street', ignoresCase: false },
};

function policyDraft(): RequestParams<'policy.put'>['draft'] {
  const { classes, spend } = DEFAULT_RETRY_POLICY;
  return { classes: { ...classes, timeout: { ...classes.timeout, automatic: 7 } }, spend };
}

/** What came of one request: the code of its failure, null where there was none, and the whole answer as text. */
export interface FeatureAnswer {
  readonly name: RequestName;
  readonly code: string | null;
  readonly text: string;
}

/** What is done around one request; it asks, and gives back what came of it. */
export type AroundRequest = (name: RequestName, ask: () => Promise<FeatureAnswer>) => Promise<FeatureAnswer>;

/** What a request is asked with, where nothing was answered before it. */
export function firstParamsOf<Name extends RequestName>(name: Name, world: FeatureWorld): RequestParams<Name> {
  return STEPS[name](world, {});
}

/** Asks every request of the contract once, in an order in which each has something to work on. @returns every answer, in order */
export async function driveEverything(
  window: EngineWindow,
  world: FeatureWorld,
  around: AroundRequest = (_name, ask) => ask(),
): Promise<readonly FeatureAnswer[]> {
  const told: Told = {};
  const answers: FeatureAnswer[] = [];
  for (const raw of Object.keys(STEPS)) {
    const name = requestNameSchema.parse(raw);
    const ask = async (): Promise<FeatureAnswer> => {
      const answer = await driveOne(window, name, world, told);
      return { name, code: answer.ok ? null : answer.error.code, text: JSON.stringify(answer) };
    };
    answers.push(await around(name, ask));
  }
  return answers;
}

async function driveOne<Name extends RequestName>(window: EngineWindow, name: Name, world: FeatureWorld, told: Told) {
  const over =
    name === 'reconciliation.run' || name === 'periods.close'
      ? window.next((event) => event.name === 'reconciliation.changed' && event.state.running === null)
      : null;
  const answer = await window.ask(name, STEPS[name](world, told));
  // What is begun is answered at once and ends with an event.
  if (over !== null && answer.ok && name === 'reconciliation.run') await over;
  if (answer.ok) told[name] = answer.value as Told[Name];
  return answer;
}
