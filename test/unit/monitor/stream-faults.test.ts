import { describe, expect, it } from 'vitest';
import { appError, type AppError } from '#domain/errors.ts';
import { isPositionLost } from '#monitor/stream-faults.ts';

const refusal = (code: number): AppError =>
  appError('server_error', null, Object.assign(new Error('refused'), { code }));

describe('a stream that cannot be taken up at its position', () => {
  it.each([
    ['a token without its text', 40_647],
    ['a token whose types are no bytes', 40_648],
    ['an empty token', 40_649],
    ['a token of a time alone', 50_796],
    ['a token whose version is no number', 50_854],
    ['a token of a newer version', 50_795],
    ['a token of another kind', 51_057],
    ['a token that ends in front of its transaction', 50_793],
    ['a token with another thing for a collection', 207],
    ['a token without its event', 6_189_501],
    ['a token that goes on behind its end', 40_646],
    ['a token for which there is no event', 280],
  ])('is given up at %s', (_what, code) => {
    expect(isPositionLost(refusal(code))).toBe(true);
  });

  it.each([11_600, 13, 50_000])('is not given up at a refusal that says nothing of it: %i', (code) => {
    expect(isPositionLost(refusal(code))).toBe(false);
  });
});
