import { describe, expect, it, vi } from 'vitest';
import { IDLE_MS_MAX, QueuePace } from '#runner/queue-pace.ts';

function setup() {
  const clock = { nowMs: 1_000_000 };
  const pace = new QueuePace({ monotonicMs: () => clock.nowMs, random: () => 0.5 });
  return { clock, pace };
}

const nothingDue = (): Promise<null> => Promise.resolve(null);

describe('a rest between two looks at the queue', () => {
  it.each([
    { idleMs: 0, restMs: 8 },
    { idleMs: 2000, restMs: 20 },
    { idleMs: 50_000, restMs: 500 },
    { idleMs: 3_600_000, restMs: IDLE_MS_MAX },
  ])('is $restMs ms where nothing has come for $idleMs ms', async ({ idleMs, restMs }) => {
    const { clock, pace } = setup();
    clock.nowMs += idleMs;
    expect(await pace.restMs(0, nothingDue)).toBe(restMs);
  });

  it('is short again once something was claimed', async () => {
    const { clock, pace } = setup();
    clock.nowMs += 3_600_000;
    pace.worked();
    expect(await pace.restMs(0, nothingDue)).toBe(8);
  });

  it.each([
    { dueInMs: 300, restMs: 300 },
    { dueInMs: -5, restMs: 8 },
    { dueInMs: 60_000, restMs: IDLE_MS_MAX },
  ])('ends after $restMs ms where the next job is due in $dueInMs ms', async ({ dueInMs, restMs }) => {
    const { clock, pace } = setup();
    clock.nowMs += 3_600_000;
    expect(await pace.restMs(0, () => Promise.resolve(dueInMs))).toBe(restMs);
  });

  it('asks for what is due only where the rest would be long', async () => {
    const { clock, pace } = setup();
    const asked = vi.fn<typeof nothingDue>(nothingDue);
    clock.nowMs += 2000;
    await pace.restMs(0, asked);
    expect(asked).not.toHaveBeenCalled();
    clock.nowMs += 60_000;
    await pace.restMs(0, asked);
    expect(asked).toHaveBeenCalledOnce();
  });

  it.each([
    { failures: 1, restMs: 500 },
    { failures: 3, restMs: 2000 },
    { failures: 50, restMs: 5000 },
  ])('is $restMs ms, half of what it may be, after $failures failures', async ({ failures, restMs }) => {
    const { pace } = setup();
    expect(await pace.restMs(failures, nothingDue)).toBe(restMs);
  });
});
