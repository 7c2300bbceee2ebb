import { describe, expect, it } from 'vitest';
import type { EngineStatus } from '#contract/status.ts';
import { accessOf, type Role } from '#domain/people.ts';
import { StatusBoard } from '#engine/status-board.ts';
import { trayStateOf } from '../../../electron/main/tray-state.ts';

/** What an engine says of itself, with some parts of it changed. */
function statusOf(role: Role, parts: Parameters<StatusBoard['set']>[0]): EngineStatus {
  const access = accessOf({ role, isReadOnly: false });
  const profile = { id: null, name: 'shop', kind: 'unnamed' } as const;
  const board = new StatusBoard(
    '1.0.0',
    profile,
    { id: 'ada', isVerified: true, role, access, lacking: {} },
    () => undefined,
  );
  board.set(parts);
  return board.current;
}

const connected: EngineStatus['connection'] = {
  state: 'connected',
  label: 'db/shop',
  isSandbox: false,
  server: 'MongoDB 7.0.14',
  hasChangeStreams: true,
  sinceMs: 0,
};
const runner = (state: EngineStatus['runner']['state']): EngineStatus['runner'] => ({
  state,
  runnerId: 'r1',
  concurrency: 4,
  active: 3,
  error: null,
});

describe('the tray', () => {
  it('says that it starts, until the engine has said anything', () => {
    expect(trayStateOf(null)).toMatchObject({ mark: 'trouble', tooltip: 'Runledger: starting' });
  });

  it('counts no jobs while the copy that they are counted in is upgraded', () => {
    const copyUpgrade = { jobsDone: 1, jobsTotal: 2, remainingMs: null };
    expect(trayStateOf(statusOf('founder', { connection: connected, copyUpgrade })).tooltip).toBe(
      'Runledger: connected to db/shop, the offline copy is upgraded, no runner here',
    );
  });

  it('says how generation is, and offers to pause what runs', () => {
    const state = trayStateOf(statusOf('founder', { connection: connected, runner: runner('running') }));
    expect(state.mark).toBe('well');
    expect(state.tooltip).toBe(
      'Runledger: connected to db/shop, 0 under way, 0 queued, 0 failed, this machine runs 3 of 4',
    );
    expect(state.items.map(({ action }) => action)).toEqual(['open', null, null, null, 'pause', 'quit']);
  });

  it('offers to start a runner again that could not be begun, and none where none was asked for', () => {
    const off = { state: 'off', runnerId: null, concurrency: 0, active: 0 } as const;
    const error = { code: 'indexes_missing', detail: 'jobs.rl_claim' } as const;
    const refused = trayStateOf(statusOf('founder', { connection: connected, runner: { ...off, error } }));
    expect(refused.items.at(-2)?.action).toBe('start');
    const none = trayStateOf(statusOf('founder', { connection: connected, runner: { ...off, error: null } }));
    expect(none.items.map(({ action }) => action)).toEqual(['open', null, null, null, 'quit']);
  });

  it('marks a pause and a server that is away, and offers to resume', () => {
    const paused = trayStateOf(statusOf('founder', { connection: connected, runner: runner('paused') }));
    expect([paused.mark, paused.items.at(-2)?.action]).toEqual(['paused', 'resume']);
    const away = trayStateOf(
      statusOf('founder', {
        connection: {
          state: 'disconnected',
          label: 'db',
          isSandbox: false,
          error: { code: 'server_unreachable', detail: null },
          nextTryAtMs: null,
        },
        runner: runner('paused'),
      }),
    );
    expect(away.mark).toBe('trouble');
  });

  it.each(['viewer', 'support', 'finance'] as const)('offers a %s no control of the runner', (role) => {
    const { items } = trayStateOf(statusOf(role, { connection: connected, runner: runner('running') }));
    expect(items.map(({ action }) => action)).not.toContain('pause');
  });
});
