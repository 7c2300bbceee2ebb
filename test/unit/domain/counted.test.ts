import { expect, it } from 'vitest';
import { counted } from '#domain/counted.ts';
import { explainStop } from '#domain/retry-plan/ramp.ts';
import { sourceWords, wishWords } from '../../../renderer/views/plans/plan-words.ts';

it('counts one of a thing as one, and none or more as many, with their thousands apart', () => {
  expect([0, 1, 2, 12_000].map((count) => counted(count, 'job'))).toEqual(['0 jobs', '1 job', '2 jobs', '12,000 jobs']);
  expect([1, 2].map((count) => counted(count, 'entry', 'entries'))).toEqual(['1 entry', '2 entries']);
});

it('says of one job what is said of many', () => {
  const tallies = { started: 1, succeeded: 0, failed: 1, waiting: 0, skipped: 0, paidTwice: 0, committedCredits: 0 };
  const limits = { failureRateMax: 0.5, endedMin: 1, spendCreditsMax: 100 };
  expect(explainStop('failure_rate', tallies, limits)).toBe('1 of 1 job failed; at most 50 % may.');
  expect(sourceWords({ type: 'ids', count: 1 })).toBe('1 chosen job');
  expect(wishWords({ type: 'ids', ids: ['order-7'] })).toBe('1 job: order-7');
});
