import { describe, expect, it } from 'vitest';
import { matchInvoicesOf } from '#console/reconciliation/invoice-desk.ts';
import { readInvoice } from '#console/reconciliation/invoice-file.ts';
import { healthFactsOf } from '#domain/health/health-facts.ts';
import { jobSchema, type Attempt, type Job } from '#domain/job.ts';
import { PolicyReplay } from '#domain/policy-replay.ts';
import { costOfPurchases, purchasesOf } from '#domain/purchases.ts';
import { CountedMonths } from '#domain/reconciliation/counted-month.ts';
import { jobFactsOf } from '#domain/reconciliation/facts.ts';
import { MarginBook } from '#domain/reconciliation/margin.ts';
import { NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { failedJob } from '../../support/failed-job.ts';

type Told = Pick<Attempt, 'acceptanceId' | 'providerCost'> & { readonly generationId?: string };

/** A failed job of September whose attempts, each a month after the one before, were told so. */
function jobTold(...told: readonly Told[]): Job {
  const job = failedJob({ failureClass: 'temporary', acceptanceId: 'a' });
  const [first] = job.attempts;
  if (first === undefined) throw new Error('a failed job has an attempt');
  const attempts = told.map((one, index): Attempt => {
    const at = new Date(Date.UTC(2026, 8 + index, 10));
    return { ...first, startedAt: at, endedAt: at, generationId: job.billing.generationId, ...one, n: index + 1 };
  });
  return jobSchema.parse({ ...job, attempt: attempts.length, attempts });
}

const [BOUGHT, COLLECTED] = [
  { acceptanceId: 'a', providerCost: 700 },
  { acceptanceId: 'a', providerCost: 700 },
];

describe('what attempts have bought', () => {
  it.each<{ what: string; told: readonly Told[]; costs: readonly (number | null)[] }>([
    { what: 'is bought once, however often it is collected', told: [BOUGHT, COLLECTED, COLLECTED], costs: [700] },
    {
      what: 'costs what was told last',
      told: [
        { acceptanceId: 'a', providerCost: null },
        { acceptanceId: 'a', providerCost: 700 },
        { acceptanceId: 'a', providerCost: null },
      ],
      costs: [700],
    },
    {
      what: 'is two purchases of two names',
      told: [BOUGHT, { acceptanceId: 'b', providerCost: 700 }],
      costs: [700, 700],
    },
    {
      what: 'may be nothing, and is never the same, where nothing was accepted',
      told: [
        { acceptanceId: null, providerCost: 5 },
        { acceptanceId: null, providerCost: null },
      ],
      costs: [5, null],
    },
    {
      what: 'stays what it was when the next generation collects it',
      told: [{ ...BOUGHT, generationId: 'g-before' }, COLLECTED],
      costs: [700],
    },
  ])('$what', ({ told, costs }) => {
    const purchases = purchasesOf(jobTold(...told).attempts);
    expect(purchases.map(({ costMicroUsd }) => costMicroUsd)).toEqual(costs);
    expect(costOfPurchases(purchases)).toBe(costs.reduce((sum: number, cost) => sum + (cost ?? 0), 0));
  });
});

describe('the health of generation', () => {
  const untold = { acceptanceId: 'b', providerCost: null };

  it.each<{ job: Job; of: string; isUnknown: boolean }>([
    { of: 'whose every purchase was told', job: jobTold(BOUGHT), isUnknown: false },
    {
      of: 'whose purchase was told when it was collected',
      job: jobTold({ ...BOUGHT, providerCost: null }, COLLECTED),
      isUnknown: false,
    },
    { of: 'one of whose purchases was told', job: jobTold(BOUGHT, untold), isUnknown: true },
    { of: 'none of whose purchases was told', job: jobTold(untold), isUnknown: true },
    { of: 'that failed before anything was tried', job: { ...jobTold(), attempt: 0 }, isUnknown: false },
    { of: 'whose document keeps no attempts of those that it had', job: { ...jobTold(), attempt: 2 }, isUnknown: true },
  ])('knows the whole cost of a job $of: not $isUnknown', ({ job, isUnknown }) => {
    expect(healthFactsOf(job).isCostUnknown).toBe(isUnknown);
  });

  it('waits for the cost of an attempt that is under way', () => {
    const ended = jobTold(untold);
    const factsIn = (endedAt: Date | null) =>
      healthFactsOf(
        jobSchema.parse({ ...ended, state: 'retrying', attempts: ended.attempts.map((one) => ({ ...one, endedAt })) }),
      );
    expect(factsIn(ended.updatedAt).isCostUnknown).toBe(true);
    expect(factsIn(null).isCostUnknown).toBe(false);
  });
});

describe('a purchase that a second attempt collected', () => {
  const job = jobTold(BOUGHT, COLLECTED);

  it('costs once in the health of generation', () => {
    expect(healthFactsOf(job)).toMatchObject({ attempts: 2, costMicroUsd: 700 });
  });

  it('costs once in reconciliation, in the generation that bought it', () => {
    const costsOf = (one: Job) =>
      jobFactsOf(one, () => 'release').generations.map(({ id, providerCostMicroUsd }) => [id, providerCostMicroUsd]);
    expect(costsOf(job)).toEqual([['g-j1', 700]]);
    expect(costsOf(jobTold({ ...BOUGHT, generationId: 'g-before' }, COLLECTED))).toEqual([
      ['g-before', 700],
      ['g-j1', 0],
    ]);
  });

  it('costs once in the margin, in the month in which it was bought', () => {
    const linesOf = (period: string, one: Job) => {
      const book = new MarginBook(period, new CountedMonths(null, NOTHING_SEEN));
      book.addJob(one);
      return book.lines();
    };
    expect(linesOf('2026-09', job)).toMatchObject([{ attempts: 1, costMicroUsd: 700, unknownCosts: 0 }]);
    expect(linesOf('2026-10', job)).toMatchObject([{ attempts: 1, costMicroUsd: 0, unknownCosts: 0 }]);
    const untold = jobTold({ acceptanceId: 'a', providerCost: null }, { acceptanceId: 'a', providerCost: null });
    expect(linesOf('2026-09', untold)).toMatchObject([{ attempts: 1, costMicroUsd: 0, unknownCosts: 1 }]);
    expect(linesOf('2026-10', untold)).toMatchObject([{ attempts: 1, costMicroUsd: 0, unknownCosts: 0 }]);
  });

  it('costs no less by a policy under which nobody would have collected it', () => {
    const { classes } = DEFAULT_RETRY_POLICY;
    const replay = new PolicyReplay({
      ...DEFAULT_RETRY_POLICY,
      classes: { ...classes, temporary: { ...classes.temporary, automatic: 0 } },
    });
    replay.add(job);
    const row = replay.result().classes.find(({ failureClass }) => failureClass === 'temporary');
    expect(row?.dropped).toMatchObject({ attempts: 1, costMicroUsd: 0, attemptsWithoutCost: 0 });
  });

  it('is one line of an invoice, which lacks nothing', async () => {
    const text = 'acceptance_id,time,cost_micro_usd\na,2026-09-10T00:00:00Z,700\nother,2026-11-30T00:00:00Z,1\n';
    const imported = { by: { type: 'user', id: 'ann' }, at: new Date('2026-12-01T00:00:00Z') } as const;
    const invoice = expectOk(readInvoice({ name: 'autumn.csv', provider: 'demo', text }, imported));
    const source = {
      async *iterateJobs() {
        await Promise.resolve();
        yield { type: 'job' as const, job, document: {} };
      },
    };
    const matches = expectOk(await matchInvoicesOf(source, [invoice], new AbortController().signal));
    const found = matches.get(invoice._id);
    expect(found?.findings.map(({ case: what }) => what)).toEqual(['line_unmatched']);
    expect(found?.matched).toBe(1);
  });
});
