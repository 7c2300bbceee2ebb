import { describe, expect, it } from 'vitest';
import { jobSchema, type Job } from '#domain/job.ts';
import { applyChange, planChange, type JobEvent } from '#domain/transition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';

const NOW = new Date('2026-10-01T09:00:00Z');

function after(job: Job, event: JobEvent, reason = 'test'): Job {
  const actor = { type: 'runner', id: 'r1' } as const;
  const changed = applyChange(job, expectOk(planChange(job, event, { actor, reason, policyVersion: 1 })), NOW);
  if (changed === null) throw new Error('the guard does not hold');
  return changed;
}

const CLAIM: JobEvent = { type: 'claim', runnerId: 'r1', leaseMs: 60_000 };
const LONG = 'x'.repeat(5000);

describe('a planned change', () => {
  it('keeps the job a job however long the reason is', () => {
    const job = after(queuedJob({ id: 'j1' }), CLAIM, LONG);
    expect(job.history.at(-1)?.reason).toHaveLength(500);
  });

  it('keeps the job a job however much a validator has to say', () => {
    const validating = after(after(queuedJob({ id: 'j1' }), CLAIM), { type: 'generated' });
    const checks = Array.from({ length: 300 }, (_, n) => ({
      name: n === 0 ? LONG : `check ${n}`,
      passed: n !== 299,
      severity: 'error' as const,
      message: LONG,
    }));
    const failed = after(validating, {
      type: 'fail',
      failure: { class: 'validation', code: LONG, message: LONG },
      charge: 'release',
      providerCost: null,
      validation: { passed: false, checks },
    });
    expect(jobSchema.safeParse(failed).success).toBe(true);
    expect(failed.validation?.checks).toHaveLength(200);
    // What failed is what people look for: it is not cut off.
    expect(failed.validation?.checks.some((check) => !check.passed)).toBe(true);
    expect(failed.failure?.code).toHaveLength(100);
  });

  it.each([
    { finalCredits: null, captured: 100, released: 0 },
    { finalCredits: 100, captured: 100, released: 0 },
    { finalCredits: 40, captured: 40, released: 60 },
    { finalCredits: 0, captured: 0, released: 100 },
    { finalCredits: 250, captured: 100, released: 0 },
    { finalCredits: 40.7, captured: 40, released: 60 },
    { finalCredits: -5, captured: 0, released: 100 },
    { finalCredits: Number.NaN, captured: 100, released: 0 },
    { finalCredits: Number.POSITIVE_INFINITY, captured: 100, released: 0 },
  ])('of 100 reserved a final price of $finalCredits captures $captured and releases $released', (row) => {
    const queued = queuedJob({ id: 'j1', priceCredits: 100 });
    const reserved: Job = { ...queued, billing: { ...queued.billing, reserved: 100, status: 'reserved' } };
    const done = after(after(after(reserved, CLAIM), { type: 'generated' }), {
      type: 'complete',
      output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
      validation: { passed: true, checks: [] },
      providerCost: null,
      finalCredits: row.finalCredits,
    });
    const owed = (type: string): number =>
      done.billing.pending.filter((entry) => entry.type === type).reduce((sum, entry) => sum + entry.credits, 0);
    expect({ captured: owed('capture'), released: owed('release') }).toEqual({
      captured: row.captured,
      released: row.released,
    });
  });

  it('a cancelled job is failed with the class cancelled and owes its hold back', () => {
    const queued = queuedJob({ id: 'j1', priceCredits: 100 });
    const reserved: Job = { ...queued, billing: { ...queued.billing, reserved: 100, status: 'reserved' } };
    const cancelled = after(reserved, {
      type: 'fail',
      failure: { class: 'cancelled', code: 'cancelled', message: 'by the customer' },
      charge: 'release',
      providerCost: null,
      validation: null,
    });
    expect(cancelled).toMatchObject({ state: 'failed', failure: { class: 'cancelled' }, lease: null });
    expect(cancelled.billing.pending).toMatchObject([{ key: 'g-j1:release:1', type: 'release', credits: 100 }]);
  });

  it('a requeued job starts a generation with figures of its own', () => {
    const failed = after(queuedJob({ id: 'j1', priceCredits: 100 }), {
      type: 'fail',
      failure: { class: 'temporary', code: 'http_503', message: 'down' },
      charge: 'release',
      providerCost: null,
      validation: null,
    });
    const again = after(failed, { type: 'requeue', generationId: 'g-2', priceCredits: 70 });
    expect(again).toMatchObject({
      state: 'queued',
      failure: null,
      billing: { generationId: 'g-2', price: 70, reserved: 0, captured: 0, refunded: 0, status: 'not_charged' },
    });
  });
});
