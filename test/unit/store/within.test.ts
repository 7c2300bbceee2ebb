import { describe, expect, it } from 'vitest';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { within } from '#store/within.ts';

/** A clock that is moved on by hand. */
function setup() {
  const waits: { readonly ms: number; readonly signal: AbortSignal; readonly end: () => void }[] = [];
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => waits.push({ ms, signal, end: resolve }));
  return { waits, wait };
}

describe('a call with a time within which it is answered', () => {
  it('comes to its answer, and nothing waits any longer', async () => {
    const { waits, wait } = setup();
    const answer = within(Promise.resolve(ok(1)), 500, wait);
    expect(await answer).toEqual(ok(1));
    expect(waits.map(({ ms, signal }) => [ms, signal.aborted])).toEqual([[500, true]]);
  });

  it('comes to an error that says so where the answer is late, whatever it is then', async () => {
    const { waits, wait } = setup();
    const call = Promise.withResolvers<Result<null, AppError>>();
    const answer = within(call.promise, 500, wait);
    waits[0]?.end();
    expect(await answer).toEqual(err(appError('server_unreachable', 'no answer within 500 ms')));
    call.reject(new Error('too late'));
  });
});
