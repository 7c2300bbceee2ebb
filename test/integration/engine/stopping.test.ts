import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { consoleEngine } from '../../support/console-engine.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer } from '../../support/test-server.ts';

it('an engine that is stopped while it begins on its server leaves nothing that goes on', async () => {
  const server = await startTestServer();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-stopping-'));
  const begun = vi.spyOn(globalThis, 'setInterval');
  const ended = vi.spyOn(globalThis, 'clearInterval');
  const stopped = Promise.withResolvers<void>();
  const place = { dataDir, mongodbUri: server.uri, dbName: server.dbName, personName: 'ann' };
  const engine = consoleEngine(place, (line) => {
    // Told just before anything is begun there.
    if (line.startsWith('Connected to')) void engine.stop().then(stopped.resolve);
  });
  expectOk(await engine.start());
  await stopped.promise;
  const cleared = ended.mock.calls.map(([timer]) => timer);
  const left = begun.mock.results.filter(({ value }) => !cleared.some((timer) => timer === value));
  expect(begun).toHaveBeenCalled();
  expect(left).toEqual([]);
  vi.restoreAllMocks();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
