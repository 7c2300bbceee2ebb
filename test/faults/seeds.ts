import { describe, expect, it } from 'vitest';
import { simulate } from '../support/model-simulation.ts';

/** How many seeds a test run takes, RUNLEDGER_SIMULATION_SEEDS where it is set. More by hand: `npm run simulate -- --runs 100000`. */
const SEEDS = wholeNumber(process.env['RUNLEDGER_SIMULATION_SEEDS'] ?? '10000');
const PART = 500;
const PART_TIMEOUT_MS = 120_000;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`RUNLEDGER_SIMULATION_SEEDS is no whole number: ${text}`);
  return value;
}

/**
 * One share of the seeds, so that several files run at once and a machine's cores are all used: with two shares, ten thousand
 * seeds take about as long as everything else in the suite.
 */
export function describeShareOfSeeds(share: number, shares: number): void {
  const parts = Array.from({ length: Math.ceil(SEEDS / PART) }, (_, index) => ({
    from: index * PART + 1,
    to: Math.min((index + 1) * PART, SEEDS),
  })).filter((_, index) => index % shares === share);

  describe('the real code on a virtual clock over a faulty deployment', () => {
    it.each(parts)(
      'holds every invariant after every step, and comes to rest, under each seed from $from to $to',
      async ({ from, to }) => {
        expect(await firstFailureOf(from, to)).toBeNull();
      },
      PART_TIMEOUT_MS,
    );
  });
}

/** The first seed under which something is wrong, with the command that replays it; null where all is right under each. */
async function firstFailureOf(from: number, to: number): Promise<object | null> {
  for (let seed = from; seed <= to; seed += 1) {
    const { violations, steps } = await simulate(seed);
    if (violations.length > 0) return { replay: `npm run simulate -- --seed ${seed}`, steps, violations };
  }
  return null;
}
