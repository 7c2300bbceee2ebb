import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema } from '#domain/failure.ts';
import { chargeStatusSchema, jobStateSchema } from '#domain/job.ts';
import { PlanDraft, type PlanFacts } from '#domain/retry-plan/plan-draft.ts';
import { planGroupSchema, type PlanItem, type PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';

const subjects = fc.array(
  fc.record({
    jobId: fc.integer({ min: 0, max: 60 }).map((n) => `j${n}`),
    version: fc.nat(9),
    workspaceId: fc.constantFrom('w1', 'w2', 'w3'),
    kind: fc.constantFrom('website', 'image'),
    model: fc.constantFrom('m1', 'm2'),
    state: fc.constantFrom(...jobStateSchema.options),
    failureClass: fc.constantFrom(...failureClassSchema.options),
    priceCredits: fc.nat(500),
    chargeStatus: fc.constantFrom(...chargeStatusSchema.options),
    pendingEntries: fc.nat(1),
    acceptanceId: fc.constantFrom(null, 'a1'),
  }),
  { maxLength: 60 },
);

function factsOf(available: number, reason: string): PlanFacts {
  return {
    policy: DEFAULT_RETRY_POLICY,
    reason,
    availableOf: () => available,
    isCollecting: true,
    liveWithInput: ({ workspaceId, model }) => (model === 'm2' && workspaceId !== 'w1' ? `live-${workspaceId}` : null),
    experience: {
      costOf: (kind) => (kind === 'image' ? 7 : null),
      rateOf: ({ model }) => (model === 'm1' ? { retried: 4, succeeded: 3 } : { retried: 0, succeeded: 0 }),
      basis: 'the last 30 days',
    },
  };
}

function plan(jobs: readonly PlanSubject[], facts: PlanFacts) {
  const draft = new PlanDraft(facts);
  const items = jobs.flatMap((job): PlanItem[] => {
    const item = draft.add(job);
    return item === null ? [] : [item];
  });
  return { items, totals: draft.totals() };
}

const worlds = [subjects, fc.integer({ min: -100, max: 3000 }), fc.constantFrom('', 'because')] as const;

describe('a plan of many jobs', () => {
  it('holds each job once, and its sums are those of its items', () => {
    fc.assert(
      fc.property(...worlds, (jobs, available, reason) => {
        const { items, totals } = plan(jobs, factsOf(available, reason));
        expect(new Set(items.map(({ jobId }) => jobId)).size).toBe(items.length);
        expect(totals.jobs).toBe(new Set(jobs.map(({ jobId }) => jobId)).size);
        for (const group of planGroupSchema.options) {
          const own = items.filter((item) => item.group === group);
          const credits = own.reduce((sum, { priceCredits }) => sum + priceCredits, 0);
          expect(totals.groups[group]).toEqual({ jobs: own.length, credits });
        }
      }),
    );
  });

  it('names another job with the same input that is on its way, and counts those among what will be retried', () => {
    fc.assert(
      fc.property(...worlds, (jobs, available, reason) => {
        const { items, totals } = plan(jobs, factsOf(available, reason));
        const first = new Map(jobs.toReversed().map((job) => [job.jobId, job]));
        for (const { jobId, workspaceId, sameInputAs } of items) {
          const isTwin = first.get(jobId)?.model === 'm2' && workspaceId !== 'w1';
          expect(sameInputAs).toBe(isTwin ? `live-${workspaceId}` : null);
        }
        const counted = items.filter(({ group, sameInputAs }) => group === 'eligible' && sameInputAs !== null);
        expect(totals.sameInputJobs).toBe(counted.length);
      }),
    );
  });

  it('never spends more of a workspace than it has', () => {
    fc.assert(
      fc.property(...worlds, (jobs, available, reason) => {
        const { totals } = plan(jobs, factsOf(available, reason));
        for (const workspace of totals.workspaces) {
          expect(workspace.eligibleCredits).toBeLessThanOrEqual(Math.max(0, available));
        }
      }),
    );
  });

  it('is the same for the same jobs and facts', () => {
    fc.assert(
      fc.property(...worlds, (jobs, available, reason) => {
        expect(plan(jobs, factsOf(available, reason))).toEqual(plan(jobs, factsOf(available, reason)));
      }),
    );
  });

  it('lets nothing become eligible for less credit, and names no cost that is not known', () => {
    fc.assert(
      fc.property(...worlds, fc.nat(500), (jobs, available, reason, less) => {
        const many = plan(jobs, factsOf(available, reason));
        const few = plan(jobs, factsOf(available - less, reason));
        expect(few.totals.groups.eligible.credits).toBeLessThanOrEqual(Math.max(0, available - less));
        expect(few.items.map(({ jobId }) => jobId)).toEqual(many.items.map(({ jobId }) => jobId));
        const unknown = many.items.filter(({ group, costMicroUsd }) => group === 'eligible' && costMicroUsd === null);
        expect(many.totals.jobsWithoutCost).toBe(unknown.length);
      }),
    );
  });

  it('estimates successes only of jobs whose kind of failure was retried before', () => {
    const base = {
      version: 1,
      workspaceId: 'w1',
      state: 'failed',
      failureClass: 'temporary',
    } as const;
    const rest = {
      priceCredits: 1,
      chargeStatus: 'not_charged',
      pendingEntries: 0,
      acceptanceId: null,
    } as const;
    const jobs = ['m1', 'm1', 'm1', 'm1', 'm2'].map((model, n) => ({
      ...base,
      ...rest,
      jobId: `j${n}`,
      kind: 'image',
      model,
    }));
    expect(plan(jobs, factsOf(100, '')).totals.estimate).toEqual({
      succeed: 3,
      ofJobs: 4,
      withoutExperience: 1,
      basis: 'the last 30 days',
    });
  });
});
