import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildFailure,
  classifyFailure,
  failureClassSchema,
  failureSchema,
  fingerprintOf,
  normaliseMessage,
  type FailureClass,
  type FailureEvidence,
} from '#domain/failure.ts';
import { hostileText } from '../../support/model-walk.ts';

describe('what a provider answers', () => {
  it.each<{ status: number; providerCode?: string; failureClass: FailureClass; code: string }>([
    { status: 400, failureClass: 'input', code: 'http_400' },
    { status: 401, failureClass: 'provider', code: 'http_401' },
    { status: 402, failureClass: 'provider', code: 'http_402' },
    { status: 403, failureClass: 'provider', code: 'http_403' },
    { status: 404, failureClass: 'input', code: 'http_404' },
    { status: 408, failureClass: 'timeout', code: 'http_408' },
    { status: 409, failureClass: 'temporary', code: 'http_409' },
    { status: 413, failureClass: 'input', code: 'http_413' },
    { status: 422, failureClass: 'input', code: 'http_422' },
    { status: 425, failureClass: 'temporary', code: 'http_425' },
    { status: 429, failureClass: 'rate_limit', code: 'http_429' },
    { status: 500, failureClass: 'temporary', code: 'http_500' },
    { status: 501, failureClass: 'provider', code: 'http_501' },
    { status: 502, failureClass: 'temporary', code: 'http_502' },
    { status: 503, failureClass: 'temporary', code: 'http_503' },
    { status: 504, failureClass: 'timeout', code: 'http_504' },
    { status: 511, failureClass: 'provider', code: 'http_511' },
    { status: 520, failureClass: 'temporary', code: 'http_520' },
    { status: 521, failureClass: 'temporary', code: 'http_521' },
    { status: 522, failureClass: 'temporary', code: 'http_522' },
    { status: 523, failureClass: 'temporary', code: 'http_523' },
    { status: 524, failureClass: 'timeout', code: 'http_524' },
    { status: 525, failureClass: 'temporary', code: 'http_525' },
    { status: 529, failureClass: 'temporary', code: 'http_529' },
    { status: 530, failureClass: 'temporary', code: 'http_530' },
    { status: 302, failureClass: 'unknown', code: 'http_302' },
    { status: 0, failureClass: 'unknown', code: 'http_0' },
    { status: 429, providerCode: 'insufficient_quota', failureClass: 'provider', code: 'insufficient_quota' },
    { status: 429, providerCode: 'rate_limit_exceeded', failureClass: 'rate_limit', code: 'rate_limit_exceeded' },
    { status: 400, providerCode: 'content_policy_violation', failureClass: 'policy', code: 'content_policy_violation' },
    { status: 400, providerCode: 'moderation_blocked', failureClass: 'policy', code: 'moderation_blocked' },
    { status: 400, providerCode: 'context_length_exceeded', failureClass: 'input', code: 'context_length_exceeded' },
    { status: 404, providerCode: 'model_not_found', failureClass: 'input', code: 'model_not_found' },
    {
      status: 400,
      providerCode: 'billing_hard_limit_reached',
      failureClass: 'provider',
      code: 'billing_hard_limit_reached',
    },
    { status: 500, providerCode: 'something_new', failureClass: 'temporary', code: 'something_new' },
    { status: 503, providerCode: 'constructor', failureClass: 'temporary', code: 'constructor' },
    { status: 503, providerCode: '', failureClass: 'temporary', code: 'http_503' },
    { status: 402, providerCode: '402', failureClass: 'provider', code: 'http_402' },
    { status: 401, providerCode: 'token_expired', failureClass: 'provider', code: 'http_401' },
    { status: 403, providerCode: 'content_filter', failureClass: 'policy', code: 'content_filter' },
  ])('$status $providerCode is $failureClass', ({ status, providerCode, failureClass, code }) => {
    expect(classifyFailure({ source: 'http', status, code: providerCode, message: 'm' })).toEqual({
      class: failureClass,
      code,
      message: 'm',
    });
  });
});

describe('what goes wrong elsewhere', () => {
  it.each<{ evidence: FailureEvidence; failureClass: FailureClass; code: string }>([
    {
      evidence: { source: 'network', code: 'ECONNRESET', message: 'm' },
      failureClass: 'temporary',
      code: 'network_econnreset',
    },
    { evidence: { source: 'timeout', limitMs: 120_000 }, failureClass: 'timeout', code: 'attempt_timeout' },
    { evidence: { source: 'reply', message: 'm' }, failureClass: 'provider', code: 'malformed_reply' },
    { evidence: { source: 'content_refusal', message: 'm' }, failureClass: 'policy', code: 'content_refused' },
    {
      evidence: { source: 'validation', failedChecks: ['parts', 'links'], message: 'm' },
      failureClass: 'validation',
      code: 'check_parts',
    },
    {
      evidence: { source: 'validation', failedChecks: [], message: 'm' },
      failureClass: 'validation',
      code: 'check_failed',
    },
    { evidence: { source: 'input', message: 'm' }, failureClass: 'input', code: 'invalid_input' },
    {
      evidence: { source: 'credit', neededCredits: 5, availableCredits: 3 },
      failureClass: 'credit',
      code: 'insufficient_credit',
    },
    { evidence: { source: 'cancelled', message: 'm' }, failureClass: 'cancelled', code: 'cancelled' },
    { evidence: { source: 'generation', code: 'gpu_lost', message: 'm' }, failureClass: 'provider', code: 'gpu_lost' },
    {
      evidence: { source: 'generation', code: 'content_filter', message: 'm' },
      failureClass: 'policy',
      code: 'content_filter',
    },
    { evidence: { source: 'lease', message: 'm' }, failureClass: 'temporary', code: 'lease_expired' },
    { evidence: { source: 'exception', message: 'm' }, failureClass: 'unknown', code: 'exception' },
  ])('$evidence.source is $failureClass', ({ evidence, failureClass, code }) => {
    expect(classifyFailure(evidence)).toMatchObject({ class: failureClass, code });
  });

  it('every evidence becomes a failure that a document can hold', () => {
    const text = fc.oneof(hostileText, fc.constant('x'.repeat(9000)));
    const evidence: fc.Arbitrary<FailureEvidence> = fc.oneof(
      fc.record({
        source: fc.constant('http' as const),
        status: fc.integer(),
        code: fc.option(text, { nil: undefined }),
        message: text,
      }),
      fc.record({ source: fc.constant('network' as const), code: text, message: text }),
      fc.record({ source: fc.constant('timeout' as const), limitMs: fc.integer() }),
      fc.record({ source: fc.constant('validation' as const), failedChecks: fc.array(text), message: text }),
      fc.record({
        source: fc.constantFrom('reply' as const, 'content_refusal' as const, 'exception' as const),
        message: text,
      }),
    );
    fc.assert(
      fc.property(evidence, fc.string({ maxLength: 200 }), (given, provider) => {
        const failure = buildFailure(classifyFailure(given), provider, 'm', new Date(0));
        expect(failureSchema.safeParse(failure).success).toBe(true);
      }),
    );
  });
});

describe('the fingerprint', () => {
  it.each([
    { one: 'Request 7f3c failed after 31 ms', other: 'Request 7f3c failed after 1,204 ms' },
    { one: 'no model "gpt-4"', other: 'no model "gpt-5-mini"' },
    { one: 'see https://a.example/x?y=1 now', other: 'see http://b.example now' },
    { one: 'job 123e4567-e89b-12d3-a456-426614174000 gone', other: 'job 00000000-0000-4000-8000-000000000000 gone' },
    { one: 'req_abc123def456 timed  out', other: 'req_zzz999yyy888 timed out' },
  ])('of "$one" is that of "$other"', ({ one, other }) => {
    const of = (message: string): string => fingerprintOf({ class: 'temporary', code: 'c', message }, 'p', 'm');
    expect(of(one)).toBe(of(other));
  });

  it('differs between classes, codes, providers and models', () => {
    const all = failureClassSchema.options.flatMap((failureClass) =>
      ['a', 'b'].flatMap((code) =>
        ['p', 'q'].map((provider) => fingerprintOf({ class: failureClass, code, message: 'same' }, provider, code)),
      ),
    );
    expect(new Set(all).size).toBe(all.length);
  });

  it('is bounded, however long the message', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ maxLength: 3000 })), (message) => {
        const once = normaliseMessage(message);
        expect(once.length).toBeLessThanOrEqual(160);
        expect(fingerprintOf({ class: 'unknown', code: 'c', message }, 'p', 'm').length).toBeLessThanOrEqual(200);
      }),
    );
  });
});
