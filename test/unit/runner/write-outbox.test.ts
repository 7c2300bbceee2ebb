import { describe, expect, it } from 'vitest';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { LeaseBook } from '#runner/lease-book.ts';
import { WriteOutbox } from '#runner/write-outbox.ts';
import type { JobWrite } from '#store/ports.ts';
import { runningJob } from '../../support/running-job.ts';

const LEASE_MS = 30_000;

/** An outbox on a clock of its own, before a server that stays away for some calls. */
function setup(answers: readonly Result<void, AppError>[]) {
  let nowMs = 0;
  const calls: JobWrite[][] = [];
  const leases = new LeaseBook(LEASE_MS, () => nowMs);
  const job = runningJob([]);
  const stop = leases.hold(job, 0);
  const outbox = new WriteOutbox({
    store: {
      applyWrites: (writes) => {
        const answer = answers[calls.length] ?? err(appError('server_unreachable', 'nobody answers'));
        calls.push([...writes]);
        return Promise.resolve(answer.ok ? ok(writes.map(() => ok(undefined))) : answer);
      },
      settle: (ids) => Promise.resolve(ok(ids.length)),
    },
    onSettleFailed: () => undefined,
    isTrusted: (lease) => leases.isTrusted(lease),
    wait: (ms) => {
      nowMs += ms;
      leases.stopDoubtful();
      return Promise.resolve();
    },
    monotonicMs: () => nowMs,
  });
  return { outbox, calls, job, stop, nowMs: () => nowMs };
}

const AWAY = err(appError('server_unreachable', 'nobody answers'));
const CONFLICT = err(appError('server_error', 'refused'));

describe('what a runner writes', () => {
  it('is written again while nobody answers and the lease holds', async () => {
    const { outbox, calls, job } = setup([AWAY, AWAY, ok(undefined)]);
    expect(await outbox.accepted(job, 'p1')).toEqual(ok(undefined));
    expect(calls).toHaveLength(3);
    expect(calls[2]).toEqual(calls[0]);
  });

  it('is given up, with the reason, when the lease can no longer be trusted', async () => {
    const { outbox, job, stop, nowMs } = setup([]);
    expect(await outbox.accepted(job, 'p1')).toEqual(AWAY);
    expect(nowMs()).toBeGreaterThan(LEASE_MS / 2);
    expect(nowMs()).toBeLessThan(LEASE_MS);
    expect(stop.aborted).toBe(true);
  });

  it('is told at once where a server has answered that it refuses', async () => {
    const { outbox, calls, job } = setup([CONFLICT]);
    expect(await outbox.accepted(job, 'p1')).toEqual(CONFLICT);
    expect(calls).toHaveLength(1);
  });

  it('is not waited for by who ends', async () => {
    const { outbox, job, nowMs } = setup([]);
    const written = outbox.accepted(job, 'p1');
    await outbox.drain();
    expect(await written).toEqual(AWAY);
    expect(nowMs()).toBeLessThan(LEASE_MS / 2);
  });
});
