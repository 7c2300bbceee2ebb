import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema } from '#domain/failure.ts';
import {
  chargeRuleOf,
  diffPolicies,
  nextPolicyVersion,
  policyInForce,
  policyVersionId,
  policyVersionSchema,
  problemsOf,
  type PolicyDraft,
} from '#domain/policy-version.ts';
import { DEFAULT_RETRY_POLICY, type ClassRule, type RetryPolicy } from '#domain/retry-policy.ts';
import type { FailureClass } from '#domain/failure.ts';
import { expectOk } from '../../support/expect-ok.ts';

const step = { by: { type: 'user', id: 'ann' }, at: new Date(0), reason: 'providers recover faster now' } as const;

function draftWith(
  name: FailureClass,
  rule: Partial<ClassRule>,
  base: RetryPolicy = DEFAULT_RETRY_POLICY,
): PolicyDraft {
  return { spend: base.spend, classes: { ...base.classes, [name]: { ...base.classes[name], ...rule } } };
}

describe('a version of the policy', () => {
  it('follows the one in force, and says who wrote it, when and why', () => {
    const next = expectOk(nextPolicyVersion(DEFAULT_RETRY_POLICY, draftWith('timeout', { automatic: 5 }), step));
    expect(next).toMatchObject({ _id: '000002', version: 2, by: { id: 'ann' }, reason: step.reason });
    expect(policyVersionSchema.parse(next)).toEqual(next);
    expect(policyInForce(next)).toBe(next);
  });

  it('is what the program brings where nobody has written any', () => {
    expect(policyInForce(null)).toBe(DEFAULT_RETRY_POLICY);
  });

  it('has ids in the order of versions', () => {
    expect([policyVersionId(10), policyVersionId(9), policyVersionId(100)].sort()).toEqual([
      policyVersionId(9),
      policyVersionId(10),
      policyVersionId(100),
    ]);
  });

  it.each<{ case: string; draft: PolicyDraft; reason: string; detail: string }>([
    { case: 'no reason', draft: draftWith('timeout', { automatic: 5 }), reason: '  ', detail: 'needs a reason' },
    { case: 'nothing new', draft: DEFAULT_RETRY_POLICY, reason: 'why not', detail: 'nothing differs from version 1' },
    {
      case: 'waits that contradict one another',
      draft: draftWith('timeout', { backoffBaseMs: 2000, backoffMaxMs: 1000 }),
      reason: 'r',
      detail: 'the first wait is longer',
    },
    { case: 'futile retries of bad input', draft: draftWith('input', { automatic: 1 }), reason: 'r', detail: 'input' },
    { case: 'bad input as it is', draft: draftWith('input', { person: 'as_is' }), reason: 'r', detail: 'input' },
    {
      case: 'retries of what was stopped',
      draft: draftWith('cancelled', { automatic: 1 }),
      reason: 'r',
      detail: 'stopped',
    },
    {
      case: 'approval below typing',
      draft: { ...DEFAULT_RETRY_POLICY, spend: { typedCredits: 100, approvalCredits: 10 } },
      reason: 'r',
      detail: 'spend',
    },
  ])('is refused with $case', ({ draft, reason, detail }) => {
    const next = nextPolicyVersion(DEFAULT_RETRY_POLICY, draft, { ...step, reason });
    expect(next).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    expect(next.ok ? '' : next.error.detail).toContain(detail);
  });

  it('of the program contradicts nothing', () => {
    expect(problemsOf(DEFAULT_RETRY_POLICY)).toEqual([]);
  });
});

describe('the difference between two policies', () => {
  it('names class, field and both values, and nothing else', () => {
    expect(diffPolicies(DEFAULT_RETRY_POLICY, draftWith('timeout', { automatic: 5, person: 'never' }))).toEqual([
      { subject: 'timeout', field: 'automatic', from: 2, to: 5 },
      { subject: 'timeout', field: 'person', from: 'as_is', to: 'never' },
    ]);
  });

  it('is empty exactly where nothing differs', () => {
    fc.assert(
      fc.property(fc.constantFrom(...failureClassSchema.options), fc.nat({ max: 50 }), (name, automatic) => {
        const isSame = DEFAULT_RETRY_POLICY.classes[name].automatic === automatic;
        expect(diffPolicies(DEFAULT_RETRY_POLICY, draftWith(name, { automatic })).length === 0).toBe(isSame);
      }),
    );
  });
});

describe('the charge of a failure', () => {
  const second: RetryPolicy = { version: 2, ...draftWith('policy', { charge: 'capture' }) };
  const third: RetryPolicy = { version: 3, ...draftWith('timeout', { charge: 'capture' }) };
  const rule = chargeRuleOf([third, second]);
  it.each([
    ['policy', 1, 'release', 'under the version that the program brings'],
    ['policy', 2, 'capture', 'under the second'],
    ['policy', 3, 'release', 'under the third, which took it back'],
    ['timeout', null, 'release', 'before there were versions'],
    ['timeout', 9, 'capture', 'under a version that nobody knows, as the last one says'],
  ] as const)('%s under version %s is %s: %s', (name, version, charge, _when) => {
    expect(rule(name, version)).toBe(charge);
  });
});
