import { describe, expect, it } from 'vitest';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import { chargeStatusSchema, jobStateSchema, type ChargeStatus } from '#domain/job.ts';
import { PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import type { PlanGroup, PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { DEFAULT_RETRY_POLICY, personRuleSchema, type RetryPolicy } from '#domain/retry-policy.ts';

/*
 * What a plan makes of a job, cell by cell. Read a row: "a job that failed in this class, under the policy that is in force, whose
 * customer ... , is ...". Where a cell has a slash, the first is without a reason for the plan, the second with one.
 */
const YES = 'eligible';
const ASK = 'needs_reason / eligible';
const PAID = 'already_charged';
const WHO = 'charge_unknown';
const EDIT = 'needs_edit';
const ASK_PAID = 'needs_reason / already_charged';

// prettier-ignore
const FAILED: Readonly<Record<FailureClass, Readonly<Record<ChargeStatus, string>>>> = {
  //             was not charged     has it reserved     was charged            was refunded     cannot be proved
  temporary:   { not_charged: YES,  reserved: YES,  charged: PAID,     refunded: YES,  unknown: WHO },
  rate_limit:  { not_charged: YES,  reserved: YES,  charged: PAID,     refunded: YES,  unknown: WHO },
  timeout:     { not_charged: YES,  reserved: YES,  charged: PAID,     refunded: YES,  unknown: WHO },
  provider:    { not_charged: ASK,  reserved: ASK,  charged: ASK_PAID, refunded: ASK,  unknown: WHO },
  validation:  { not_charged: YES,  reserved: YES,  charged: PAID,     refunded: YES,  unknown: WHO },
  input:       { not_charged: EDIT, reserved: EDIT, charged: EDIT,     refunded: EDIT, unknown: WHO },
  policy:      { not_charged: EDIT, reserved: EDIT, charged: EDIT,     refunded: EDIT, unknown: WHO },
  credit:      { not_charged: YES,  reserved: YES,  charged: PAID,     refunded: YES,  unknown: WHO },
  cancelled:   { not_charged: ASK,  reserved: ASK,  charged: ASK_PAID, refunded: ASK,  unknown: WHO },
  unknown:     { not_charged: ASK,  reserved: ASK,  charged: ASK_PAID, refunded: ASK,  unknown: WHO },
};

/** What each rule of a policy makes of a job that was not charged and failed for a temporary reason. */
const UNDER_RULE = {
  as_is: YES,
  edited_input: EDIT,
  with_reason: ASK,
  never: 'blocked_by_class',
} as const satisfies Record<(typeof personRuleSchema.options)[number], string>;

const PRICE = 100;
const BALANCES = { enough: 1000, 'exactly enough': PRICE, 'one credit short': PRICE - 1, nothing: 0, 'a debt': -50 };

function subject(fields: Partial<PlanSubject>): PlanSubject {
  return {
    jobId: 'j1',
    version: 3,
    workspaceId: 'w1',
    kind: 'website',
    model: 'demo',
    state: 'failed',
    failureClass: 'temporary',
    generationId: 'g1',
    priceCredits: PRICE,
    chargeStatus: 'not_charged',
    pendingEntries: 0,
    acceptanceId: null,
    ...fields,
  };
}

interface World {
  readonly reason?: string;
  readonly available?: number;
  readonly policy?: RetryPolicy;
}

function groupOf(
  job: PlanSubject,
  { reason = '', available = 1000, policy = DEFAULT_RETRY_POLICY }: World = {},
): PlanGroup {
  const experience = { costOf: () => null, rateOf: () => ({ retried: 0, succeeded: 0 }), basis: 'nothing' };
  const draft = new PlanDraft({ policy, reason, experience, availableOf: () => available });
  const item = draft.add(job);
  if (item === null) throw new Error('the job is in the plan already');
  return item.group;
}

function expected(cell: string, hasReason: boolean): string {
  const [without = '', withReason = without] = cell.split(' / ');
  return hasReason ? withReason : without;
}

const CELLS = failureClassSchema.options.flatMap((failureClass) =>
  chargeStatusSchema.options.flatMap((chargeStatus) =>
    Object.entries(BALANCES).flatMap(([balance, available]) =>
      [false, true].map((hasReason) => {
        const cell = expected(FAILED[failureClass][chargeStatus], hasReason);
        const outcome = cell === YES && available < PRICE ? 'insufficient_credit' : cell;
        return { failureClass, chargeStatus, balance, available, reason: hasReason ? 'with' : 'without', outcome };
      }),
    ),
  ),
);

describe('a failed job in a plan', () => {
  it.each(CELLS)(
    'that failed as $failureClass, is $chargeStatus, whose workspace has $balance, $reason a reason, is $outcome',
    ({ failureClass, chargeStatus, available, reason, outcome }) => {
      const world = { available, reason: reason === 'with' ? 'the provider is back' : '' };
      expect(groupOf(subject({ failureClass, chargeStatus }), world)).toBe(outcome);
    },
  );

  it.each(failureClassSchema.options)('that failed as %s waits until its last entries are posted', (failureClass) => {
    expect(groupOf(subject({ failureClass, pendingEntries: 1 }), { reason: 'because' })).toBe('charge_unknown');
  });

  it.each(failureClassSchema.options)(
    'that failed as %s is never bought again while it can be collected',
    (failureClass) => {
      for (const reason of ['', 'because']) {
        const plain = groupOf(subject({ failureClass }), { reason });
        const accepted = groupOf(subject({ failureClass, acceptanceId: 'a1' }), { reason });
        expect(accepted).toBe(plain === 'eligible' ? 'collect_first' : plain);
      }
    },
  );

  it.each(Object.entries(UNDER_RULE))('is, where the policy says %s, %s', (person, cell) => {
    const rule = { ...DEFAULT_RETRY_POLICY.classes.temporary, person: personRuleSchema.parse(person) };
    const policy = { ...DEFAULT_RETRY_POLICY, classes: { ...DEFAULT_RETRY_POLICY.classes, temporary: rule } };
    expect(groupOf(subject({}), { policy })).toBe(expected(cell, false));
    expect(groupOf(subject({}), { policy, reason: 'because' })).toBe(expected(cell, true));
  });

  it('with bad input needs an edit whatever a policy says', () => {
    const rule = { ...DEFAULT_RETRY_POLICY.classes.input, person: 'as_is' as const };
    const policy = { ...DEFAULT_RETRY_POLICY, classes: { ...DEFAULT_RETRY_POLICY.classes, input: rule } };
    expect(groupOf(subject({ failureClass: 'input' }), { policy, reason: 'because' })).toBe('needs_edit');
  });
});

describe('a job that has not failed in a plan', () => {
  const cells = jobStateSchema.options
    .filter((state) => state !== 'failed')
    .flatMap((state) => chargeStatusSchema.options.map((chargeStatus) => ({ state, chargeStatus })));

  it.each(cells)('that is $state and $chargeStatus is left alone', ({ state, chargeStatus }) => {
    for (const reason of ['', 'because']) {
      expect(groupOf(subject({ state, chargeStatus, failureClass: null }), { reason })).toBe('not_failed');
    }
  });
});
