import { z } from 'zod';

/** Credits in the smallest unit (never a fraction): what a customer holds, is priced and pays. */
export const creditsSchema = z.int().nonnegative();

/** How many decimals credits are shown and typed with. */
export const CREDIT_SCALE = 2;

/** Provider cost in micro-USD (1 USD = 1,000,000), an integer. What a provider charges us, never what a customer pays. */
export const microUsdSchema = z.int().nonnegative();

/**
 * Shows credits for people: `formatCredits(1250, 2)` is `12.50`.
 * @param credits integer in the smallest unit, may be negative
 * @param scale how many decimals the smallest unit stands for (`creditScale` in settings), 0 to 9
 */
export function formatCredits(credits: number, scale: number): string {
  const sign = credits < 0 ? '-' : '';
  const digits = String(Math.abs(credits)).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, ',');
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-scale)}`;
}

/** Credits as a sentence says them, with the program's own decimals: `shownCredits(1250)` is `12.50`. */
export function shownCredits(credits: number): string {
  return formatCredits(credits, CREDIT_SCALE);
}

/** Provider cost as a sentence says it, with every decimal that micro-USD have: `shownDollars(1500)` is `$0.001500`. */
export function shownDollars(microUsd: number): string {
  return `$${formatCredits(microUsd, 6)}`;
}
