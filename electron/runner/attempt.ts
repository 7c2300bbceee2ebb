import {
  classifyFailure,
  FAILURE_MESSAGE_LENGTH_MAX,
  isGivenBack,
  type Classified,
  type FailureEvidence,
} from '#domain/failure.ts';
import type { AppError } from '#domain/errors.ts';
import {
  finalCreditsOfJob,
  keptCreditsOfJob,
  type Job,
  type LeasedJob,
  type Output,
  type Validation,
} from '#domain/job.ts';
import { findKind, type JobKind, type JobKindName } from '#domain/kinds.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { decideRetry, retrySubject, type RetryPolicy } from '#domain/retry-policy.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { ArtefactTooLarge, type ArtefactFolder, type ArtefactWriter } from './artefacts.ts';
import { generationKey } from '#domain/generation-key.ts';
import { firstFailureOf, safeParse } from '#domain/safe-parse.ts';
import { ProviderCall, unkeptNote } from './provider-call.ts';
import type { GenerationFailure, GenerationRequest, Provider } from './provider.ts';
import type { CheckThreads } from './validators/check-threads.ts';
import { advisory } from './validators/checks.ts';
import type { Validate } from './validators/validate.ts';

/** What an attempt needs besides its job. */
export interface AttemptContext {
  readonly runnerId: string;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly validators: Readonly<Record<JobKindName, Validate>>;
  /** Finds schemas that cannot be used before anything is bought for them. */
  readonly schemas: Pick<CheckThreads, 'problemOf'>;
  readonly artefacts: ArtefactFolder;
  readonly policy: RetryPolicy;
  readonly apply: (change: JobChange) => Promise<Result<void, AppError>>;
  /** True where somebody has cancelled the job meanwhile. */
  readonly isCancelled: (jobId: string) => Promise<boolean>;
  readonly accepted: (job: LeasedJob, acceptanceId: string) => Promise<Result<void, AppError>>;
  readonly progress: (job: LeasedJob, fraction: number, message: string) => void;
  /** Told how many tokens a request took, where its provider says so. */
  readonly tokensUsed: (provider: string, tokens: number) => void;
  /** Told where a provider asked to be left alone for that long, in milliseconds. */
  readonly heldBack: (provider: string, forMs: number) => void;
  readonly random: () => number;
  /** For the copy of the job that the attempt carries on with; what is stored is stamped by the server. */
  readonly now: () => Date;
}

/** Why an attempt is stopped from outside; the reason of its abort signal. */
export type StopReason = 'lease_lost' | 'runner_stopped';

/** How an attempt ended, for the log and the counts of the runner. */
export type AttemptOutcome =
  | { readonly type: 'completed' }
  | { readonly type: 'deferred'; readonly failure: Classified }
  | { readonly type: 'failed'; readonly failure: Classified }
  /** Nothing was written at the end, because the lease is another's or the server refused: whoever rescues the job goes on. */
  | { readonly type: 'abandoned'; readonly error: AppError };

/**
 * Checks of one artefact may take this long, in milliseconds. Those that a hostile artefact can draw out have limits of their own, and may
 * have to wait behind each other; meanwhile the lease is prolonged.
 */
const VALIDATION_MS_MAX = 600_000;
/** Checks that are not over so soon after a stop are left to the next attempt, in milliseconds. */
const LEAVING_MS_MAX = 3000;

/** Errors of a write that say that it does not stand. */
const NOTHING_WRITTEN: ReadonlySet<AppError['code']> = new Set(['lease_lost', 'write_conflict']);

interface Made {
  readonly output: ArtefactWriter;
  readonly providerCost: number | null;
  readonly acceptanceId: string | null;
}

/** What went wrong, on the way to being classified. */
interface Problem {
  readonly evidence: FailureEvidence;
  readonly retryAfterMs: number;
  readonly providerCost: number | null;
  /** Of the purchase that the attempt made or collected, null where it gave it no name. */
  readonly acceptanceId: string | null;
  readonly validation: Validation | null;
}

/**
 * Drives one claimed job through one attempt: generate, validate, complete; or ask the policy what a failure means. Each
 * change of state is one guarded write, and the next one's guard contains it; when one is refused the attempt ends without
 * another word.
 */
export async function runAttempt(job: LeasedJob, context: AttemptContext, stop: AbortSignal): Promise<AttemptOutcome> {
  const kind = findKind(job.kind);
  if (kind === undefined)
    return settleFailure(job, context, problem({ source: 'input', message: `No runner knows the kind ${job.kind}.` }));
  const options = safeParse(kind.optionsSchema, job.input.options);
  if (!options.success) {
    const message = `The options cannot be used: ${firstFailureOf(options.error)}`;
    return settleFailure(job, context, problem({ source: 'input', message }));
  }
  const unusable = await context.schemas.problemOf(options.data, stop);
  if (unusable !== null) return settleFailure(job, context, problem({ source: 'input', message: unusable }));
  const made = await generate(job, kind, options.data, context, stop);
  if (!made.ok) return settleFailure(job, context, made.error);
  const { output, providerCost, acceptanceId } = made.value;
  try {
    // The checks need not wait for the write: what follows from it is refused where it was, and goes with it where it waits.
    const validating = begin(job, { type: 'generated' }, context);
    if (!validating.ok) return { type: 'abandoned', error: validating.error };
    const checked = validating.value.after;
    const judged = await inTime(context.validators[kind.name as JobKindName](output.path, options.data), stop);
    const validation = judged === null ? null : withNote(judged, unkeptNote(acceptanceId));
    if (validation === null)
      return await settleFailure(checked, context, { ...givenBack(stop), providerCost, acceptanceId });
    if (!validation.passed) {
      return await settleFailure(checked, context, { ...validationProblem(validation), providerCost, acceptanceId });
    }
    const outcome = await complete(checked, context, await output.keep(), validation, made.value);
    // Without an answer the job may refer to it; only where nothing was written does nobody.
    if (outcome.type === 'abandoned' && NOTHING_WRITTEN.has(outcome.error.code)) await output.withdraw();
    return outcome;
  } finally {
    await output.discard();
  }
}

/**
 * A validator that never comes back must not hold its job for ever: what it would have said is a failed check. Nor does it hold who is
 * leaving.
 * @returns null where the attempt was stopped and the checks did not end soon after
 */
async function inTime(validating: Promise<Validation>, stop: AbortSignal): Promise<Validation | null> {
  const late = Promise.withResolvers<Validation | null>();
  const timers = [
    setTimeout(() => {
      const message = 'The checks did not come to an end.';
      late.resolve({ passed: false, checks: [{ name: 'in_time', passed: false, severity: 'error', message }] });
    }, VALIDATION_MS_MAX),
  ];
  const leave = (): void => void timers.push(setTimeout(() => late.resolve(null), LEAVING_MS_MAX));
  if (stop.aborted) leave();
  else stop.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([validating, late.promise]);
  } finally {
    stop.removeEventListener('abort', leave);
    for (const timer of timers) clearTimeout(timer);
  }
}

/** The checks with what else the job should show, which fails nothing. */
function withNote(validation: Validation, unkept: string | null): Validation {
  if (unkept === null) return validation;
  return { ...validation, checks: [...validation.checks, advisory('acceptance_kept', false, unkept)] };
}

/** Calls the provider within the kind's hard time-out, or collects what it has already accepted. */
async function generate(
  job: LeasedJob,
  kind: JobKind,
  options: Record<string, unknown>,
  context: AttemptContext,
  stop: AbortSignal,
): Promise<Result<Made, Problem>> {
  const provider = context.providers.get(job.provider.name);
  if (provider === undefined) {
    return err(
      problem({
        source: 'http',
        status: 401,
        code: 'provider_missing',
        message: `This runner has no provider ${job.provider.name}.`,
      }),
    );
  }
  const output = await context.artefacts.create({
    jobId: job._id,
    generationId: job.billing.generationId,
    attempt: job.attempt,
    ...kind.artefactOf(options),
  });
  const deadline = AbortSignal.timeout(kind.hardTimeoutMs);
  const signal = AbortSignal.any([stop, deadline]);
  const call = new ProviderCall(provider, job, context, output);
  const softTimer = setTimeout(() => call.tellSlow(), kind.softTimeoutMs);
  try {
    const result = await call.run(requestOf(job, kind, options), signal);
    if (result.ok) {
      await output.finish();
      return ok({ output, providerCost: result.value.providerCostMicroUsd, acceptanceId: call.acceptanceId });
    }
    await output.discard();
    await call.cancelUnwanted(stop, deadline);
    const what = stoppedProblem(stop, deadline, kind, call) ?? fromProvider(result.error);
    return err({ ...what, acceptanceId: call.acceptanceId });
  } catch (cause) {
    await output.discard();
    await call.cancelUnwanted(stop, deadline);
    const message = cause instanceof Error ? cause.message : String(cause);
    const what =
      cause instanceof ArtefactTooLarge
        ? problem({ source: 'reply', message })
        : (stoppedProblem(stop, deadline, kind, call) ?? problem({ source: 'exception', message }));
    return err({ ...what, acceptanceId: call.acceptanceId });
  } finally {
    clearTimeout(softTimer);
  }
}

function requestOf(job: LeasedJob, kind: JobKind, options: Record<string, unknown>): GenerationRequest {
  return {
    kind: job.kind,
    prompt: job.input.prompt,
    options,
    model: job.provider.model,
    idempotencyKey: generationKey(job),
    timeoutMs: kind.hardTimeoutMs,
  };
}

function stoppedProblem(
  stop: AbortSignal,
  deadline: AbortSignal,
  kind: JobKind,
  { isLost }: Pick<ProviderCall, 'isLost'>,
): Problem | null {
  if (stop.aborted) return givenBack(stop);
  // The adapter calls it cancelled, because it was told to stop; nobody has cancelled the job, and whoever has it goes on.
  if (isLost) return problem({ source: 'network', code: 'lease_lost', message: 'The lease was lost.' });
  return deadline.aborted ? problem({ source: 'timeout', limitMs: kind.hardTimeoutMs }) : null;
}

/** Leaves what was bought to whoever goes on with the job. */
function givenBack(stop: AbortSignal): Problem {
  return problem({ source: 'network', code: String(stop.reason), message: 'The runner stopped before it was done.' });
}

const NOTHING_KNOWN = {
  retryAfterMs: 0,
  providerCost: null,
  acceptanceId: null,
  validation: null,
} as const;

function problem(evidence: FailureEvidence): Problem {
  return { ...NOTHING_KNOWN, evidence };
}

function fromProvider(failure: GenerationFailure): Problem {
  const { evidence, retryAfterMs, providerCostMicroUsd } = failure;
  return { ...NOTHING_KNOWN, evidence, retryAfterMs, providerCost: providerCostMicroUsd };
}

function validationProblem(validation: Validation): Problem {
  const failed = validation.checks.filter((check) => !check.passed && check.severity === 'error');
  return {
    ...NOTHING_KNOWN,
    evidence: {
      source: 'validation',
      failedChecks: failed.map((check) => check.name),
      message: failed.map((check) => check.message).join(' '),
    },
    validation,
  };
}

async function complete(
  job: LeasedJob,
  context: AttemptContext,
  output: Output,
  validation: Validation,
  { providerCost, acceptanceId }: Made,
): Promise<AttemptOutcome> {
  const finalCredits = finalCreditsOfJob(job, providerCost, acceptanceId);
  const done = await advance(job, { type: 'complete', output, validation, providerCost, finalCredits }, context);
  return done.ok ? { type: 'completed' } : { type: 'abandoned', error: done.error };
}

/** Asks the one function that decides about retries, and writes what it says. */
async function settleFailure(job: LeasedJob, context: AttemptContext, what: Problem): Promise<AttemptOutcome> {
  const classified = classifyFailure(what.evidence);
  const unkept = unkeptNote(what.acceptanceId);
  // What a provider says at length leaves room for what is said of its purchase.
  const message =
    unkept === null
      ? classified.message
      : `${classified.message.slice(0, FAILURE_MESSAGE_LENGTH_MAX - unkept.length - 1)} ${unkept}`;
  const failure = { ...classified, message };
  // A provider that asks for a pause asks it of everybody, by whatever status.
  if (what.retryAfterMs > 0) context.heldBack(job.provider.name, what.retryAfterMs);
  // The job as it was claimed does not know what was accepted since.
  const known = { ...job, provider: { ...job.provider, acceptanceId: what.acceptanceId } };
  const { event, reason, policyVersion } = failureEvent(known, failure, what, context);
  const written = await advance(job, event, context, { reason, policyVersion });
  if (!written.ok) return { type: 'abandoned', error: written.error };
  return { type: event.type === 'defer' ? 'deferred' : 'failed', failure };
}

/** What a failure means by the policy: another attempt later, or the end with release or capture. */
export function failureEvent(
  job: LeasedJob,
  failure: Classified,
  what: Pick<Problem, 'retryAfterMs' | 'providerCost' | 'validation'>,
  context: Pick<AttemptContext, 'policy' | 'random'>,
): {
  readonly event: Extract<JobEvent, { type: 'defer' | 'fail' }>;
  readonly reason: string;
  readonly policyVersion: number;
} {
  const { policy } = context;
  const verdict = decideRetry({
    job: retrySubject(job),
    failureClass: failure.class,
    chargeStatus: job.billing.status,
    pendingEntries: job.billing.pending.length,
    asker: { type: 'runner', isGivenBack: isGivenBack(failure) },
    policy,
    retryAfterMs: what.retryAfterMs,
    random: context.random(),
  });
  const { providerCost, validation } = what;
  const event =
    verdict.verdict === 'retry'
      ? ({ type: 'defer', failure, delayMs: verdict.delayMs, providerCost, validation } as const)
      : ({
          type: 'fail',
          failure,
          charge: policy.classes[failure.class].charge,
          finalCredits: keptCreditsOfJob(job, { acceptanceId: job.provider.acceptanceId, providerCost }),
          providerCost,
          validation,
        } as const);
  return { event, reason: verdict.why.slice(0, 500), policyVersion: verdict.policyVersion };
}

const DEFAULT_WHY = (event: JobEvent): Why => ({ reason: event.type, policyVersion: null });

interface Why {
  readonly reason: string;
  readonly policyVersion: number | null;
}

/** Hands one event of the job to be written. @returns the job as it is then, and what becomes of the write */
function begin(
  job: LeasedJob,
  event: JobEvent,
  context: AttemptContext,
  why: Why = DEFAULT_WHY(event),
): Result<{ readonly after: LeasedJob; readonly written: Promise<Result<void, AppError>> }, AppError> {
  const change = planChange(job, event, { actor: { type: 'runner', id: context.runnerId }, ...why });
  if (!change.ok) return err({ code: 'illegal_transition', detail: `${job._id}: ${job.state} has no ${event.type}` });
  const written = context.apply(change.value);
  const after: Job | null = applyChange(job, change.value, context.now());
  // Only `generated` leads on to a state in which the attempt continues; after the others nobody looks at the job here.
  const isGoingOn = after !== null && (after.state === 'running' || after.state === 'validating');
  return ok({ after: isGoingOn ? after : job, written });
}

/** Writes one event of the job. */
async function advance(
  job: LeasedJob,
  event: JobEvent,
  context: AttemptContext,
  why?: Why,
): Promise<Result<void, AppError>> {
  const begun = begin(job, event, context, why);
  return begun.ok ? begun.value.written : begun;
}
