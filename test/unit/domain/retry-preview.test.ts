import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import type { CreditAccount } from '#domain/ledger.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { previewCancel, previewRetry, type RetryFacts, type RetryPreview } from '#domain/retry-preview.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { runningJob } from '../../support/running-job.ts';

const ACCOUNT: CreditAccount = { _id: 'w1', available: 1000, held: 0, holds: {}, posting: {}, version: 1 };

function factsOf(job: Job, fields: Partial<RetryFacts> = {}): RetryFacts {
  return {
    job,
    entries: entriesOf(job),
    account: ACCOUNT,
    experience: { costs: [], retried: 0, succeeded: 0, windowMs: 1 },
    twins: [],
    policy: DEFAULT_RETRY_POLICY,
    ...fields,
  };
}

function preview(
  job: Job,
  fields: Partial<RetryFacts> = {},
  reason = '',
  editedInputHash: string | null = null,
): RetryPreview {
  return previewRetry(factsOf(job, fields), { reason, editedInputHash, isCollecting: false });
}

/** The table that a support lead reads: class, then what a retry gets as it is, with a reason, and with an edited input. */
const VERDICTS: readonly (readonly [FailureClass, string, string, string])[] = [
  ['temporary', 'retry', 'retry', 'retry'],
  ['rate_limit', 'retry', 'retry', 'retry'],
  ['timeout', 'retry', 'retry', 'retry'],
  ['provider', 'needs_reason', 'retry', 'needs_reason'],
  ['validation', 'retry', 'retry', 'retry'],
  ['input', 'edit_input', 'edit_input', 'retry'],
  ['policy', 'edit_input', 'edit_input', 'retry'],
  ['credit', 'retry', 'retry', 'retry'],
  ['cancelled', 'needs_reason', 'retry', 'needs_reason'],
  ['unknown', 'needs_reason', 'retry', 'needs_reason'],
];

describe('what a retry of a failed job gets', () => {
  it('has a row for each class of failure', () => {
    expect(VERDICTS.map(([failureClass]) => failureClass).toSorted()).toEqual(
      [...failureClassSchema.options].toSorted(),
    );
  });

  it.each(VERDICTS)('%s: as it is %s, with a reason %s, edited %s', (failureClass, asIs, withReason, edited) => {
    const job = failedJob({ failureClass });
    expect(preview(job).verdict.verdict).toBe(asIs);
    expect(preview(job, {}, 'the customer waits').verdict.verdict).toBe(withReason);
    expect(preview(job, {}, '', 'another-hash').verdict.verdict).toBe(edited);
    expect(preview(job, {}, '', job.input.hash).verdict.verdict).toBe(asIs);
  });

  it('needs a reason, and says how much was paid, where the failed generation was charged and not refunded', () => {
    const charged = failedJob({ failureClass: 'temporary', captured: 100 });
    const seen = preview(charged);
    expect(seen.verdict).toMatchObject({
      verdict: 'refund_first',
      why: expect.stringContaining('not refunded') as unknown,
    });
    expect(seen.warnings).toContainEqual({ type: 'already_charged', credits: 100 });
    expect(preview(charged, {}, 'agreed with the customer').verdict.verdict).toBe('retry');
  });

  it('collects what the provider accepted before it is bought again, unless somebody says why', () => {
    const job = failedJob({ failureClass: 'timeout', acceptanceId: 'a1' });
    expect(preview(job).verdict).toMatchObject({ verdict: 'collect_first', acceptanceId: 'a1' });
    expect(preview(job, {}, 'the provider lost it').verdict.verdict).toBe('retry');
    expect(preview(job, {}, '', 'another-hash').verdict.verdict).toBe('retry');
  });

  it('is blocked, with the evidence, where the ledger does not prove what the job says', () => {
    const job = failedJob({ failureClass: 'temporary', captured: 100 });
    const seen = preview(job, { entries: [] }, 'please', 'another-hash');
    expect(seen).toMatchObject({ chargeStatus: 'unknown', verdict: { verdict: 'blocked', cause: 'charge_unknown' } });
    expect(seen.evidence).not.toEqual([]);
  });

  it('is blocked for a job that has not failed', () => {
    expect(preview(queuedJob({ id: 'j1' })).verdict).toMatchObject({ verdict: 'blocked', cause: 'not_failed' });
  });

  it('costs the price that is stored with the job, and takes it from what is available', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: -1000, max: 100_000 }), (priceCredits, available) => {
        const account: CreditAccount = { ...ACCOUNT, available };
        const seen = preview(failedJob({ failureClass: 'temporary', priceCredits }), { account });
        expect(seen.price).toEqual({ type: 'exact', value: priceCredits });
        expect(seen.balance).toEqual({ beforeCredits: available, afterCredits: available - priceCredits });
        const missing = Math.max(0, priceCredits - available);
        expect(seen.warnings).toEqual(missing > 0 ? [{ type: 'insufficient_credit', missingCredits: missing }] : []);
      }),
    );
  });

  it('estimates what the provider takes from attempts that completed, and never says 0 where nothing is known', () => {
    const job = failedJob({ failureClass: 'temporary' });
    expect(preview(job).providerCost.type).toBe('unknown');
    const experience = { costs: [100, 200, 301], retried: 4, succeeded: 3, windowMs: 1 };
    expect(preview(job, { experience })).toMatchObject({
      providerCost: { type: 'estimated', value: 200, basis: expect.stringContaining('last 3') as unknown },
      experience: { retried: 4, succeeded: 3 },
    });
  });

  it('warns of what the provider accepted and nobody received, and of the same input under way', () => {
    const lost = failedJob({ failureClass: 'timeout', acceptanceId: 'acc-1' });
    expect(preview(lost, { twins: ['j2'] }).warnings).toEqual([
      { type: 'provider_accepted', acceptanceId: 'acc-1' },
      { type: 'same_input_under_way', jobIds: ['j2'] },
    ]);
    const received = failedJob({ failureClass: 'validation', acceptanceId: 'acc-1' });
    expect(preview(received).warnings).toEqual([]);
  });
});

describe('what cancelling gives back', () => {
  it('is what is held for a job that waits, and nothing where nothing was held', () => {
    const waiting = queuedJob({ id: 'j1' });
    expect(previewCancel(waiting, DEFAULT_RETRY_POLICY)).toMatchObject({ verdict: 'cancel', releasedCredits: 0 });
    const reserved = jobSchema.parse({
      ...waiting,
      billing: { ...waiting.billing, status: 'reserved', reserved: 100 },
    });
    expect(previewCancel(reserved, DEFAULT_RETRY_POLICY)).toMatchObject({ releasedCredits: 100, keptCredits: 0 });
  });

  it('is all but what providers are known to have taken, where the policy keeps the charge of a metered price', () => {
    const keeping = structuredClone(DEFAULT_RETRY_POLICY);
    keeping.classes.cancelled.charge = 'capture';
    const job = runningJob(['a1']);
    const [first, open] = job.attempts;
    if (first === undefined || open === undefined) throw new Error('two attempts');
    const pricing = { type: 'metered', credits: 1, perMicroUsd: 1000 } as const;
    const billing = { ...job.billing, status: 'reserved', reserved: 100, pricing } as const;
    const metered = { ...job, attempts: [{ ...first, providerCost: 7000 }, open], billing };
    expect(previewCancel(metered, keeping)).toMatchObject({ releasedCredits: 93, keptCredits: 7 });
    expect(previewCancel({ ...metered, billing: { ...billing, pricing: { type: 'fixed' } } }, keeping)).toMatchObject({
      releasedCredits: 0,
      keptCredits: 100,
    });
  });

  it('is nothing for a job that is at its end', () => {
    expect(previewCancel(failedJob({ failureClass: 'input' }), DEFAULT_RETRY_POLICY)).toMatchObject({
      verdict: 'blocked',
      why: 'The job is failed already.',
    });
  });
});
