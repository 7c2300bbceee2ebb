import type { ChargeStatus, Job, JobState } from '#domain/job.ts';
import type { FailureClass } from '#domain/failure.ts';
import type { JobRow } from '#contract/job-views.ts';
import { healthFactsOf, type HealthFacts } from '#domain/health/health-facts.ts';
import { textHash } from './document-encoding.ts';

/** How much of a prompt and of an error a line of the list carries, in characters. */
const PROMPT_START_MAX = 160;
const FAILURE_MESSAGE_MAX = 300;
/** How much of a prompt can be searched, in characters. */
const SEARCHED_PROMPT_MAX = 100_000;

/** A row of the table `jobs` without its number. */
export interface JobColumns {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly workspace: string;
  readonly user: string;
  readonly provider: string;
  readonly model: string;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly price: number;
  readonly charge_status: ChargeStatus;
  readonly is_blocked: number;
  readonly failure_class: FailureClass | null;
  readonly failure_code: string | null;
  readonly failure_message: string | null;
  readonly progress_fraction: number | null;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly not_before_ms: number;
  readonly state_since_ms: number;
  readonly version: number;
  readonly text_hash: string;
  readonly prompt_start: string;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  /** Tries that were begun; see {@link HealthFacts}. */
  readonly attempts: number;
  readonly earned: number;
  readonly cost: number;
  readonly is_cost_unknown: number;
  readonly fingerprint: string | null;
  readonly failure_ms: number | null;
}

/** What of a row the roll-ups are computed from. */
export const ROLLED_UP_COLUMNS = [
  'state',
  'kind',
  'provider',
  'model',
  'workspace',
  'user',
  'failure_class',
  'created_ms',
  'started_ms',
  'ended_ms',
  'attempts',
  'price',
  'earned',
  'cost',
  'is_cost_unknown',
  'fingerprint',
  'failure_ms',
] as const satisfies readonly (keyof JobColumns)[];
export type RolledUpJob = Pick<JobColumns, (typeof ROLLED_UP_COLUMNS)[number]>;

/** What a row tells of the health of generation. */
export function healthFactsOfRow(row: RolledUpJob): HealthFacts {
  return {
    kind: row.kind,
    provider: row.provider,
    model: row.model,
    workspace: row.workspace,
    user: row.user,
    state: row.state,
    failureClass: row.failure_class,
    createdMs: row.created_ms,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    attempts: row.attempts,
    priceCredits: row.price,
    earnedCredits: row.earned,
    costMicroUsd: row.cost,
    isCostUnknown: row.is_cost_unknown === 1,
  };
}

/** The columns that a line of the list is made of. */
export const LIST_COLUMNS = `id, kind, state, workspace, user, prompt_start, provider, model, attempt, max_attempts, price,
  charge_status, is_blocked, failure_class, failure_code, failure_message, progress_fraction, created_ms, updated_ms, not_before_ms, fingerprint`;

export type ListColumns = Omit<
  JobColumns,
  | 'state_since_ms'
  | 'version'
  | 'text_hash'
  | 'started_ms'
  | 'ended_ms'
  | 'attempts'
  | 'earned'
  | 'cost'
  | 'is_cost_unknown'
  | 'failure_ms'
>;

/** What of a job can be searched, by field. */
export interface SearchText {
  readonly prompt: string;
  readonly error: string;
  readonly ids: string;
  readonly user: string;
  readonly output: string;
}

/** The text of a job that a search looks through. */
export function searchTextOf(job: Job): SearchText {
  const acceptances = job.attempts.map((attempt) => attempt.acceptanceId ?? '');
  return {
    prompt: job.input.prompt.slice(0, SEARCHED_PROMPT_MAX),
    error: job.failure === null ? '' : `${job.failure.code} ${job.failure.message}`,
    ids: [
      job._id,
      job.workspaceId,
      job.billing.generationId,
      job.provider.acceptanceId ?? '',
      ...new Set(acceptances),
    ].join(' '),
    user: job.userId,
    output: job.output?.uri ?? '',
  };
}

/** The columns of a job. `text` is its {@link searchTextOf}. */
export function toJobColumns(job: Job, text: SearchText): JobColumns {
  const health = healthFactsOf(job);
  return {
    id: job._id,
    kind: job.kind,
    state: job.state,
    workspace: job.workspaceId,
    user: job.userId,
    provider: job.provider.name,
    model: job.provider.model,
    attempt: job.attempt,
    max_attempts: job.maxAttempts,
    price: job.billing.price,
    charge_status: job.billing.status,
    is_blocked: job.billing.blocked === null ? 0 : 1,
    failure_class: job.failure?.class ?? null,
    failure_code: job.failure?.code ?? null,
    failure_message: job.failure?.message.slice(0, FAILURE_MESSAGE_MAX) ?? null,
    progress_fraction: job.progress?.fraction ?? null,
    created_ms: job.createdAt.getTime(),
    updated_ms: job.updatedAt.getTime(),
    not_before_ms: job.notBefore.getTime(),
    // A job without history has been in its state since its last change at the latest.
    state_since_ms: (job.history.at(-1)?.at ?? job.updatedAt).getTime(),
    version: job.version,
    text_hash: textHash([text.prompt, text.error, text.ids, text.user, text.output].join('\0')),
    prompt_start: job.input.prompt.slice(0, PROMPT_START_MAX),
    started_ms: health.startedMs,
    ended_ms: health.endedMs,
    attempts: health.attempts,
    earned: health.earnedCredits,
    cost: health.costMicroUsd,
    is_cost_unknown: health.isCostUnknown ? 1 : 0,
    fingerprint: job.failure?.fingerprint ?? null,
    failure_ms: job.failure?.at.getTime() ?? null,
  };
}

/** The line of the list that a row stands for. */
export function toJobRow(columns: ListColumns): JobRow {
  return {
    id: columns.id,
    kind: columns.kind,
    state: columns.state,
    workspaceId: columns.workspace,
    userId: columns.user,
    promptStart: columns.prompt_start,
    provider: columns.provider,
    model: columns.model,
    attempt: columns.attempt,
    maxAttempts: columns.max_attempts,
    priceCredits: columns.price,
    chargeStatus: columns.charge_status,
    isBlockedForCredit: columns.is_blocked === 1,
    failureClass: columns.failure_class,
    failureCode: columns.failure_code,
    failureMessage: columns.failure_message,
    progressFraction: columns.progress_fraction,
    createdAtMs: columns.created_ms,
    updatedAtMs: columns.updated_ms,
    notBeforeMs: columns.not_before_ms,
    hit: null,
  };
}
