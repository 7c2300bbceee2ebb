import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configuredLimits,
  isNamedScope,
  limitChanges,
  limitScopeSchema,
  withLimit,
  withRate,
} from '#domain/runner-limit-change.ts';
import { NO_LIMITS, runnerLimitsSchema } from '#domain/runner-limits.ts';

const scopes = fc.constantFrom(...limitScopeSchema.options);
const names = fc.constantFrom('a', 'b', 'constructor', 'w 1');
const steps = fc.array(fc.tuple(scopes, names, fc.option(fc.nat({ max: 1000 }))), { maxLength: 30 });

describe('changing the limits of a fleet', () => {
  it('keeps for each scope and name what was set last, and nothing that was taken away', () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const expected = new Map<string, number>();
        let limits = NO_LIMITS;
        for (const [scope, name, max] of changes) {
          limits = withLimit(limits, scope, name, max);
          const key = `${scope} ${isNamedScope(scope) ? name : ''}`;
          if (max === null) expected.delete(key);
          else expected.set(key, max);
        }
        const found = configuredLimits(limits).map(({ scope, name, max }) => [`${scope} ${name}`, max] as const);
        expect(new Map(found)).toEqual(expected);
        expect(found).toHaveLength(expected.size);
        expect(runnerLimitsSchema.parse(limits)).toEqual(limits);
      }),
    );
  });

  it('says each difference in a sentence, and none where there is none', () => {
    const before = withLimit(withLimit(NO_LIMITS, 'total', '', 50), 'provider', 'openai', 10);
    const rate = { requestsPerMinute: 60, tokensPerMinute: 90_000, tokensPerRequest: 1500 };
    const after = withRate(withLimit(withLimit(before, 'provider', 'openai', null), 'total', '', 0), 'openai', rate);
    expect(limitChanges(before, after)).toEqual([
      'all attempts together: 50 at once → nothing may begin',
      'provider openai: 10 at once → no limit',
      'provider openai: no limit → 60 requests a minute and 90000 tokens a minute at 1500 a request',
    ]);
    expect(limitChanges(after, after)).toEqual([]);
  });
});
