import { afterEach, expect, it, vi } from 'vitest';
import { failed } from '#runner/providers/failed-call.ts';
import { lookForAccepted, pollUntilDone } from '#runner/providers/polling.ts';
import { unstopped } from '../../../support/collecting-sink.ts';

afterEach(() => vi.restoreAllMocks());

it('a first look at what was accepted that stands still does not take the whole attempt', async () => {
  const over = new AbortController();
  const limits: number[] = [];
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    limits.push(ms);
    return over.signal;
  });
  const stalled = failed({ source: 'network', code: 'timeout', message: 'The call took too long.' });
  const found = lookForAccepted({
    look: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(stalled))),
    everyMs: 10,
    signal: unstopped(),
  });
  over.abort();
  expect(await found).toEqual(stalled);
  expect(limits).toEqual([30_000]);
});

it('a look that is to be made only after the end of its attempt leaves what was accepted to the next one', async () => {
  const slowDown = failed({ source: 'http', status: 429, message: 'Slow down.' }, null, 60_000);
  const ended = await pollUntilDone({
    look: () => Promise.resolve(slowDown),
    progress: () => undefined,
    everyMs: 10,
    timeoutMs: 20_000,
    signal: AbortSignal.timeout(100),
  });
  expect(ended).toEqual(slowDown);
});
