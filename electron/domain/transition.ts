import { owedForCompletion, owedForFailure, type OwedEntry } from './charge.ts';
import type { Classified, Failure } from './failure.ts';
import { buildFailure } from './failure.ts';
import type { Actor } from './ledger.ts';
import type { Attempt, HistoryEntry, Job, JobState, Output, Validation, ValidationCheck } from './job.ts';
import {
  CHECK_MESSAGE_LENGTH_MAX,
  CHECK_NAME_LENGTH_MAX,
  CHECKS_LENGTH_MAX,
  CHECKS_MAX,
  jobSchema,
  lastSeqOf,
  REASON_LENGTH_MAX,
} from './job.ts';
import { err, ok, type Result } from './result.ts';
import type { Collected } from './generation-key.ts';
import { nextState, type IllegalTransition, type JobEventName } from './state-machine.ts';

/** Something that happens to a job, with what it brings. Durations in milliseconds, `providerCost` in micro-USD. */
export type JobEvent =
  | { readonly type: 'claim'; readonly runnerId: string; readonly leaseMs: number }
  | { readonly type: 'generated' }
  | {
      readonly type: 'complete';
      readonly output: Output;
      readonly validation: Validation;
      readonly providerCost: number | null;
      /** What it costs in the end where the price is metered, null for the whole reservation. */
      readonly finalCredits: number | null;
    }
  | {
      readonly type: 'defer';
      readonly failure: Classified;
      readonly delayMs: number;
      readonly providerCost: number | null;
      readonly validation: Validation | null;
    }
  | {
      readonly type: 'fail';
      readonly failure: Classified;
      readonly charge: 'release' | 'capture';
      /** What is kept where the charge is captured; left out or null for the whole reservation. */
      readonly finalCredits?: number | null;
      readonly providerCost: number | null;
      readonly validation: Validation | null;
    }
  | {
      readonly type: 'requeue';
      readonly generationId: string;
      readonly priceCredits: number;
      /** The last generation's purchase, where its result is collected and not bought again; left out or null otherwise. */
      readonly collects?: Collected | null;
    };

/** Who makes a change, why, and under which version of the retry policy it was decided (null where none was asked). */
export interface ChangeContext {
  readonly actor: Actor;
  readonly reason: string;
  readonly policyVersion: number | null;
}

/**
 * One atomic change of a job, without any time: whoever applies it stamps it with the server's clock. It is valid only for
 * the version of the job that it was planned from.
 */
export interface JobChange {
  readonly jobId: string;
  /** What the job must still be; otherwise nothing is written. */
  readonly guard: { readonly version: number; readonly state: JobState; readonly leaseToken: number };
  readonly event: JobEventName;
  readonly to: JobState;
  readonly history: Omit<HistoryEntry, 'at'>;
  /** The number of attempts after the change. */
  readonly attempt: number;
  /** When not null, the job is not due before that many milliseconds from now. */
  readonly dueInMs: number | null;
  readonly lease:
    | { readonly type: 'take'; readonly runnerId: string; readonly token: number; readonly ttlMs: number }
    | { readonly type: 'keep' }
    | { readonly type: 'drop' };
  readonly openAttempt: {
    readonly n: number;
    readonly generationId: string;
    readonly runnerId: string;
    readonly provider: string;
    readonly model: string;
  } | null;
  readonly closeAttempt: {
    readonly providerCost: number | null;
    readonly failure: Omit<Failure, 'at'> | null;
    readonly validation: Validation | null;
  } | null;
  /** The job's failure, output and validation after the change. */
  readonly failure: Omit<Failure, 'at'> | null;
  readonly output: Output | null;
  readonly validation: Validation | null;
  /** Entries that the change owes; they are appended to `billing.pending` in the same write. */
  readonly owes: readonly OwedEntry[];
  /** A new generation that starts with this change, with figures of its own. */
  readonly generation: {
    readonly id: string;
    readonly priceCredits: number;
    readonly collects: Collected | null;
  } | null;
}

/**
 * Decides what an event does to a job: the whole change as data, or the refusal of the state machine. A requeue is refused in
 * the same way while the last generation still owes entries, which would otherwise be taken for the new one's. Text that is
 * longer than a document may hold is cut, so that no change turns a job into something that is none.
 */
export function planChange(job: Job, event: JobEvent, context: ChangeContext): Result<JobChange, IllegalTransition> {
  const next = nextState(job.state, event.type);
  if (!next.ok) return err(next.error);
  if (event.type === 'requeue' && job.billing.pending.length > 0) {
    return err({ code: 'illegal_transition', from: job.state, event: event.type });
  }
  const to = next.value;
  const attempt = event.type === 'claim' ? job.attempt + 1 : job.attempt;
  const base: JobChange = {
    jobId: job._id,
    guard: { version: job.version, state: job.state, leaseToken: job.leaseToken },
    event: event.type,
    to,
    history: {
      seq: lastSeqOf(job) + 1,
      from: job.state,
      to,
      attempt,
      ...context,
      reason: context.reason.slice(0, REASON_LENGTH_MAX),
    },
    attempt,
    dueInMs: null,
    lease: { type: 'drop' },
    openAttempt: null,
    closeAttempt: null,
    failure: null,
    output: null,
    validation: job.validation,
    owes: [],
    generation: null,
  };
  return ok({ ...base, ...effectsOf(job, withinLimits(event), attempt) });
}

/** The event with no more checks, and no longer ones, than a document may hold; those that did not pass are kept first and longest. */
function withinLimits(event: JobEvent): JobEvent {
  if (!('validation' in event) || event.validation === null) return event;
  const { passed, checks } = event.validation;
  const kept = checks.length <= CHECKS_MAX ? checks : failedFirst(checks).slice(0, CHECKS_MAX);
  const named = kept.map((check) => ({ ...check, name: check.name.slice(0, CHECK_NAME_LENGTH_MAX) }));
  let left = CHECKS_LENGTH_MAX - named.reduce((length, { name }) => length + name.length, 0);
  const messages = new Map<ValidationCheck, string>();
  for (const check of failedFirst(named)) {
    const message = check.message.slice(0, Math.max(0, Math.min(CHECK_MESSAGE_LENGTH_MAX, left)));
    messages.set(check, message);
    left -= message.length;
  }
  const cut = named.map((check) => ({ ...check, message: messages.get(check) ?? '' }));
  return { ...event, validation: { passed, checks: cut } };
}

function failedFirst(checks: readonly ValidationCheck[]): readonly ValidationCheck[] {
  return [...checks.filter(({ passed }) => !passed), ...checks.filter(({ passed }) => passed)];
}

function effectsOf(job: Job, event: JobEvent, attempt: number): Partial<JobChange> {
  switch (event.type) {
    case 'claim':
      return {
        lease: { type: 'take', runnerId: event.runnerId, token: job.leaseToken + 1, ttlMs: event.leaseMs },
        openAttempt: {
          n: attempt,
          generationId: job.billing.generationId,
          runnerId: event.runnerId,
          provider: job.provider.name,
          model: job.provider.model,
        },
        validation: null,
      };
    case 'generated':
      return { lease: { type: 'keep' } };
    case 'complete':
      return {
        closeAttempt: { providerCost: event.providerCost, failure: null, validation: event.validation },
        output: event.output,
        validation: event.validation,
        owes: owedForCompletion(job.billing, event.finalCredits),
      };
    case 'defer': {
      const failure = draftFailure(job, event.failure);
      return {
        dueInMs: event.delayMs,
        closeAttempt: { providerCost: event.providerCost, failure, validation: event.validation },
        failure,
        validation: event.validation,
      };
    }
    case 'fail': {
      const failure = draftFailure(job, event.failure);
      const isOpen = job.state === 'running' || job.state === 'validating';
      return {
        closeAttempt: isOpen ? { providerCost: event.providerCost, failure, validation: event.validation } : null,
        failure,
        validation: event.validation ?? job.validation,
        owes: owedForFailure(job.billing, event.charge, `failed: ${failure.class}`, event.finalCredits),
      };
    }
    case 'requeue':
      return {
        dueInMs: 0,
        validation: null,
        generation: {
          id: event.generationId,
          priceCredits: event.priceCredits,
          collects: event.collects ?? null,
        },
      };
  }
}

function draftFailure(job: Job, classified: Classified): Omit<Failure, 'at'> {
  const { at: _at, ...draft } = buildFailure(classified, job.provider.name, job.provider.model, new Date(0));
  return draft;
}

/**
 * Applies a planned change to the job it was planned from: what the store's update does on the server, in plain values. The
 * two are held against each other by a test.
 *
 * @param now the time to stamp it with
 * @returns the job after the change, or null where the guard does not hold any more
 */
export function applyChange(job: Job, change: JobChange, now: Date): Job | null {
  const { guard } = change;
  if (job.version !== guard.version || job.state !== guard.state || job.leaseToken !== guard.leaseToken) return null;
  const isBegunAnew = change.openAttempt !== null || change.generation !== null;
  return jobSchema.parse({
    ...job,
    state: change.to,
    version: job.version + 1,
    attempt: change.attempt,
    notBefore: change.dueInMs === null ? job.notBefore : new Date(now.getTime() + change.dueInMs),
    updatedAt: now,
    lease: leaseAfter(job, change, now),
    leaseToken: change.lease.type === 'take' ? change.lease.token : job.leaseToken,
    provider: isBegunAnew ? { ...job.provider, acceptanceId: null } : job.provider,
    progress: change.lease.type === 'keep' ? job.progress : null,
    history: [...job.history, { ...change.history, at: now }],
    attempts: attemptsAfter(job, change, now),
    validation: change.validation,
    failure: change.failure === null ? null : { ...change.failure, at: now },
    output: change.output,
    billing: billingAfter(job, change, now),
  });
}

function attemptsAfter(job: Job, { attempt: n, closeAttempt, openAttempt }: JobChange, now: Date): readonly Attempt[] {
  const attempts = job.attempts.map((attempt) =>
    closeAttempt === null || attempt.n !== n
      ? attempt
      : {
          ...attempt,
          endedAt: now,
          acceptanceId: job.provider.acceptanceId,
          providerCost: closeAttempt.providerCost,
          failure: closeAttempt.failure === null ? null : { ...closeAttempt.failure, at: now },
          validation: closeAttempt.validation,
        },
  );
  if (openAttempt === null) return attempts;
  const unended = { endedAt: null, acceptanceId: null, providerCost: null, failure: null, validation: null };
  return [...attempts, { ...openAttempt, startedAt: now, ...unended }];
}

function billingAfter(job: Job, { generation, owes, attempt, history }: JobChange, now: Date): Job['billing'] {
  if (generation === null) {
    const owed = owes.map((entry) => ({ ...entry, attempt, at: now, actor: history.actor }));
    return { ...job.billing, pending: [...job.billing.pending, ...owed] };
  }
  return {
    ...job.billing,
    status: 'not_charged',
    generationId: generation.id,
    price: generation.priceCredits,
    reserved: 0,
    captured: 0,
    refunded: 0,
    blocked: null,
    collects: generation.collects,
  };
}

function leaseAfter(job: Job, change: JobChange, now: Date): Job['lease'] {
  switch (change.lease.type) {
    case 'keep':
      return job.lease;
    case 'drop':
      return null;
    case 'take':
      return {
        runnerId: change.lease.runnerId,
        token: change.lease.token,
        expiresAt: new Date(now.getTime() + change.lease.ttlMs),
        heartbeatAt: now,
      };
  }
}
