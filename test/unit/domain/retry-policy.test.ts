import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import {
  DEFAULT_RETRY_POLICY,
  decideRetry,
  retryPolicySchema,
  type RetryAsker,
  type RetryPolicy,
  type RetryQuestion,
} from '#domain/retry-policy.ts';

const CLASSES = failureClassSchema.options;
const RUNNER: RetryAsker = { type: 'runner', isGivenBack: false };

function person(fields: Partial<Extract<RetryAsker, { type: 'person' }>> = {}): RetryAsker {
  return { type: 'person', reason: null, editedInputHash: null, ...fields };
}

interface Asked {
  readonly state?: RetryQuestion['job']['state'];
  readonly failureClass?: FailureClass;
  /** Classes of the attempts before this one in the same generation. */
  readonly before?: readonly FailureClass[];
  readonly maxAttempts?: number;
  readonly asker?: RetryAsker;
  readonly chargeStatus?: RetryQuestion['chargeStatus'];
  readonly pendingEntries?: number;
  readonly random?: number;
  readonly retryAfterMs?: number;
  readonly policy?: RetryPolicy;
}

function question(asked: Asked): RetryQuestion {
  const failure = (failureClass: FailureClass): RetryQuestion['job']['attempts'][number] => ({
    generationId: 'g',
    failure: { class: failureClass, code: 'c', message: '', fingerprint: 'f', at: new Date(0) },
  });
  const asker = asked.asker ?? RUNNER;
  return {
    job: {
      state: asked.state ?? (asker.type === 'runner' ? 'running' : 'failed'),
      maxAttempts: asked.maxAttempts ?? 100,
      inputHash: 'hash',
      generationId: 'g',
      attempts: [...(asked.before ?? []).map(failure), { generationId: 'g', failure: null }],
    },
    failureClass: asked.failureClass ?? 'temporary',
    chargeStatus: asked.chargeStatus ?? 'not_charged',
    pendingEntries: asked.pendingEntries ?? 0,
    asker,
    policy: asked.policy ?? DEFAULT_RETRY_POLICY,
    retryAfterMs: asked.retryAfterMs ?? 0,
    random: asked.random ?? 0.5,
  };
}

describe('the default policy', () => {
  it.each<{
    failureClass: FailureClass;
    automatic: number;
    asIs: string;
    withReason: string;
    edited: string;
    charge: string;
  }>([
    { failureClass: 'temporary', automatic: 4, asIs: 'retry', withReason: 'retry', edited: 'retry', charge: 'release' },
    {
      failureClass: 'rate_limit',
      automatic: 6,
      asIs: 'retry',
      withReason: 'retry',
      edited: 'retry',
      charge: 'release',
    },
    { failureClass: 'timeout', automatic: 2, asIs: 'retry', withReason: 'retry', edited: 'retry', charge: 'release' },
    {
      failureClass: 'provider',
      automatic: 1,
      asIs: 'needs_reason',
      withReason: 'retry',
      edited: 'needs_reason',
      charge: 'release',
    },
    {
      failureClass: 'validation',
      automatic: 1,
      asIs: 'retry',
      withReason: 'retry',
      edited: 'retry',
      charge: 'release',
    },
    {
      failureClass: 'input',
      automatic: 0,
      asIs: 'edit_input',
      withReason: 'edit_input',
      edited: 'retry',
      charge: 'release',
    },
    {
      failureClass: 'policy',
      automatic: 0,
      asIs: 'edit_input',
      withReason: 'edit_input',
      edited: 'retry',
      charge: 'release',
    },
    { failureClass: 'credit', automatic: 0, asIs: 'retry', withReason: 'retry', edited: 'retry', charge: 'release' },
    {
      failureClass: 'cancelled',
      automatic: 0,
      asIs: 'needs_reason',
      withReason: 'retry',
      edited: 'needs_reason',
      charge: 'release',
    },
    {
      failureClass: 'unknown',
      automatic: 0,
      asIs: 'needs_reason',
      withReason: 'retry',
      edited: 'needs_reason',
      charge: 'release',
    },
  ])('retries $failureClass $automatic times by itself; a person as it is: $asIs', (row) => {
    const verdict = (asker: RetryAsker): string =>
      decideRetry(question({ failureClass: row.failureClass, asker })).verdict;
    let retries = 0;
    while (
      decideRetry(question({ failureClass: row.failureClass, before: Array(retries).fill(row.failureClass) }))
        .verdict === 'retry'
    )
      retries += 1;
    expect({
      automatic: retries,
      asIs: verdict(person()),
      withReason: verdict(person({ reason: 'the account is paid again' })),
      edited: verdict(person({ editedInputHash: 'other' })),
      charge: DEFAULT_RETRY_POLICY.classes[row.failureClass].charge,
    }).toEqual({
      automatic: row.automatic,
      asIs: row.asIs,
      withReason: row.withReason,
      edited: row.edited,
      charge: row.charge,
    });
  });

  it('has a rule for every class and is a policy by its own schema', () => {
    expect(Object.keys(DEFAULT_RETRY_POLICY.classes).sort()).toEqual([...CLASSES].sort());
    expect(retryPolicySchema.parse(DEFAULT_RETRY_POLICY)).toEqual(DEFAULT_RETRY_POLICY);
  });
});

describe('a retry is blocked', () => {
  it.each<{ case: string; asked: Asked; cause: string }>([
    { case: 'while the charge cannot be proved', asked: { chargeStatus: 'unknown' }, cause: 'charge_unknown' },
    {
      case: 'while the charge cannot be proved, for a person too',
      asked: { chargeStatus: 'unknown', asker: person() },
      cause: 'charge_unknown',
    },
    { case: 'by itself where no runner holds the job', asked: { state: 'retrying' }, cause: 'not_failed' },
    {
      case: 'by itself after a cancellation',
      asked: { state: 'failed', failureClass: 'cancelled' },
      cause: 'not_failed',
    },
    {
      case: 'by itself where the class is not retried',
      asked: { failureClass: 'unknown' },
      cause: 'class_not_automatic',
    },
    { case: 'by itself when the attempts are used up', asked: { maxAttempts: 1 }, cause: 'attempts_used_up' },
    {
      case: 'by itself when the class is used up',
      asked: { failureClass: 'validation', before: ['validation'] },
      cause: 'class_limit_reached',
    },
    { case: 'for a job that did not fail', asked: { state: 'completed', asker: person() }, cause: 'not_failed' },
    { case: 'for a job that is running', asked: { state: 'running', asker: person() }, cause: 'not_failed' },
    { case: 'while entries are owed', asked: { pendingEntries: 1, asker: person() }, cause: 'charge_pending' },
  ])('$case', ({ asked, cause }) => {
    expect(decideRetry(question(asked))).toMatchObject({ verdict: 'blocked', cause, policyVersion: 1 });
  });

  it.each([null, '', '   '])('with the reason %j where one is needed', (reason) => {
    expect(decideRetry(question({ failureClass: 'unknown', asker: person({ reason }) })).verdict).toBe('needs_reason');
  });

  describe('by itself after its runner stopped on purpose', () => {
    /** Asked by a runner that stops, after so many that stopped and so many attempts that failed. */
    function stopping({
      stopped = 0,
      failed = 0,
      ...asked
    }: Asked & { readonly stopped?: number; readonly failed?: number }) {
      const before = Array.from({ length: stopped + failed }, () => 'temporary' as const);
      const given = question({ ...asked, before, asker: { type: 'runner', isGivenBack: true } });
      const attempts = given.job.attempts.map(({ generationId, failure }, n) => ({
        generationId,
        failure: failure === null || n >= stopped ? failure : { ...failure, code: 'network_runner_stopped' },
      }));
      return { ...given, job: { ...given.job, attempts } };
    }

    it.each([
      { case: 'uses none of the attempts up', asked: { maxAttempts: 1 } },
      { case: 'uses none up however often in a row', asked: { maxAttempts: 1, stopped: 19 } },
      { case: 'counts as no failure of its class', asked: { failed: 4 } },
    ])('$case', ({ asked }) => {
      expect(decideRetry(stopping(asked)).verdict).toBe('retry');
    });

    it.each([
      { case: 'without end', asked: { maxAttempts: 1, stopped: 20 }, cause: 'attempts_used_up' },
      {
        case: 'where the policy has nothing of the kind retried',
        asked: { failureClass: 'unknown' as const },
        cause: 'class_not_automatic',
      },
    ])('not $case', ({ asked, cause }) => {
      expect(decideRetry(stopping(asked))).toMatchObject({ verdict: 'blocked', cause });
    });

    it('leaves the attempts that it has for failures', () => {
      const { job, ...others } = stopping({ maxAttempts: 2, stopped: 3 });
      const asker = { type: 'runner', isGivenBack: false } as const;
      expect(decideRetry({ ...others, job, asker }).verdict).toBe('retry');
      expect(decideRetry({ ...others, job: { ...job, maxAttempts: 1 }, asker })).toMatchObject({
        cause: 'attempts_used_up',
      });
    });
  });

  it('failures of other classes and of earlier generations do not count against a class', () => {
    const asked = question({ failureClass: 'validation', before: ['temporary', 'temporary'] });
    const earlier = question({ failureClass: 'validation', before: ['validation'] });
    const attempts = earlier.job.attempts.map((attempt, index) =>
      index === 0 ? { ...attempt, generationId: 'older' } : attempt,
    );
    expect(decideRetry(asked).verdict).toBe('retry');
    expect(decideRetry({ ...earlier, job: { ...earlier.job, attempts } }).verdict).toBe('retry');
  });
});

describe('whatever is asked', () => {
  const asker: fc.Arbitrary<RetryAsker> = fc.oneof(
    fc.constant(RUNNER),
    fc.record({
      type: fc.constant('person' as const),
      reason: fc.option(fc.string(), { nil: null }),
      editedInputHash: fc.constantFrom(null, 'hash', 'other'),
    }),
  );
  const rule = fc.record({
    automatic: fc.integer({ min: 0, max: 50 }),
    backoffBaseMs: fc.integer({ min: 0, max: 3_600_000 }),
    backoffMaxMs: fc.integer({ min: 0, max: 86_400_000 }),
    person: fc.constantFrom('as_is' as const, 'edited_input' as const, 'with_reason' as const, 'never' as const),
    charge: fc.constantFrom('release' as const, 'capture' as const),
    why: fc.constant('because'),
  });
  const policy: fc.Arbitrary<RetryPolicy> = fc.tuple(...CLASSES.map(() => rule)).map((rules) => ({
    version: 2,
    spend: DEFAULT_RETRY_POLICY.spend,
    classes: Object.fromEntries(CLASSES.map((name, index) => [name, rules[index]])) as RetryPolicy['classes'],
  }));
  const asked = fc.record({
    state: fc.constantFrom(
      'queued' as const,
      'running' as const,
      'validating' as const,
      'completed' as const,
      'failed' as const,
      'retrying' as const,
    ),
    failureClass: fc.constantFrom(...CLASSES),
    before: fc.array(fc.constantFrom(...CLASSES), { maxLength: 8 }),
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    asker,
    chargeStatus: fc.constantFrom(
      'not_charged' as const,
      'reserved' as const,
      'charged' as const,
      'refunded' as const,
      'unknown' as const,
    ),
    pendingEntries: fc.nat({ max: 2 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    retryAfterMs: fc.nat({ max: 1_000_000 }),
    policy: fc.oneof(fc.constant(DEFAULT_RETRY_POLICY), policy),
  });

  it('an input failure is never retried with the same input, under any policy', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const verdict = decideRetry(question({ ...given, failureClass: 'input' }));
        const isSameInput = given.asker.type === 'runner' || given.asker.editedInputHash !== 'other';
        expect(verdict.verdict === 'retry' && isSameInput).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('a charge that cannot be proved blocks every retry', () => {
    fc.assert(
      fc.property(asked, (given) => {
        expect(decideRetry(question({ ...given, chargeStatus: 'unknown' })).verdict).toBe('blocked');
      }),
    );
  });

  it('only a runner that holds the job, or a person after it failed and was settled, retries', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const isHeld = given.state === 'running' || given.state === 'validating';
        const isSettledFailure = given.state === 'failed' && given.pendingEntries === 0;
        const mayRetry = given.asker.type === 'runner' ? isHeld : isSettledFailure;
        expect(decideRetry(question(given)).verdict === 'retry' && !mayRetry).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('the delay is a whole number of milliseconds from what the provider asked for to the class maximum', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const verdict = decideRetry(question({ ...given, asker: RUNNER, chargeStatus: 'reserved' }));
        fc.pre(verdict.verdict === 'retry');
        const { backoffMaxMs } = given.policy.classes[given.failureClass];
        const delayMs = verdict.verdict === 'retry' ? verdict.delayMs : -1;
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(given.retryAfterMs);
        expect(delayMs).toBeLessThanOrEqual(Math.max(backoffMaxMs, given.retryAfterMs));
      }),
    );
  });

  it('the same question has the same answer, under the version that it was asked under', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const answer = decideRetry(question(given));
        expect(decideRetry(question(given))).toEqual(answer);
        expect(answer.policyVersion).toBe(given.policy.version);
      }),
    );
  });

  it('a runner gives up after a bounded number of attempts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CLASSES), { minLength: 30, maxLength: 30 }), policy, (classes, under) => {
        const failed: FailureClass[] = [];
        for (const failureClass of classes) {
          const verdict = decideRetry(question({ failureClass, before: failed, maxAttempts: 10, policy: under }));
          if (verdict.verdict !== 'retry') break;
          failed.push(failureClass);
        }
        expect(failed.length).toBeLessThan(10);
      }),
    );
  });
});

describe('the policy as data', () => {
  it.each<{ case: string; broken: unknown }>([
    { case: 'no version', broken: { classes: DEFAULT_RETRY_POLICY.classes } },
    { case: 'a class missing', broken: { version: 2, classes: { temporary: DEFAULT_RETRY_POLICY.classes.temporary } } },
    {
      case: 'a class that there is not',
      broken: {
        version: 2,
        classes: { ...DEFAULT_RETRY_POLICY.classes, weather: DEFAULT_RETRY_POLICY.classes.temporary },
      },
    },
    {
      case: 'an endless number of retries',
      broken: {
        version: 2,
        classes: {
          ...DEFAULT_RETRY_POLICY.classes,
          temporary: { ...DEFAULT_RETRY_POLICY.classes.temporary, automatic: 1000 },
        },
      },
    },
    {
      case: 'a rule without a why',
      broken: {
        version: 2,
        classes: { ...DEFAULT_RETRY_POLICY.classes, temporary: { ...DEFAULT_RETRY_POLICY.classes.temporary, why: '' } },
      },
    },
  ])('with $case is refused', ({ broken }) => {
    expect(retryPolicySchema.safeParse(broken).success).toBe(false);
  });
});
