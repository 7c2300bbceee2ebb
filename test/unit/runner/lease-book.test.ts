import { expect, it } from 'vitest';
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
