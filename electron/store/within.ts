import { appError, type AppError } from '#domain/errors.ts';

/**
 * What a call comes to, or after that many milliseconds what `late` makes of `server_unreachable`. The call goes on, and what it comes to then is
 * nobody's.
 * @param limit `ms`, which `wait` waits for and no longer than until its signal is aborted
 */
export async function within<Outcome>(
  call: Promise<Outcome>,
  {
    ms,
    wait,
    late,
  }: {
    readonly ms: number;
    readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
    readonly late: (error: AppError) => Outcome;
  },
): Promise<Outcome> {
  const answered = new AbortController();
  const waited = wait(ms, answered.signal).then(() =>
    late(appError('server_unreachable', `no answer within ${Math.round(ms)} ms`)),
  );
  try {
    return await Promise.race([call, waited]);
  } finally {
    answered.abort();
  }
}
