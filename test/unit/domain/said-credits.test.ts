import { expect, it } from 'vitest';
import { proveChargeOfSums } from '#domain/charge.ts';
import { classifyFailure } from '#domain/failure.ts';
import { describeStandstill } from '#domain/job-standstill.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import { explainStop } from '#domain/retry-plan/ramp.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { ruleOptionsOf, viewOf } from '../../bench/worlds/world.ts';

/** Sentences stand beside figures with decimals: an amount of the smallest unit would be read as a hundred times as much. */

it('says why a job waits or failed for want of credits in credits', () => {
  const balance = { neededCredits: 500, availableCredits: 20 };
  expect(describeStandstill({ cause: 'out_of_credit', workspaceId: 'w1', since: null, ...balance })).toBe(
    'The workspace w1 has 0.20 credits and needs 5.00. Top the account up; the job goes on by itself.',
  );
  expect(classifyFailure({ source: 'credit', ...balance }).message).toBe('Needs 5.00 credits, 0.20 are available.');
});

it('says what contradicts a charge in credits', () => {
  const billing = { price: 500, reserved: 0, captured: 0, refunded: 0, pending: [] };
  const sums = { reserved: 500, captured: 500, released: 500, refunded: 0 };
  expect(proveChargeOfSums(billing, sums, 0).evidence).toEqual([
    'Captured 5.00 and released 5.00 of only 5.00 reserved.',
    'The ledger has 5.00 captured, the job says 0.00.',
    'The ledger leaves -5.00 held, the job says 0.00.',
    'The account holds 0.00, the ledger leaves -5.00.',
  ]);
});

it('says what a plan lacks and why its run stopped in credits', () => {
  const draft = new PlanDraft({
    policy: DEFAULT_RETRY_POLICY,
    reason: '',
    availableOf: () => 20,
    isCollecting: true,
    liveWithInput: () => null,
    experience: { costOf: () => null, rateOf: () => ({ retried: 0, succeeded: 0 }), basis: 'nothing' },
  });
  const job = { jobId: 'j1', version: 1, workspaceId: 'w1', kind: 'website', model: 'm1', priceCredits: 500 } as const;
  const failed = { state: 'failed', failureClass: 'temporary', chargeStatus: 'not_charged' } as const;
  expect(draft.add({ ...job, ...failed, pendingEntries: 0, acceptanceId: null })?.why).toBe(
    'The workspace has 0.20 credits left beside the jobs before it; it needs 5.00.',
  );
  const tallies = { started: 1, succeeded: 1, failed: 0, waiting: 0, skipped: 0, paidTwice: 0, committedCredits: 900 };
  const limits = { failureRateMax: 0.5, endedMin: 1, spendCreditsMax: 1_000 };
  expect(explainStop('spend', tallies, limits)).toBe(
    'The next job would bring it above 10.00 credits; 9.00 are spent or held.',
  );
});

it('says what reconciliation found in credits', () => {
  const { world } = makeSeededWorld(7, { jobs: 600, workspaces: 5 }, [...FAULTS, ...FAULTS]);
  const { findings } = reconcile(viewOf(world), ruleOptionsOf(world));
  // Smaller ones are numbers of jobs and of entries too.
  const large = findings.filter(({ credits }) => Math.abs(credits) >= 100);
  expect(large.length).toBeGreaterThan(10);
  for (const { credits, evidence } of large)
    expect(evidence).not.toMatch(new RegExp(`(?<![\\d.-])${Math.abs(credits)}(?![\\d.-])`));
});
