import { describe, expect, it } from 'vitest';
import type { ShellAnswer } from '#engine/shell-asks.ts';
import { OpenAsks } from '../../../electron/main/open-asks.ts';

const ANSWER: ShellAnswer = { ok: true, value: {} };

/** Asks that wait until they are told to be answered. */
function setup() {
  const waiting: { readonly withdrawn: AbortSignal; readonly answer: (answer: ShellAnswer) => void }[] = [];
  const asks = new OpenAsks(({ withdrawn }) => {
    const { promise, resolve } = Promise.withResolvers<ShellAnswer>();
    waiting.push({ withdrawn, answer: resolve });
    return promise;
  });
  const aborted = (): readonly boolean[] => waiting.map(({ withdrawn }) => withdrawn.aborted);
  return { asks, waiting, aborted };
}

describe('what the engine asked of the desktop', () => {
  it('is withdrawn by its number, and nothing else is', async () => {
    const { asks, waiting, aborted } = setup();
    const answers = [1, 2].map((id) => asks.answer(id, 'log.tail', {}));
    asks.withdraw(2);
    asks.withdraw(3);
    expect(aborted()).toEqual([false, true]);
    for (const { answer } of waiting) answer(ANSWER);
    expect(await Promise.all(answers)).toEqual([ANSWER, ANSWER]);
  });

  it('is withdrawn as a whole when the engine ends, but for what was answered', async () => {
    const { asks, waiting, aborted } = setup();
    const [first] = [1, 2, 3].map((id) => asks.answer(id, 'log.tail', {}));
    waiting[0]?.answer(ANSWER);
    await first;
    asks.withdrawAll();
    expect(aborted()).toEqual([false, true, true]);
  });
});
