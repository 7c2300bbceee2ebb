import { expect, it } from 'vitest';
import { simulate } from '../support/model-simulation.ts';

it.each([1, 2, 3, 42, 376])('the seed %i replays exactly, call by call', async (seed) => {
  const [first, second] = [await simulate(seed), await simulate(seed)];
  expect(second).toEqual(first);
  expect(first.log.length).toBeGreaterThan(0);
});
