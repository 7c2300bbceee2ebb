import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { owedForCompletion } from '#domain/charge.ts';
import { finalCreditsOfJob, jobSchema, keptCreditsOfJob, type Attempt } from '#domain/job.ts';
import { finalCreditsOf, keptCreditsOf, type PricedAttempt, type Pricing } from '#domain/pricing.ts';
import { endedAttempt, queuedJob } from '../../support/job-builder.ts';
import { runningJob } from '../../support/running-job.ts';

const METERED: Pricing = { type: 'metered', credits: 1, perMicroUsd: 1000 };
const accepted = (providerCost: number | null): PricedAttempt => ({ isAccepted: true, providerCost });
const refused: PricedAttempt = { isAccepted: false, providerCost: null };

describe('what a completed generation costs in the end', () => {
  it.each<{ pricing: Pricing; attempts: readonly PricedAttempt[]; credits: number | null }>([
    { pricing: { type: 'fixed' }, attempts: [accepted(500)], credits: null },
    { pricing: { type: 'per_attempt', credits: 30 }, attempts: [accepted(1)], credits: 30 },
    { pricing: { type: 'per_attempt', credits: 30 }, attempts: [accepted(1), refused, accepted(1)], credits: 60 },
    { pricing: { type: 'per_attempt', credits: 30 }, attempts: [refused, refused], credits: 30 },
    { pricing: { type: 'metered', credits: 2, perMicroUsd: 1000 }, attempts: [accepted(5000)], credits: 10 },
    { pricing: { type: 'metered', credits: 2, perMicroUsd: 1000 }, attempts: [accepted(5999)], credits: 11 },
    {
      pricing: { type: 'metered', credits: 1, perMicroUsd: 1000 },
      attempts: [accepted(400), accepted(700)],
      credits: 1,
    },
    {
      pricing: { type: 'metered', credits: 1, perMicroUsd: 1000 },
      attempts: [accepted(null), accepted(2000)],
      credits: 2,
    },
    {
      pricing: { type: 'metered', credits: 1, perMicroUsd: 1000 },
      attempts: [accepted(2000), accepted(null)],
      credits: null,
    },
    { pricing: { type: 'metered', credits: 1, perMicroUsd: 1000 }, attempts: [accepted(0)], credits: 0 },
  ])('$pricing after $attempts is $credits', ({ pricing, attempts, credits }) => {
    expect(finalCreditsOf(pricing, attempts)).toBe(credits);
  });

  const credits = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const pricing: fc.Arbitrary<Pricing> = fc.oneof(
    fc.constant<Pricing>({ type: 'fixed' }),
    credits.map((one): Pricing => ({ type: 'per_attempt', credits: one })),
    fc.record({ type: fc.constant('metered' as const), credits, perMicroUsd: fc.integer({ min: 1, max: 1e9 }) }),
  );
  const attempts = fc.array(fc.record({ isAccepted: fc.boolean(), providerCost: fc.option(credits) }), {
    maxLength: 20,
  });

  it('is whole, and captured and released make the reservation, whatever is metered', () => {
    fc.assert(
      fc.property(pricing, attempts, fc.integer({ min: 1, max: 1_000_000 }), (by, past, reserved) => {
        const final = finalCreditsOf(by, past);
        expect(final === null || (Number.isSafeInteger(final) && final >= 0)).toBe(true);
        const billing = { ...queuedJob({ id: 'j1', priceCredits: reserved }).billing, reserved };
        const owed = owedForCompletion(billing, final);
        expect(owed.every((entry) => Number.isSafeInteger(entry.credits) && entry.credits > 0)).toBe(true);
        expect(owed.reduce((sum, entry) => sum + entry.credits, 0)).toBe(reserved);
      }),
    );
  });

  const attempt = (
    n: number,
    generationId: string,
    providerCost: number | null,
    acceptanceId: string | null = `a${n}`,
  ): Attempt => endedAttempt({ n, generationId, providerCost, acceptanceId });

  it('counts the attempts of its own generation only', () => {
    const base = queuedJob({ id: 'j1' });
    const job = jobSchema.parse({
      ...base,
      attempt: 3,
      attempts: [attempt(1, 'g-old', 9000), attempt(2, 'g-j1', 1000), attempt(3, 'g-j1', 0)],
      billing: { ...base.billing, pricing: { type: 'metered', credits: 1, perMicroUsd: 1000 } },
    });
    expect(finalCreditsOfJob(job, 4000, 'a3')).toBe(5);
    expect(finalCreditsOfJob(queuedJob({ id: 'j2' }), 4000, null)).toBeNull();
  });

  it.each<{ pricing: Pricing; attempts: readonly PricedAttempt[]; credits: number | null }>([
    { pricing: { type: 'fixed' }, attempts: [accepted(500)], credits: null },
    { pricing: { type: 'per_attempt', credits: 30 }, attempts: [accepted(1), refused], credits: 30 },
    { pricing: { type: 'per_attempt', credits: 30 }, attempts: [refused], credits: 0 },
    { pricing: METERED, attempts: [accepted(2999), accepted(null)], credits: 2 },
    { pricing: METERED, attempts: [accepted(null)], credits: 0 },
  ])(
    'is kept, where it failed and its class keeps the charge, as far as it is known: $pricing after $attempts is $credits',
    (row) => {
      expect(keptCreditsOf(row.pricing, row.attempts)).toBe(row.credits);
    },
  );

  it('is kept of a job that failed for each purchase once, that of the attempt under way too', () => {
    const job = runningJob(['a1', 'a2']);
    const [first, second, open] = job.attempts;
    if (first === undefined || second === undefined || open === undefined) throw new Error('three attempts');
    const attempts = [{ ...first, providerCost: 4000 }, { ...second, providerCost: 1000 }, open];
    const metered = { ...job, attempts, billing: { ...job.billing, pricing: METERED } };
    expect(keptCreditsOfJob(metered, { acceptanceId: 'a3', providerCost: 2000 })).toBe(7);
    expect(keptCreditsOfJob(metered, { acceptanceId: 'a2', providerCost: 1000 })).toBe(5);
    expect(keptCreditsOfJob(metered, { acceptanceId: null, providerCost: null })).toBe(5);
    const each = { ...metered, billing: { ...job.billing, pricing: { type: 'per_attempt', credits: 30 } as const } };
    expect(keptCreditsOfJob(each, { acceptanceId: null, providerCost: null })).toBe(60);
    expect(keptCreditsOfJob(each, { acceptanceId: 'a3', providerCost: null })).toBe(90);
    expect(keptCreditsOfJob(job, { acceptanceId: 'a3', providerCost: 2000 })).toBeNull();
  });

  it.each<[string, Pricing, number]>([
    ['metered', { type: 'metered', credits: 1, perMicroUsd: 1000 }, 9],
    ['per attempt', { type: 'per_attempt', credits: 30 }, 60],
  ])('counts what was collected once, however many attempts it took: %s', (_how, pricing, credits) => {
    const base = queuedJob({ id: 'j1' });
    const job = jobSchema.parse({
      ...base,
      attempt: 5,
      // Two attempts at what is gone, the first with its cost; two at what the present one received.
      attempts: [
        attempt(1, 'g-j1', 5000, 'gone'),
        attempt(2, 'g-j1', null, 'gone'),
        attempt(3, 'g-j1', 4000, 'kept'),
        attempt(4, 'g-j1', null, 'kept'),
        attempt(5, 'g-j1', null, null),
      ],
      billing: { ...base.billing, pricing },
    });
    expect(finalCreditsOfJob(job, 4000, 'kept')).toBe(credits);
  });
});
