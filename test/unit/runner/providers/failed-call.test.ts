import { expect, it } from 'vitest';
import { retryAfterMsOf } from '#runner/providers/failed-call.ts';

it.each([
  ['an hour at most', '1000000000', 3_600_000],
  ['nothing where the time is over', '-5', 0],
  ['parts of a second', '0.25', 250],
])('a provider that asks for patience is given %s', (_what, asked, waitMs) => {
  expect(retryAfterMsOf(new Headers({ 'Retry-After': asked }), 0)).toBe(waitMs);
});
