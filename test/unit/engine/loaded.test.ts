import { describe, expect, it } from 'vitest';
import { loaded } from '#engine/loaded.ts';

describe('what is loaded when it is needed', () => {
  it('is there', async () => {
    expect(await loaded('the answer', () => Promise.resolve({ answer: 42 }))).toEqual({
      ok: true,
      value: { answer: 42 },
    });
  });

  it('is told of with its cause where its file is missing', async () => {
    const cause = new Error('Cannot find module');
    const missing = await loaded('the demonstration', () => Promise.reject(cause));
    expect(missing).toEqual({
      ok: false,
      error: { code: 'internal', detail: 'the demonstration could not be loaded', cause },
    });
  });
});
