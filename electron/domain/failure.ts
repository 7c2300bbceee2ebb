import { z } from 'zod';
import { shownCredits } from './credits.ts';

/**
 * Why a generation did not come to its end. The class decides whether a retry can help and what happens to the charge;
 * the retry policy says so for each class.
 *
 * - `temporary` the provider or the way to it was down; the same request may succeed later
 * - `rate_limit` the provider asked us to slow down
 * - `timeout` the attempt took longer than its hard limit
 * - `provider` the provider failed in a way that is its own (5xx with a meaning, malformed reply, refused account)
 * - `validation` a result came and failed our checks
 * - `input` the request itself is wrong: the same input cannot succeed
 * - `policy` the provider refused the content
 * - `credit` the customer cannot pay for it
 * - `cancelled` a person or the product stopped it
 * - `unknown` nothing above could be shown
 */
export const failureClassSchema = z.enum([
  'temporary',
  'rate_limit',
  'timeout',
  'provider',
  'validation',
  'input',
  'policy',
  'credit',
  'cancelled',
  'unknown',
]);
export type FailureClass = z.infer<typeof failureClassSchema>;

/** The most characters of a failure's message that a document holds. */
export const FAILURE_MESSAGE_LENGTH_MAX = 4000;

/** A failure as it stands in a job or an attempt. `fingerprint` groups failures that have one cause. */
export const failureSchema = z.object({
  class: failureClassSchema,
  code: z.string().min(1).max(100),
  message: z.string().max(FAILURE_MESSAGE_LENGTH_MAX),
  fingerprint: z.string().min(1).max(200),
  at: z.date(),
});
export type Failure = z.infer<typeof failureSchema>;

/** What is known when something goes wrong, before it is classified; adapters and validators fill in what they have. */
export type FailureEvidence =
  | { readonly source: 'http'; readonly status: number; readonly code?: string | undefined; readonly message: string }
  | { readonly source: 'network'; readonly code: string; readonly message: string }
  | { readonly source: 'timeout'; readonly limitMs: number }
  | { readonly source: 'reply'; readonly message: string }
  /** The provider accepted it, worked on it, and said that it failed. */
  | { readonly source: 'generation'; readonly code: string; readonly message: string }
  | { readonly source: 'content_refusal'; readonly message: string }
  | { readonly source: 'validation'; readonly failedChecks: readonly string[]; readonly message: string }
  | { readonly source: 'input'; readonly message: string }
  /** The job's own document has no room for what an attempt adds. Sizes in bytes. */
  | { readonly source: 'size'; readonly bytes: number; readonly bytesMax: number }
  | { readonly source: 'credit'; readonly neededCredits: number; readonly availableCredits: number }
  | { readonly source: 'cancelled'; readonly message: string }
  | { readonly source: 'lease'; readonly message: string }
  | { readonly source: 'exception'; readonly message: string };

/** Class and code of a failure, before the time and the fingerprint are added. */
export interface Classified {
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
}

/** Provider error codes that say more than the HTTP status they come with (OpenAI's and Replicate's documented codes). */
const CLASS_BY_PROVIDER_CODE: ReadonlyMap<string, FailureClass> = new Map([
  ['content_policy_violation', 'policy'],
  ['content_filter', 'policy'],
  ['moderation_blocked', 'policy'],
  ['insufficient_quota', 'provider'],
  ['billing_hard_limit_reached', 'provider'],
  ['invalid_api_key', 'provider'],
  ['account_deactivated', 'provider'],
  ['rate_limit_exceeded', 'rate_limit'],
  ['context_length_exceeded', 'input'],
  ['string_above_max_length', 'input'],
  ['invalid_prompt', 'input'],
  ['model_not_found', 'input'],
  ['server_error', 'temporary'],
]);

/** Statuses that speak of our account with the provider, not of the customer's input: no edit of the prompt mends them. */
const ACCOUNT_STATUSES: readonly number[] = [401, 402, 403];
/**
 * Statuses of providers that may do better in a moment. Those behind 519 are Cloudflare's, which stands before many of them and says so
 * of the way to them, and 529 is Anthropic's for an overload.
 */
const TEMPORARY_STATUSES: readonly number[] = [409, 425, 500, 502, 503, 520, 521, 522, 523, 525, 526, 527, 529, 530];
/** 524 is Cloudflare's: it gave the request on and waited in vain. */
const TIMEOUT_STATUSES: readonly number[] = [408, 504, 524];

function classOfStatus(status: number): FailureClass {
  if (status === 429) return 'rate_limit';
  if (TIMEOUT_STATUSES.includes(status)) return 'timeout';
  if (ACCOUNT_STATUSES.includes(status)) return 'provider';
  if (TEMPORARY_STATUSES.includes(status)) return 'temporary';
  if (status >= 500) return 'provider';
  if (status >= 400) return 'input';
  return 'unknown';
}

/**
 * Maps what a provider, a validator or the runner saw to a failure class and a stable code. Total: evidence that says
 * nothing is `unknown`, never a guess.
 */
export function classifyFailure(evidence: FailureEvidence): Classified {
  switch (evidence.source) {
    case 'http': {
      const known = evidence.code === undefined ? undefined : CLASS_BY_PROVIDER_CODE.get(evidence.code);
      // Some answer with an empty code, or with the status once more; neither says more than none. In what words an account is refused
      // is each provider's own, and that it is must be known by the code.
      const isNone = ['', String(evidence.status), undefined].includes(evidence.code);
      const isAccount = known === undefined && ACCOUNT_STATUSES.includes(evidence.status);
      const code = isNone || isAccount ? `http_${evidence.status}` : (evidence.code ?? '');
      return { class: known ?? classOfStatus(evidence.status), code: code.slice(0, 100), message: evidence.message };
    }
    case 'network':
      return {
        class: 'temporary',
        code: `network_${evidence.code.toLowerCase()}`.slice(0, 100),
        message: evidence.message,
      };
    case 'timeout':
      return {
        class: 'timeout',
        code: 'attempt_timeout',
        message: `No result within ${Math.round(evidence.limitMs / 1000)} s.`,
      };
    case 'reply':
      return { class: 'provider', code: 'malformed_reply', message: evidence.message };
    case 'generation': {
      // The model's own failure unless its code is known to mean something else: the same request may well meet it again.
      const known = CLASS_BY_PROVIDER_CODE.get(evidence.code);
      return { class: known ?? 'provider', code: evidence.code.slice(0, 100), message: evidence.message };
    }
    case 'content_refusal':
      return { class: 'policy', code: 'content_refused', message: evidence.message };
    case 'validation':
      return {
        class: 'validation',
        code: `check_${evidence.failedChecks[0] ?? 'failed'}`.slice(0, 100),
        message: evidence.message,
      };
    case 'input':
      return { class: 'input', code: 'invalid_input', message: evidence.message };
    case 'size':
      return {
        class: 'input',
        code: 'document_too_large',
        message: `The document of this job has ${evidence.bytes} bytes; a job of more than ${evidence.bytesMax} is not run, because what its attempts add would not fit.`,
      };
    case 'credit':
      return {
        class: 'credit',
        code: 'insufficient_credit',
        message: `Needs ${shownCredits(evidence.neededCredits)} credits, ${shownCredits(evidence.availableCredits)} are available.`,
      };
    case 'cancelled':
      return { class: 'cancelled', code: 'cancelled', message: evidence.message };
    case 'lease':
      return { class: 'temporary', code: 'lease_expired', message: evidence.message };
    case 'exception':
      return { class: 'unknown', code: 'exception', message: evidence.message };
  }
}

/** True where nothing failed: the runner stopped on purpose and gave the job back. */
export function isGivenBack({ code }: Pick<Classified, 'code'>): boolean {
  return code === 'network_runner_stopped';
}

/**
 * Strips from a message what differs between two occurrences of one cause (ids, numbers, quoted values, addresses), so that
 * equal causes give equal text. Case and order are kept; at most 160 characters.
 */
export function normaliseMessage(message: string): string {
  return message
    .slice(0, 2000)
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\bhttps?:\/\/\S+/gi, '<url>')
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<text>')
    .replace(/\b(?=[\w-]*\d)[\w-]{12,}\b/g, '<id>')
    .replace(/\d+(?:[.,]\d+)*/g, '<n>')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 160);
}

/** The group a failure belongs to: class, code, provider, model and normalised message, readable and stable; at most 200 characters. */
export function fingerprintOf(failure: Classified, provider: string, model: string): string {
  const head = `${failure.class}:${failure.code}:${provider}/${model}:`.slice(0, 120);
  return `${head}${normaliseMessage(failure.message)}`.slice(0, 200);
}

const CLASSES: ReadonlySet<string | undefined> = new Set(failureClassSchema.options);

/** The same fingerprint with the words of another message; of one that is none of {@link fingerprintOf} nothing stays. */
export function fingerprintWith(message: string, fingerprint: string): string {
  const [head, code = '', place = ''] = fingerprint.split(':');
  const isOurs = CLASSES.has(head) && place.includes('/');
  const words = normaliseMessage(message);
  return isOurs ? `${head}:${code}:${place}:${words}`.slice(0, 200) : words === '' ? '(no words)' : words;
}

/** The code that a fingerprint tells, null where it is none of {@link fingerprintOf}. */
export function codeOfFingerprint(fingerprint: string, failureClass: FailureClass): string | null {
  const [head, code, place] = fingerprint.split(':');
  return head === failureClass && code !== undefined && place?.includes('/') === true ? code : null;
}

/** Completes a classified failure with its time and fingerprint; over-long text is cut to the schema's limits. */
export function buildFailure(failure: Classified, provider: string, model: string, at: Date): Failure {
  return {
    class: failure.class,
    code: failure.code.slice(0, 100),
    message: failure.message.slice(0, FAILURE_MESSAGE_LENGTH_MAX),
    fingerprint: fingerprintOf(failure, provider, model),
    at,
  };
}
