import { expect, it } from 'vitest';
import { ok } from '#domain/result.ts';
import { LeaseBook } from '#runner/lease-book.ts';
import { runningJob } from '../../support/running-job.ts';

it('a job that comes back to the runner that had it stops the attempt that still goes on, and is held by the new one', () => {
  const leases = new LeaseBook(30_000, () => 0);
  const [before, again] = [runningJob([]), runningJob(['order-1'])];
  const old = leases.hold(before, 0);
  const fresh = leases.hold(again, 0);
  expect(old.reason).toBe('lease_lost');
  expect(fresh.aborted).toBe(false);
  expect(leases.release(before)).toBe(false);
  expect(leases.isTrusted({ jobId: again._id, token: again.lease.token })).toBe(true);
  expect(leases.release(again)).toBe(true);
  expect(leases.size).toBe(0);
});

it('a lease counts from when its heartbeat was sent, however late the answer comes', async () => {
  let nowMs = 0;
  const leases = new LeaseBook(30_000, () => nowMs);
  const job = runningJob([]);
  const key = { jobId: job._id, token: job.lease.token };
  leases.hold(job, 0);
  nowMs = 10_000;
  await leases.beat({
    heartbeat: () => {
      nowMs = 30_000;
      return Promise.resolve(ok([]));
    },
  });
  expect(leases.isTrusted(key)).toBe(true);
  nowMs = 34_001;
  expect(leases.isTrusted(key)).toBe(false);
});

it('a heartbeat that is answered behind a later one takes nothing back', async () => {
  let nowMs = 0;
  const leases = new LeaseBook(30_000, () => nowMs);
  const job = runningJob([]);
  leases.hold(job, 0);
  const slow = Promise.withResolvers<ReturnType<typeof ok<readonly []>>>();
  nowMs = 2000;
  const late = leases.beat({ heartbeat: () => slow.promise });
  nowMs = 12_000;
  await leases.beat({ heartbeat: () => Promise.resolve(ok([])) });
  slow.resolve(ok([]));
  await late;
  nowMs = 30_000;
  expect(leases.isTrusted({ jobId: job._id, token: job.lease.token })).toBe(true);
});
