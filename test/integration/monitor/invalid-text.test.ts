import { expect, it, vi } from 'vitest';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { setupCopy } from '../../support/monitored-copy.ts';
import { openTestStore, startTestServer } from '../../support/test-server.ts';
import { startWireProxy } from '../../support/wire-proxy.ts';
import { WAIT } from './copy-check.ts';

/** What stands in prompts where the server is to answer with bytes that are no text, of the same length. */
const MARK = 'no-text!';

it('a copy takes in documents whose text is none, as products write it whose driver does not look', async () => {
  const server = await startTestServer();
  const proxy = await startWireProxy(Number(new URL(server.uri).port), ({ client, upstream }) => {
    client.on('data', (request: Buffer) => upstream.write(request));
    upstream.on('data', (reply: Buffer) => {
      // MongoDB keeps the bytes that it is given; the sandbox takes only text, so they are put in on the way.
      for (let at = reply.indexOf(MARK); at >= 0; at = reply.indexOf(MARK)) reply.fill(0xff, at, at + MARK.length);
      client.write(reply);
    });
  });
  const uri = new URL(server.uri);
  uri.port = String(proxy.port);
  const store = await openTestStore(uri.href, server.dbName);
  const copy = setupCopy();
  const job = (id: string): ReturnType<typeof queuedJob> => queuedJob({ id, prompt: `A page about ${MARK}` });
  const direct = await server.openStore();
  try {
    expectOk(await direct.writer.insertJobs([job('j1')]));
    copy.start(store.changes);
    await vi.waitFor(() => expect(expectOk(copy.cache.reader.job('j1'))).not.toBeNull(), WAIT);
    expectOk(await direct.writer.insertJobs([job('j2')]));
    await vi.waitFor(() => expect(expectOk(copy.cache.reader.job('j2'))).not.toBeNull(), WAIT);
    expect(JSON.stringify(expectOk(copy.cache.reader.job('j2')))).toContain('A page about \u{FFFD}');
  } finally {
    await copy.end();
    await store.close();
    await proxy.stop();
    await server.stop();
  }
});
