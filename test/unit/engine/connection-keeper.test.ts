import { describe, expect, it } from 'vitest';
import type { ConnectionStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { ConnectionKeeper, type KeptConnection } from '#engine/connection-keeper.ts';

/** A server that is there or not, a keeper on it, and a clock that only moves when the keeper waits. */
function setup() {
  const world = { isUp: true, isSignedIn: true, opened: 0, closed: 0, rounds: 0 };
  const seen: ConnectionStatus[] = [];
  const waiting: { readonly ms: number; readonly proceed: () => void }[] = [];
  let tellWaiting: () => void = () => undefined;
  const answer = (): Result<void, AppError> => {
    if (!world.isSignedIn) return err(appError('sign_in_cancelled'));
    return world.isUp ? ok(undefined) : err(appError('server_unreachable', 'refused'));
  };
  const keeper = new ConnectionKeeper<KeptConnection>({
    label: 'db.example/runledger',
    isSandbox: false,
    open: () => {
      const answered = answer();
      if (!answered.ok) return Promise.resolve(answered);
      return Promise.resolve(
        ok({
          server: 'MongoDB 7.0',
          hasChangeStreams: true,
          ping: () => Promise.resolve(answer()),
          close: () => Promise.resolve(void (world.closed += 1)),
        }),
      );
    },
    onOpened: () => Promise.resolve(void (world.opened += 1)),
    onStatus: (status) => seen.push(status),
    wait: (ms, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
        waiting.push({ ms, proceed: resolve });
        tellWaiting();
      }),
    random: () => 0.5,
    now: () => 1000,
  });
  /** Lets the keeper look once and come to its next wait. */
  const round = async (): Promise<number> => {
    const arrived = new Promise<void>((resolve) => (tellWaiting = resolve));
    if (world.rounds === 0) keeper.start();
    else waiting.at(-1)?.proceed();
    world.rounds += 1;
    await arrived;
    return waiting.at(-1)?.ms ?? 0;
  };
  return { keeper, world, seen, round, states: () => seen.map((status) => status.state) };
}

describe('a connection that is kept', () => {
  it('a server that is not there is tried again with growing waits, and what waits for it is told why', async () => {
    const { world, round, seen, keeper } = setup();
    world.isUp = false;
    const waits = [await round(), await round(), await round()];
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(seen.at(-1)).toMatchObject({ state: 'disconnected', error: { code: 'server_unreachable' } });
    world.isUp = true;
    await round();
    expect(seen.at(-1)).toMatchObject({ state: 'connected', server: 'MongoDB 7.0' });
    await keeper.stop();
  });

  it('a server that goes away and comes back is opened once and shown as lost in between', async () => {
    const { world, round, states, keeper } = setup();
    await round();
    world.isUp = false;
    await round();
    world.isUp = true;
    await round();
    expect(states()).toEqual(['connecting', 'connected', 'disconnected', 'connected']);
    expect(world.opened).toBe(1);
    await keeper.stop();
  });

  it('who has to sign in is waited for until they want to, and no longer', async () => {
    const { world, round, seen, keeper } = setup();
    world.isSignedIn = false;
    expect(await round()).toBeGreaterThan(24 * 3_600_000);
    expect(seen.at(-1)).toMatchObject({ error: { code: 'sign_in_cancelled' }, nextTryAtMs: null });
    world.isSignedIn = true;
    keeper.wake();
    await round();
    expect(seen.at(-1)).toMatchObject({ state: 'connected' });
    await keeper.stop();
  });

  it('stopping twice closes the connection once', async () => {
    const { world, round, keeper } = setup();
    await round();
    await Promise.all([keeper.stop(), keeper.stop()]);
    await keeper.stop();
    expect(world.closed).toBe(1);
  });
});
