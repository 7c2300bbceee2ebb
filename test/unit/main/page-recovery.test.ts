import { describe, expect, it } from 'vitest';
import { PageRecovery } from '../../../electron/main/page-recovery.ts';

describe('a page that crashed', () => {
  it('is loaded again, but not for ever, and again when it had been well for a while', () => {
    let nowMs = 0;
    const recovery = new PageRecovery(() => nowMs);
    expect([1, 2, 3, 4].map(() => recovery.crashed())).toEqual([true, true, true, false]);
    nowMs = 59_999;
    expect(recovery.crashed()).toBe(false);
    nowMs = 130_000;
    expect(recovery.crashed()).toBe(true);
  });
});
