import type { WireError } from '#contract/status.ts';
import { isTransient, type ErrorCode } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';

/** A failed request as TanStack Query carries failures: thrown. Holds a code of the catalogue and the technical line. */
export class EngineFailure extends Error {
  readonly code: ErrorCode;
  readonly detail: string | null;

  constructor(error: WireError) {
    super(error.code);
    this.name = 'EngineFailure';
    this.code = error.code;
    this.detail = error.detail;
  }
}

/** The value of a result; TanStack Query takes failures as rejections only, hence the throw. */
export function valueOrThrow<Value>(result: Result<Value, WireError>): Value {
  if (result.ok) return result.value;
  throw new EngineFailure(result.error);
}

/** What a caught failure is in words of the catalogue; what is not ours is a bug and shown as `internal`. */
export function toWireError(failure: unknown): WireError {
  if (failure instanceof EngineFailure) return { code: failure.code, detail: failure.detail };
  return { code: 'internal', detail: failure instanceof Error ? failure.message.slice(0, 300) : null };
}

const RETRIES_MAX = 3;

/** Whether a failed request is asked again by itself: only where the same request may succeed later, and no event tells when. */
export function shouldAskAgain(failures: number, failure: unknown): boolean {
  const error = toWireError(failure);
  return failures < RETRIES_MAX && isTransient(error) && error.code !== 'copy_upgrading';
}
