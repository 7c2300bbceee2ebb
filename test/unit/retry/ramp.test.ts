import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import { decidePlan, mayRun, neededConsent, type PlanRecord } from '#domain/retry-plan/plan-record.ts';
import { crossedLimit, isStepOver, isWithinSpend, NOTHING_RUN, stepSize } from '#domain/retry-plan/ramp.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { planSubject } from '../../support/plan-subject.ts';

const LIMITS = { failureRateMax: 0.5, endedMin: 4, spendCreditsMax: 1000 };

describe('a ramp', () => {
  it('takes its steps in order and repeats the last one', () => {
    expect([0, 1, 2, 3, 9].map((step) => stepSize([1, 5, 25], step))).toEqual([1, 5, 25, 25, 25]);
  });

  it('goes on when all that was begun is at its end, or waits for a top-up', () => {
    expect(isStepOver({ ...NOTHING_RUN, started: 3, succeeded: 1, failed: 1 })).toBe(false);
    expect(isStepOver({ ...NOTHING_RUN, started: 3, succeeded: 1, failed: 1, waiting: 1 })).toBe(true);
  });
});

describe('a run', () => {
  it.each([
    { succeeded: 1, failed: 2, paidTwice: 0, stops: null },
    { succeeded: 2, failed: 2, paidTwice: 0, stops: null },
    { succeeded: 1, failed: 3, paidTwice: 0, stops: 'failure_rate' },
    { succeeded: 100, failed: 0, paidTwice: 1, stops: 'paid_twice' },
    { succeeded: 0, failed: 9, paidTwice: 1, stops: 'paid_twice' },
  ])('with $succeeded successes, $failed failures and $paidTwice paid twice: $stops', ({ stops, ...figures }) => {
    expect(crossedLimit({ ...NOTHING_RUN, ...figures }, LIMITS)).toBe(stops);
  });

  it('begins no job that would bring it above its spend', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300)), (prices) => {
        let committedCredits = 0;
        for (const price of prices) {
          if (isWithinSpend({ ...NOTHING_RUN, committedCredits }, price, LIMITS)) committedCredits += price;
        }
        expect(committedCredits).toBeLessThanOrEqual(LIMITS.spendCreditsMax);
      }),
    );
  });
});

const NOW = new Date('2026-11-01T00:00:00Z');
const ANN = { type: 'user', id: 'Ann' } as const;
const BOB = { type: 'user', id: 'bob' } as const;

function planOf(credits: number): PlanRecord {
  const nothing = { costOf: () => null, rateOf: () => ({ retried: 0, succeeded: 0 }), basis: '' };
  const facts = {
    policy: DEFAULT_RETRY_POLICY,
    reason: '',
    experience: nothing,
    availableOf: () => 1_000_000,
    liveWithInput: () => null,
    isCollecting: true,
  };
  const draft = new PlanDraft(facts);
  draft.add(planSubject({ priceCredits: credits }));
  return {
    _id: '0123456789abcdef',
    source: {
      type: 'ids',
      count: 1,
    },
    origin: { type: 'server' },
    isCollecting: true,
    reason: '',
    policyVersion: 1,
    totals: draft.totals(),
    thresholds: {
      typedCredits: 100,
      approvalCredits: 1e3,
    },
    proposed: {
      by: ANN,
      at: NOW,
      note: '',
    },
    decided: null,
    expiresAt: new Date(NOW.getTime() + 1e3),
    state: 'planned',
    wish: null,
    lease: null,
    leaseToken: 0,
    run: null,
    version: 1,
  };
}

describe('what must be there before a plan is run', () => {
  it.each([
    { credits: 100, consent: 'none' },
    { credits: 101, consent: 'typed' },
    { credits: 1000, consent: 'typed' },
    { credits: 1001, consent: 'second_person' },
  ])('for $credits credits: $consent', ({ credits, consent }) => {
    expect(neededConsent(planOf(credits))).toBe(consent);
  });

  it('is the exact amount, typed', () => {
    for (const typed of [null, 499, 501]) {
      expect(mayRun(planOf(500), typed, NOW)).toMatchObject({ error: { code: 'confirmation_needed' } });
    }
    expect(mayRun(planOf(500), 500, NOW).ok).toBe(true);
  });

  it('is another person, who cannot be the same under another spelling', () => {
    const plan = planOf(5000);
    expect(mayRun(plan, 5000, NOW)).toMatchObject({ error: { code: 'permission_denied' } });
    expect(decidePlan(plan, 'approved', { by: { type: 'user', id: ' ANN ' }, at: NOW, note: '' }).ok).toBe(false);
    const approved = decidePlan(plan, 'approved', { by: BOB, at: NOW, note: '' });
    expect(approved.ok && mayRun(approved.value, 5000, NOW).ok).toBe(true);
    expect(approved.ok && mayRun(approved.value, null, NOW).ok).toBe(false);
    const forged: PlanRecord = { ...plan, decided: { by: ANN, at: NOW, note: '', decision: 'approved' } };
    expect(mayRun(forged, 5000, NOW)).toMatchObject({ error: { code: 'permission_denied' } });
  });

  it('is a plan that is neither too old nor over', () => {
    expect(mayRun(planOf(1), null, new Date(NOW.getTime() + 1000))).toMatchObject({ error: { code: 'plan_expired' } });
    const rejected = decidePlan(planOf(1), 'rejected', { by: BOB, at: NOW, note: '' });
    expect(rejected.ok && mayRun(rejected.value, null, NOW)).toMatchObject({ error: { code: 'illegal_transition' } });
  });
});
