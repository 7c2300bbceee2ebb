import { calculateObjectSize } from 'bson';
import { describe, expect, it } from 'vitest';
import { ATTEMPT_BYTES_MAX, BEGUN_BYTES_MAX, DOCUMENT_BYTES_MAX, ORDERED_BYTES_MAX } from '#domain/job-size.ts';
import { ACCEPTANCE_ID_LENGTH_MAX, CHECKS_LENGTH_MAX, type Job } from '#domain/job.ts';
import { applyChange, planChange, type JobEvent } from '#domain/transition.ts';
import { queuedJob } from '../../support/job-builder.ts';

/** Characters that take as many bytes as any. */
const long = (length: number): string => '字'.repeat(length);
const EVERYTHING = long(1_000_000);
/** What names somebody may be as long as a document may hold. */
const NAME = long(200);
const CHECKS = Array.from({ length: 400 }, () => ({
  name: EVERYTHING,
  passed: false,
  severity: 'error' as const,
  message: EVERYTHING,
}));
const FAILURE = { class: 'unknown', code: EVERYTHING, message: EVERYTHING } as const;

function after(job: Job, event: JobEvent): Job {
  const context = { actor: { type: 'runner', id: NAME }, reason: EVERYTHING, policyVersion: 1 } as const;
  const planned = planChange(job, event, context);
  const changed = planned.ok ? applyChange(job, planned.value, new Date()) : null;
  if (changed === null) throw new Error(`${job.state} has no ${event.type}`);
  return changed;
}

/** One attempt of which everybody says as much as they can. */
function afterAttempt(job: Job): Job {
  const claimed = after(job, { type: 'claim', runnerId: NAME, leaseMs: 1000 });
  const acceptanceId = long(ACCEPTANCE_ID_LENGTH_MAX);
  const accepted = { ...claimed, provider: { ...claimed.provider, acceptanceId } };
  const validation = { passed: false, checks: CHECKS };
  const defer = {
    type: 'defer',
    failure: FAILURE,
    delayMs: 0,
    providerCost: Number.MAX_SAFE_INTEGER,
    validation,
  } as const;
  return after(after(accepted, { type: 'generated' }), defer);
}

const ordered = (): Job => ({ ...queuedJob({ id: 'j1' }), provider: { name: NAME, model: NAME, acceptanceId: null } });

describe('what an attempt adds to its job', () => {
  it('has a bound, whatever provider, checks and policy say', () => {
    const once = afterAttempt(ordered());
    const twice = afterAttempt(once);
    expect(calculateObjectSize(twice) - calculateObjectSize(once)).toBeLessThan(ATTEMPT_BYTES_MAX);
    expect(calculateObjectSize(once) - calculateObjectSize(ordered())).toBeLessThan(2 * ATTEMPT_BYTES_MAX);
  });

  it('fits a hundred times into what an order leaves of its document, and once into that of any job that is begun', () => {
    expect(ORDERED_BYTES_MAX + 101 * ATTEMPT_BYTES_MAX).toBeLessThan(BEGUN_BYTES_MAX);
    expect(BEGUN_BYTES_MAX + 2 * ATTEMPT_BYTES_MAX).toBeLessThan(DOCUMENT_BYTES_MAX);
  });
});

describe('checks that say more than a document may hold', () => {
  it('are all named, and those that did not pass keep what they say first', () => {
    const check = (name: string, passed: boolean) => ({
      name,
      passed,
      severity: 'error' as const,
      message: name.repeat(1000),
    });
    const checks = [...Array.from({ length: 15 }, () => check('p', true)), check('f', false)];
    const running = after(ordered(), { type: 'claim', runnerId: 'r1', leaseMs: 1000 });
    const validation = { passed: false, checks };
    const failed = after(running, {
      type: 'fail',
      failure: FAILURE,
      charge: 'release',
      providerCost: null,
      validation,
    });
    const told = failed.validation?.checks ?? [];
    expect(told.map(({ name }) => name)).toEqual(checks.map(({ name }) => name));
    expect(told.at(-1)?.message).toHaveLength(1000);
    expect(told.reduce((length, { name, message }) => length + name.length + message.length, 0)).toBe(
      CHECKS_LENGTH_MAX,
    );
  });
});
