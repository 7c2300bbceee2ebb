import { QueryClient, QueryObserver, type QueryKey } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent } from '#contract/events.ts';
import { err } from '#domain/result.ts';
import { queryKeys } from '../../../renderer/state/engine-queries.tsx';
import { LiveUpdates } from '../../../renderer/state/live-updates.ts';

/** Longer than refreshes are apart. */
const LATER_MS = 1000;

describe('a change of jobs', () => {
  let tell: (events: readonly EngineEvent[]) => void;
  let queries: QueryClient;
  let updates: LiveUpdates;
  beforeEach(() => {
    vi.useFakeTimers();
    tell = () => undefined;
    queries = new QueryClient();
    updates = new LiveUpdates(
      {
        call: () => Promise.resolve(err({ code: 'internal', detail: null })),
        subscribe: (listener) => {
          tell = listener;
          return () => undefined;
        },
      },
      queries,
    );
    updates.start();
  });
  afterEach(() => {
    updates.stop();
    queries.clear();
    vi.useRealTimers();
  });

  /** Shows the answer to a question. @returns how often it was asked */
  async function shown(queryKey: QueryKey): Promise<() => number> {
    let asked = 0;
    new QueryObserver(queries, { queryKey, queryFn: () => (asked += 1) }).subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    return () => asked;
  }

  it('has asked again what was found by its name, because what is looked for may have come since', async () => {
    const asked = await shown([...queryKeys.foundJobs, 'acorn']);
    expect(asked()).toBe(1);
    tell([{ name: 'jobs.changed', jobIds: ['j1'], hasMore: false }]);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect(asked()).toBe(2);
  });

  it('has asked again for the job that changed, and for no other', async () => {
    const [changed, other] = [await shown(queryKeys.job('j1')), await shown(queryKeys.job('j2'))];
    tell([{ name: 'jobs.changed', jobIds: ['j1'], hasMore: false }]);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect([changed(), other()]).toEqual([2, 1]);
  });

  it('is one refresh, however many come at once', async () => {
    const asked = await shown([...queryKeys.jobPages, 'all']);
    for (let n = 0; n < 100; n += 1) tell([{ name: 'jobs.changed', jobIds: [`j${n}`], hasMore: false }]);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect(asked()).toBe(2);
  });
});
