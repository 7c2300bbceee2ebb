import { afterEach, expect, it, vi } from 'vitest';
import { failed } from '#runner/providers/failed-call.ts';
import { lookForAccepted } from '#runner/providers/polling.ts';
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
