import { describe, expect, it } from 'vitest';
import { costAtProviders, formatCost, knownCost } from '../../../renderer/views/health/health-figures.ts';

describe('what jobs cost at the providers', () => {
  it('is told in full where it is known of every job, also where it is nothing', () => {
    expect(formatCost(1_250_000, 0)).toBe('$1.25');
    expect(formatCost(0, 0)).toBe('$0.00');
    expect(costAtProviders(0, 0)).toBe('$0.00 at the providers');
  });

  it('is the least that it was where it is not known of some of them', () => {
    expect(formatCost(1_250_000, 2000)).toBe('at least $1.25');
    expect(costAtProviders(1_250_000, 2000)).toBe('at least $1.25 at the providers, not known of 2,000 jobs');
    expect(costAtProviders(1_250_000, 1)).toBe('at least $1.25 at the providers, not known of 1 job');
  });

  it('is a dash and never nothing where nobody knows any of it', () => {
    expect(formatCost(0, 3)).toBe('–');
    expect(knownCost(0, 3)).toBeNull();
    expect(costAtProviders(0, 3)).toBe('an unknown cost at the providers');
  });
});
