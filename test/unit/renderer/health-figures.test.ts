import { describe, expect, it } from 'vitest';
import {
  costAtProviders,
  formatCost,
  formatDollars,
  formatShare,
  knownCost,
} from '../../../renderer/views/health/health-figures.ts';

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

describe('a share', () => {
  it('is no whole where one of thousands is missing, and not nothing where there is one of thousands', () => {
    expect([formatShare(1), formatShare(4999 / 5000)]).toEqual(['100 %', '99.9 %']);
    expect([formatShare(0), formatShare(1 / 5000)]).toEqual(['0 %', '0.1 %']);
    expect(formatShare(0.984)).toBe('98.4 %');
  });
});

describe('a cost in dollars', () => {
  it('is never written as nothing where there is one', () => {
    expect([0, 1, 40, 950].map(formatDollars)).toEqual(['$0.00', '$0.000001', '$0.000040', '$0.000950']);
  });

  it('has cents, and below ten of them hundredths of a cent', () => {
    expect([1000, 99_500, 100_000, 12_345_678].map(formatDollars)).toEqual(['$0.0010', '$0.0995', '$0.10', '$12.35']);
  });
});
