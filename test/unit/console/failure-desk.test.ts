import { expect, it } from 'vitest';
import { FailureDesk } from '#console/failures/failure-desk.ts';
import type { FailureDecision } from '#domain/failure-groups.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';

it('a decision is dated by the server’s clock, as what fails after it is', async () => {
  const serverNow = new Date('2026-11-30T12:00:00Z');
  const kept: FailureDecision[] = [];
  const desk = new FailureDesk({
    copy: () => {
      throw new Error('a decision reads no copy');
    },
    store: () => ({
      failures: {
        all: () => Promise.resolve(ok({ values: [], malformed: [] })),
        replace: (next) => Promise.resolve(ok(kept.push(next) === 1)),
      },
      reader: { serverNow: () => Promise.resolve(ok(serverNow)) },
    }),
    nowMs: () => serverNow.getTime() - 600_000,
  });
  const order = { groupId: 'temporary:x:demo/demo:y', seenVersion: 0, act: { type: 'resolve', note: '' } } as const;
  expectOk(await desk.decide(order, { type: 'user', id: 'ann' }));
  expect(kept.map(({ verdict }) => verdict?.at)).toEqual([serverNow]);
});
