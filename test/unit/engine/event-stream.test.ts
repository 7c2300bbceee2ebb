import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { streamEvents } from '#engine/listener/event-stream.ts';
import type { JobEventReader } from '#engine/listener/job-events.ts';
import { ok } from '#domain/result.ts';

const EVENT = {
  id: '1.1.j1',
  jobId: 'x'.repeat(100_000),
  workspaceId: 'w1',
  userId: 'u1',
  kind: 'image',
  from: null,
  state: 'queued',
  seq: 1,
  attempt: 0,
  atMs: 1,
  failureClass: null,
} as const;

/** A response whose client takes nothing: what is written to it stays where it is. */
function stalledResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

it('sends a client away that takes nothing, because it holds a place that others want', async () => {
  const response = stalledResponse();
  const waits: number[] = [];
  const reader: Pick<JobEventReader, 'begin' | 'next'> = {
    begin: () => Promise.resolve(ok('1.1.0.')),
    next: () => Promise.resolve(ok({ events: [{ event: EVENT, position: '1.1.1.j1' }], isBehind: false })),
  };
  await streamEvents(reader, response, {
    signal: new AbortController().signal,
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  expect(response.destroyed).toBe(true);
  expect(waits).toEqual([60_000]);
});
