import type { FailureEvidence } from '#domain/failure.ts';
import { err, type Result } from '#domain/result.ts';
import type { GenerationFailure } from '../provider.ts';

/** A provider that asks for more patience than this is taken at this, in milliseconds. */
const RETRY_AFTER_MS_MAX = 3_600_000;
const CAUSES_MAX = 5;

/** A failure of a call, as a result. Waits in milliseconds, cost in micro-USD. */
export function failed(
  evidence: FailureEvidence,
  providerCostMicroUsd: number | null = null,
  retryAfterMs = 0,
): Result<never, GenerationFailure> {
  return err({ evidence, retryAfterMs, providerCostMicroUsd });
}

/**
 * `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3). A date is one of the provider's clock, which is known
 * by its own `Date`: whoever reckons with another clock that goes minutes wrong waits so much too short or too long.
 * @param nowMs taken for the provider's clock where it does not say what that shows
 * @returns milliseconds from now, 0 where the header is missing or says nothing
 */
export function retryAfterMsOf(headers: Headers, nowMs: number): number {
  const asked = headers.get('retry-after');
  if (asked === null || asked.trim() === '') return 0;
  const saidMs = Date.parse(headers.get('date') ?? '');
  const seconds = Number(asked);
  const waitMs = Number.isFinite(seconds)
    ? seconds * 1000
    : Date.parse(asked) - (Number.isFinite(saidMs) ? saidMs : nowMs);
  return Number.isFinite(waitMs) ? Math.min(Math.max(0, Math.round(waitMs)), RETRY_AFTER_MS_MAX) : 0;
}

/** The system's code of a lost connection, wherever in the chain of causes it stands; null where there is none. */
export function networkCodeOf(cause: unknown): string | null {
  for (let current = cause, depth = 0; current instanceof Error && depth < CAUSES_MAX; depth += 1) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    if (current.message === 'terminated') return 'terminated';
    current = current.cause;
  }
  return null;
}

/** What a thrown error of a call says: stopped, lost on the way, an unreadable reply, or something unforeseen. */
export function evidenceOfThrown(cause: unknown): FailureEvidence {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof DOMException && cause.name === 'AbortError') return { source: 'cancelled', message };
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    return { source: 'network', code: 'timeout', message: 'The call took too long.' };
  }
  if (cause instanceof SyntaxError) return { source: 'reply', message: 'The reply is not readable JSON.' };
  const code = networkCodeOf(cause);
  if (code !== null) return { source: 'network', code, message };
  // What `fetch` throws for a connection that it cannot make or keep.
  return cause instanceof TypeError ? { source: 'network', code: 'failed', message } : { source: 'exception', message };
}
