import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import { chargeStatusSchema, jobStateSchema, type ChargeStatus } from '#domain/job.ts';
import { PlanDraft } from '#domain/retry-plan/plan-draft.ts';
import type { PlanGroup, PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { decidePersonRetry } from '#domain/person-retry.ts';
import { DEFAULT_RETRY_POLICY, personRuleSchema, type RetryPolicy } from '#domain/retry-policy.ts';
import { planSubject } from '../../support/plan-subject.ts';

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

const subject = (fields: Partial<PlanSubject>): PlanSubject => planSubject({ priceCredits: PRICE, ...fields });

interface World {
  readonly reason?: string;
  readonly available?: number;
  readonly policy?: RetryPolicy;
  readonly isCollecting?: boolean;
}

function groupOf(
  job: PlanSubject,
  { reason = '', available = 1000, policy = DEFAULT_RETRY_POLICY, isCollecting = true }: World = {},
): PlanGroup {
  const experience = { costOf: () => null, rateOf: () => ({ retried: 0, succeeded: 0 }), basis: 'nothing' };
  const balance = { availableOf: () => available, liveWithInput: () => null };
  const draft = new PlanDraft({ policy, reason, experience, isCollecting, ...balance });
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

/*
 * What a person is told who retries one job. Read a cell: "a job that failed in this class, as it is / with a reason / with an edited
 * input, is ...". The last columns are those of a job whose failed generation stayed charged, or whose result the provider may have.
 */
const EDIT_ONLY = 'edit_input / edit_input / retry';
const FREELY = 'retry / retry / retry';
const EXPLAINED = 'needs_reason / retry / needs_reason';

// prettier-ignore
const ALONE: Readonly<Record<FailureClass, Readonly<Record<'plain' | 'charged' | 'accepted', string>>>> = {
  //             nothing stands in the way   the customer paid for it                    the provider accepted it
  temporary:   { plain: FREELY,    charged: 'refund_first / retry / refund_first', accepted: 'collect_first / retry / retry' },
  rate_limit:  { plain: FREELY,    charged: 'refund_first / retry / refund_first', accepted: 'collect_first / retry / retry' },
  timeout:     { plain: FREELY,    charged: 'refund_first / retry / refund_first', accepted: 'collect_first / retry / retry' },
  provider:    { plain: EXPLAINED, charged: EXPLAINED,                             accepted: EXPLAINED },
  validation:  { plain: FREELY,    charged: 'refund_first / retry / refund_first', accepted: 'collect_first / retry / retry' },
  input:       { plain: EDIT_ONLY, charged: 'edit_input / edit_input / refund_first', accepted: EDIT_ONLY },
  policy:      { plain: EDIT_ONLY, charged: 'edit_input / edit_input / refund_first', accepted: EDIT_ONLY },
  credit:      { plain: FREELY,    charged: 'refund_first / retry / refund_first', accepted: 'collect_first / retry / retry' },
  cancelled:   { plain: EXPLAINED, charged: EXPLAINED,                             accepted: EXPLAINED },
  unknown:     { plain: EXPLAINED, charged: EXPLAINED,                             accepted: EXPLAINED },
};

describe('a failed job that a person retries alone', () => {
  const cells = failureClassSchema.options.flatMap((failureClass) =>
    (['plain', 'charged', 'accepted'] as const).flatMap((standing) =>
      ALONE[failureClass][standing].split(' / ').map((verdict, index) => ({
        failureClass,
        standing,
        brings: ['nothing', 'a reason', 'an edited input'][index] ?? '',
        verdict,
      })),
    ),
  );

  it.each(cells)('that failed as $failureClass, is $standing, by who brings $brings, is $verdict', (cell) => {
    const told = decidePersonRetry(
      {
        ...subject({ failureClass: cell.failureClass }),
        job: { state: 'failed', inputHash: 'h1', generationId: 'g1' },
        chargeStatus: cell.standing === 'charged' ? 'charged' : 'not_charged',
        acceptanceId: cell.standing === 'accepted' ? 'a1' : null,
        policy: { ...DEFAULT_RETRY_POLICY, version: 7 },
      },
      {
        reason: cell.brings === 'a reason' ? 'the customer waits' : null,
        editedInputHash: cell.brings === 'an edited input' ? 'h2' : null,
        isCollecting: false,
      },
    );
    expect(told).toMatchObject({ verdict: cell.verdict, policyVersion: 7 });
  });
});

describe('whatever the state, class, charge, balance, lineage and policy', () => {
  const rule = fc.record({
    automatic: fc.nat(5),
    backoffBaseMs: fc.constant(0),
    backoffMaxMs: fc.constant(0),
    person: fc.constantFrom(...personRuleSchema.options),
    charge: fc.constantFrom('release' as const, 'capture' as const),
    why: fc.constant('because'),
  });
  const policies: fc.Arbitrary<RetryPolicy> = fc
    .record({ version: fc.integer({ min: 1, max: 1000 }), rules: fc.array(rule, { minLength: 10, maxLength: 10 }) })
    .map(({ version, rules }) => ({
      version,
      spend: DEFAULT_RETRY_POLICY.spend,
      // Object.fromEntries forgets the names that it was given (microsoft/TypeScript#35745).
      classes: Object.fromEntries(
        failureClassSchema.options.map((name, index) => [name, rules[index]]),
      ) as RetryPolicy['classes'],
    }));
  const worlds = fc.record({
    state: fc.constantFrom(...jobStateSchema.options),
    failureClass: fc.constantFrom(...failureClassSchema.options),
    chargeStatus: fc.constantFrom(...chargeStatusSchema.options),
    available: fc.integer({ min: -200, max: 300 }),
    pendingEntries: fc.nat(2),
    /** What the last generation left at its provider, and which job is on its way with the same input. */
    acceptanceId: fc.constantFrom(null, 'a1'),
    live: fc.constantFrom(null, 'j2'),
    reason: fc.constantFrom('', 'the provider is back'),
    policy: policies,
  });

  it('a plan retries or collects only what failed, is settled and unpaid, may be retried, and can be paid; all of it under one version', () => {
    fc.assert(
      fc.property(worlds, fc.boolean(), ({ available, live, reason, policy, ...fields }, isCollecting) => {
        const experience = { costOf: () => null, rateOf: () => ({ retried: 0, succeeded: 0 }), basis: 'nothing' };
        const balance = { availableOf: () => available, liveWithInput: () => live };
        const item = new PlanDraft({ policy, reason, experience, isCollecting, ...balance }).add(subject(fields));
        const person = policy.classes[fields.failureClass].person;
        const mayBe =
          fields.failureClass !== 'input' && (person === 'as_is' || (person === 'with_reason' && reason !== ''));
        const isSettled = fields.pendingEntries === 0 && !['charged', 'unknown'].includes(fields.chargeStatus);
        const isFree = fields.state === 'failed' && isSettled && mayBe;
        const isAccepted = fields.acceptanceId !== null;
        const isPaid = !isAccepted || isCollecting;
        expect(item?.group === 'eligible').toBe(isFree && !isAccepted && available >= PRICE);
        expect(item?.group === 'collect_first').toBe(isFree && isAccepted && (!isCollecting || available >= PRICE));
        expect(item?.group === 'insufficient_credit').toBe(isFree && isPaid && available < PRICE);
        expect(item?.sameInputAs).toBe(live);
      }),
      { numRuns: 3000 },
    );
  });

  it('a person is told under the version that was asked, and never pays twice nor buys twice without saying why', () => {
    const offers = fc.record({
      reason: fc.constantFrom(null, '', 'the customer waits'),
      editedInputHash: fc.constantFrom(null, 'h1', 'h2'),
      isCollecting: fc.boolean(),
    });
    fc.assert(
      fc.property(worlds, offers, ({ policy, ...fields }, offer) => {
        const facts = { ...subject(fields), job: { state: fields.state, inputHash: 'h1', generationId: 'g1' }, policy };
        const told = decidePersonRetry(facts, offer);
        expect(told.policyVersion).toBe(policy.version);
        if (told.verdict !== 'retry') return;
        const isExplained = (offer.reason ?? '').trim() !== '';
        const isBoughtAgain = fields.acceptanceId !== null && offer.editedInputHash !== 'h2' && !offer.isCollecting;
        expect(fields.state).toBe('failed');
        expect(fields.pendingEntries).toBe(0);
        expect(fields.chargeStatus).not.toBe('unknown');
        expect(policy.classes[fields.failureClass].person).not.toBe('never');
        expect((fields.chargeStatus === 'charged' || isBoughtAgain) && !isExplained).toBe(false);
      }),
      { numRuns: 3000 },
    );
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
