import { QueryClient, QueryObserver, type QueryKey } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent } from '#contract/events.ts';
import type { EngineStatus } from '#contract/status.ts';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineFailure, shouldAskAgain } from '../../../renderer/state/engine-failure.ts';
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

it('asks again for what was refused while the copy was upgraded, once that is over', async () => {
  let tell: (events: readonly EngineEvent[]) => void = () => undefined;
  const queries = new QueryClient({ defaultOptions: { queries: { retry: shouldAskAgain } } });
  const client: EngineClient = {
    call: () => Promise.resolve(err({ code: 'internal', detail: null })),
    subscribe: (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  };
  const updates = new LiveUpdates(client, queries);
  updates.start();
  const statusOf = (copyUpgrade: EngineStatus['copyUpgrade']): EngineStatus =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other parts of the status have no say in it
    ({ person: {}, redaction: {}, connection: { label: '' }, counts: {}, copyUpgrade }) as unknown as EngineStatus;
  queries.setQueryData(queryKeys.status, statusOf({ jobsDone: 1, jobsTotal: 2, remainingMs: null }));
  let asked = 0;
  const queryFn = (): Promise<string> => {
    asked += 1;
    return asked === 1
      ? Promise.reject(new EngineFailure({ code: 'copy_upgrading', detail: null }))
      : Promise.resolve('health');
  };
  const seen = new QueryObserver(queries, { queryKey: queryKeys.health, queryFn });
  seen.subscribe(() => undefined);
  await vi.waitFor(() => expect(seen.getCurrentResult().error).not.toBeNull());
  tell([{ name: 'status.changed', status: statusOf({ jobsDone: 2, jobsTotal: 2, remainingMs: 0 }) }]);
  expect(asked).toBe(1);
  tell([{ name: 'status.changed', status: statusOf(null) }]);
  await vi.waitFor(() => expect(seen.getCurrentResult().data).toBe('health'));
  updates.stop();
  queries.clear();
});

describe('another role, or another person', () => {
  const statusOf = (role: string): EngineStatus =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other parts of the status have no say in it
    ({ person: { id: 'ann', role }, redaction: {}, connection: { label: '' }, counts: {} }) as unknown as EngineStatus;
  let tell: (events: readonly EngineEvent[]) => void;
  let queries: QueryClient;
  let updates: LiveUpdates;
  beforeEach(() => {
    tell = () => undefined;
    queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
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
    queries.setQueryData(queryKeys.status, statusOf('founder'));
  });
  afterEach(() => {
    updates.stop();
    queries.clear();
  });

  it('is shown nothing that is refused to it, also where the one before has read it', async () => {
    let isRefused = false;
    const queryKey = queryKeys.job('j1');
    const seen = new QueryObserver(queries, {
      queryKey,
      queryFn: () =>
        isRefused
          ? Promise.reject(new EngineFailure({ code: 'permission_denied', detail: null }))
          : Promise.resolve('a prompt'),
    });
    seen.subscribe(() => undefined);
    await vi.waitFor(() => expect(seen.getCurrentResult().data).toBe('a prompt'));
    isRefused = true;
    tell([{ name: 'status.changed', status: statusOf('viewer') }]);
    await vi.waitFor(() => expect(seen.getCurrentResult().error).not.toBeNull());
    expect(seen.getCurrentResult().data).toBeUndefined();
  });

  it('finds nothing that was left on another screen', () => {
    queries.setQueryData(queryKeys.job('j1'), 'a prompt');
    tell([{ name: 'status.changed', status: statusOf('viewer') }]);
    expect(queries.getQueryData(queryKeys.job('j1'))).toBeUndefined();
  });

  it('keeps what it saw beside a failure of any other kind', async () => {
    const queryKey = queryKeys.job('j1');
    queries.setQueryData(queryKey, 'a prompt');
    const queryFn = (): Promise<never> => Promise.reject(new EngineFailure({ code: 'timed_out', detail: null }));
    await queries.fetchQuery({ queryKey, queryFn, staleTime: 0 }).catch(() => undefined);
    expect(queries.getQueryData(queryKey)).toBe('a prompt');
  });
});
