import { z } from 'zod';
import { counted } from './counted.ts';
import { creditsSchema } from './credits.ts';
import { failureClassSchema, isGivenBack, type FailureClass } from './failure.ts';
import type { Attempt, ChargeStatus, Job } from './job.ts';

/** What a person may do with a failed job of a class. */
export const personRuleSchema = z.enum(['as_is', 'edited_input', 'with_reason', 'never']);

/** One row of the class matrix. `automatic` counts retries after the first attempt that failed in this class. Times in milliseconds. */
export const classRuleSchema = z.object({
  automatic: z.int().min(0).max(50),
  backoffBaseMs: z.int().min(0).max(3_600_000),
  backoffMaxMs: z.int().min(0).max(86_400_000),
  person: personRuleSchema,
  /** What becomes of the hold when the job ends in this class: given back, or kept as earned. */
  charge: z.enum(['release', 'capture']),
  why: z.string().min(1).max(300),
});
export type ClassRule = z.infer<typeof classRuleSchema>;

/** A version of the retry policy. Versions are never changed once in force; each decision records the version it was made under. */
export const retryPolicySchema = z.object({
  version: z.int().positive(),
  classes: z.record(failureClassSchema, classRuleSchema),
  /** What one plan may spend before its amount is typed, and before another person approves it too. Credits. */
  spend: z
    .object({ typedCredits: creditsSchema, approvalCredits: creditsSchema })
    .default({ typedCredits: 10_000, approvalCredits: 100_000 }),
});
export type RetryPolicy = z.infer<typeof retryPolicySchema>;

const noBackoff = { automatic: 0, backoffBaseMs: 0, backoffMaxMs: 0 };

/** The policy that is in force until somebody writes another. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  version: 1,
  spend: { typedCredits: 10_000, approvalCredits: 100_000 },
  classes: {
    temporary: {
      automatic: 4,
      backoffBaseMs: 2_000,
      backoffMaxMs: 300_000,
      person: 'as_is',
      charge: 'release',
      why: 'The provider or the way to it was down; the same request may succeed later.',
    },
    rate_limit: {
      automatic: 6,
      backoffBaseMs: 5_000,
      backoffMaxMs: 600_000,
      person: 'as_is',
      charge: 'release',
      why: 'The provider asked us to slow down; waiting helps.',
    },
    timeout: {
      automatic: 2,
      backoffBaseMs: 10_000,
      backoffMaxMs: 300_000,
      person: 'as_is',
      charge: 'release',
      why: 'The attempt took too long; a second one often does not.',
    },
    provider: {
      automatic: 1,
      backoffBaseMs: 30_000,
      backoffMaxMs: 600_000,
      person: 'with_reason',
      charge: 'release',
      why: 'The provider failed in a way of its own (account, malformed reply); somebody should know why it would now work.',
    },
    validation: {
      automatic: 1,
      backoffBaseMs: 1_000,
      backoffMaxMs: 60_000,
      person: 'as_is',
      charge: 'release',
      why: 'The output failed our checks; a fresh generation may pass, a third rarely does.',
    },
    input: {
      ...noBackoff,
      person: 'edited_input',
      charge: 'release',
      why: 'The request itself is wrong; the same input cannot succeed.',
    },
    policy: {
      ...noBackoff,
      person: 'edited_input',
      charge: 'release',
      why: 'The provider refused the content; the same input will be refused again.',
    },
    credit: {
      ...noBackoff,
      person: 'as_is',
      charge: 'release',
      why: 'The customer could not pay for it; after a top-up it can run.',
    },
    cancelled: {
      ...noBackoff,
      person: 'with_reason',
      charge: 'release',
      why: 'Somebody stopped it on purpose; starting it again needs a reason.',
    },
    unknown: {
      ...noBackoff,
      person: 'with_reason',
      charge: 'release',
      why: 'Nobody knows yet what happened; look before you try again.',
    },
  },
};

/** How often runners may give one generation back before that counts as an attempt, so that it comes to an end whatever stops them. */
const GIVEN_BACK_MAX = 20;

/** Who asks for a retry: the runner by itself after a failure, or a person with what they bring. */
export type RetryAsker =
  /** `isGivenBack` where nothing failed: it stops on purpose, before it was done. */
  | { readonly type: 'runner'; readonly isGivenBack: boolean }
  | { readonly type: 'person'; readonly reason: string | null; readonly editedInputHash: string | null };

/** What the decision needs to know; nothing in it is read from anywhere else. */
export interface RetryQuestion {
  readonly job: {
    readonly state: Job['state'];
    /** Attempts that one generation may take. */
    readonly maxAttempts: number;
    readonly inputHash: string;
    readonly attempts: readonly Pick<Attempt, 'failure' | 'generationId'>[];
    readonly generationId: string;
  };
  readonly failureClass: FailureClass;
  readonly chargeStatus: ChargeStatus;
  /** How many ledger entries the job still owes; a new generation starts only when the old one is settled. */
  readonly pendingEntries: number;
  readonly asker: RetryAsker;
  readonly policy: RetryPolicy;
  /** What the provider asked us to wait, in milliseconds, 0 where it did not. */
  readonly retryAfterMs: number;
  /** A number from 0 up to but not including 1. */
  readonly random: number;
}

/** What {@link decideRetry} needs to know of a job. */
export function retrySubject(job: Job): RetryQuestion['job'] {
  return {
    state: job.state,
    maxAttempts: job.maxAttempts,
    inputHash: job.input.hash,
    attempts: job.attempts,
    generationId: job.billing.generationId,
  };
}

/** Why a retry is not allowed; exactly one cause, the first that applies in this order. */
export type RetryBlock =
  | 'not_failed'
  | 'charge_unknown'
  | 'charge_pending'
  | 'attempts_used_up'
  | 'class_not_automatic'
  | 'class_limit_reached'
  | 'class_never';

/** The answer: retry (after a delay), collect what the provider already accepted, edit the input first, give a reason, or blocked. */
export type RetryVerdict =
  | { readonly verdict: 'retry'; readonly delayMs: number; readonly policyVersion: number; readonly why: string }
  | { readonly verdict: 'edit_input'; readonly policyVersion: number; readonly why: string }
  | { readonly verdict: 'needs_reason'; readonly policyVersion: number; readonly why: string }
  | { readonly verdict: 'blocked'; readonly cause: RetryBlock; readonly policyVersion: number; readonly why: string };

/**
 * The one function that decides whether a retry may happen. The runner, a single retry, a bulk retry and the command line all
 * go through it. Pure: the same question has the same answer.
 */
export function decideRetry(question: RetryQuestion): RetryVerdict {
  const { policy, failureClass, asker, job } = question;
  const rule = ruleOf(policy, failureClass);
  const policyVersion = policy.version;
  const blocked = (cause: RetryBlock, why: string): RetryVerdict => ({ verdict: 'blocked', cause, policyVersion, why });

  if (question.chargeStatus === 'unknown') {
    return blocked('charge_unknown', 'It cannot be proved what was charged; resolve that first.');
  }
  if (asker.type === 'runner') {
    if (job.state !== 'running' && job.state !== 'validating') return blocked('not_failed', `The job is ${job.state}.`);
    if (rule.automatic === 0) return blocked('class_not_automatic', rule.why);
    const attempts = job.attempts.filter((attempt) => attempt.generationId === job.generationId);
    const used = attemptsUsed(attempts, asker.isGivenBack);
    if (used >= job.maxAttempts) {
      return blocked(
        'attempts_used_up',
        job.maxAttempts === 1 ? 'Its only attempt is used up.' : `All ${job.maxAttempts} attempts are used up.`,
      );
    }
    const failures = attempts.filter(({ failure }) => failure?.class === failureClass && !isGivenBack(failure)).length;
    if (!asker.isGivenBack && failures >= rule.automatic) {
      return blocked('class_limit_reached', `Already retried ${counted(failures, 'time')} for this class of failure.`);
    }
    return { verdict: 'retry', delayMs: backoffMs(rule, failures + 1, question), policyVersion, why: rule.why };
  }
  if (job.state !== 'failed') return blocked('not_failed', `The job is ${job.state}; only a failed job is retried.`);
  if (question.pendingEntries > 0) {
    return blocked('charge_pending', 'Ledger entries of the last generation are still being posted.');
  }
  switch (rule.person) {
    case 'never':
      return blocked('class_never', rule.why);
    case 'edited_input':
      return asker.editedInputHash === null || asker.editedInputHash === job.inputHash
        ? { verdict: 'edit_input', policyVersion, why: rule.why }
        : { verdict: 'retry', delayMs: 0, policyVersion, why: 'The input was edited.' };
    case 'with_reason':
      return asker.reason === null || asker.reason.trim() === ''
        ? { verdict: 'needs_reason', policyVersion, why: rule.why }
        : { verdict: 'retry', delayMs: 0, policyVersion, why: rule.why };
    case 'as_is':
      return { verdict: 'retry', delayMs: 0, policyVersion, why: rule.why };
  }
}

/**
 * How many of a generation's attempts count against those that it may take.
 * @param isGivenBackNow whether the one under way, which has no failure yet, is given back by a runner that stops
 */
export function attemptsUsed(attempts: readonly Pick<Attempt, 'failure'>[], isGivenBackNow: boolean): number {
  const earlier = attempts.filter(({ failure }) => failure !== null && isGivenBack(failure)).length;
  return attempts.length - Math.min(earlier + (isGivenBackNow ? 1 : 0), GIVEN_BACK_MAX);
}

/** The policy's rule, within what no policy may allow: the same input after an `input` failure. */
function ruleOf(policy: RetryPolicy, failureClass: FailureClass): ClassRule {
  const rule = policy.classes[failureClass];
  if (failureClass !== 'input') return rule;
  return { ...rule, automatic: 0, person: rule.person === 'never' ? 'never' : 'edited_input' };
}

/**
 * Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015): a uniform share of
 * `min(max, base * 2^(n-1))`, never less than the provider asked for.
 */
function backoffMs(
  rule: ClassRule,
  failures: number,
  question: Pick<RetryQuestion, 'random' | 'retryAfterMs'>,
): number {
  const ceiling = Math.min(rule.backoffMaxMs, rule.backoffBaseMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(question.retryAfterMs, Math.floor(question.random * ceiling));
}
