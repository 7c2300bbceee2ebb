import { appError, type AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';

/**
 * What a call comes to, or `server_unreachable` after that many milliseconds. The call goes on, and what it comes to then is nobody's.
 * @param wait waits for `ms`, and no longer than until its signal is aborted
 */
export async function within<Value>(
  call: Promise<Result<Value, AppError>>,
  ms: number,
  wait: (ms: number, signal: AbortSignal) => Promise<void>,
): Promise<Result<Value, AppError>> {
  const answered = new AbortController();
  const late = wait(ms, answered.signal).then(() =>
    err(appError('server_unreachable', `no answer within ${Math.round(ms)} ms`)),
  );
  try {
    return await Promise.race([call, late]);
  } finally {
    answered.abort();
  }
}
