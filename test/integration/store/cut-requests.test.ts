import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let store: Store;
const sockets = new Set<Socket>();
const noteSocket = (message: unknown): void => {
  if (typeof message === 'object' && message !== null && 'socket' in message && message.socket instanceof Socket)
    sockets.add(message.socket);
};

beforeAll(async () => {
  server = await startTestServer();
  subscribe('net.client.socket', noteSocket);
  store = await server.openStore();
});
afterAll(async () => {
  unsubscribe('net.client.socket', noteSocket);
  await server.stop();
});

/** What the runtime does with every socket whose other side has ended; that they are closed is told in a later turn. */
function endAll(): void {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
}

describe('a request on a connection that is being closed', () => {
  it('is written on another one, and not waited for without end', async () => {
    endAll();
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'written' })]));
    endAll();
    expect(expectOk(await store.reader.readJob('written'))?.type).toBe('job');
  });

  it.each([
    ['closes', undefined],
    ['fails', new Error('write EPIPE')],
  ])('is tried again also where the connection %s while it takes the request', async (what, failure) => {
    const prompt = 'tea '.repeat(60_000);
    const jobs = Array.from({ length: 40 }, (_, n) => queuedJob({ id: `${what}-${n}`, prompt }));
    const inserting = store.writer.insertJobs(jobs);
    const socket = await taking();
    socket.destroy(failure);
    expectOk(await inserting);
    expect(expectOk(await store.reader.readJob(`${what}-39`))?.type).toBe('job');
  });
});

/** The socket that has not taken all of what it was given. */
async function taking(): Promise<Socket> {
  for (;;) {
    const found = [...sockets].find((socket) => socket.writableNeedDrain);
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
