import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { FleetLimitsView } from '#contract/fleet-views.ts';
import { NO_LIMITS } from '#domain/runner-limits.ts';
import { RateRow } from '../../../renderer/views/runner/rate-row.tsx';

const RATE = { requestsPerMinute: 60, tokensPerMinute: null, tokensPerRequest: 1000 };

function cells(view: Partial<FleetLimitsView>): readonly string[] {
  const row = <RateRow provider="films" view={{ limits: NO_LIMITS, revision: 1, held: [], rates: [], ...view }} />;
  return renderToStaticMarkup(row)
    .split(/<\/t[hd]>/u)
    .map((cell) => cell.replaceAll(/<[^>]*>/gu, ''))
    .slice(0, 3);
}

describe('the rate of a provider', () => {
  it('that has none is not said to be unused, which its jobs would contradict', () => {
    const rates = [{ provider: 'films', requestsLeft: null, tokensLeft: null, heldBackUntilMs: null }];
    expect(cells({ rates })).toEqual(['provider films', 'no rate', '–']);
  });

  it('that has one and was not asked yet is', () => {
    const limits = { ...NO_LIMITS, rates: { films: RATE } };
    expect(cells({ limits })[2]).toBe('not used yet');
  });
});
