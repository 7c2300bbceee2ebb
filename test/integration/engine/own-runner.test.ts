import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runnerActionOf } from '#contract/runner-action.ts';
import type { RunnerStatus } from '#contract/status.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { loadRunnerProgram, OwnRunner } from '#engine/own-runner.ts';
import type { Store } from '#store/connection.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let folder: string;
let store: Store;
let runner: OwnRunner | null = null;
/** All that was said of the runner. */
let said: RunnerStatus[];

beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-own-runner-'));
  store = await server.openStore();
  said = [];
});
afterEach(async () => {
  await runner?.stop();
  runner = null;
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const CHECK_ENTRY = new URL('../../../electron/runner/validators/check-thread.ts', import.meta.url);

function configOf(): EngineConfig {
  return consoleEngine({ dataDir: folder, mongodbUri: server.uri, dbName: server.dbName, personName: 'ann' }).config;
}

/** The runner of this machine, whose program can only be loaded after it could not be for some times. */
function runnerOf(failures: number): OwnRunner {
  let tries = 0;
  runner = new OwnRunner(
    configOf(),
    CHECK_ENTRY,
    (status) => said.push(status),
    () => {
      tries += 1;
      return tries > failures ? loadRunnerProgram() : Promise.reject(new Error("Cannot find module 'chunks/make.js'"));
    },
  );
  return runner;
}

describe("this machine's runner", () => {
  it('says that its program could not be loaded, and is started again where it can be', async () => {
    expectOk(await store.writer.createIndexes());
    const own = runnerOf(2);
    const refused = { ok: false, error: { code: 'internal', detail: 'what runs jobs could not be loaded' } };
    expect(await own.begin({ store, missingIndexes: [], demo: null })).toMatchObject(refused);
    expect(said.at(-1)).toMatchObject({ state: 'off', error: { code: 'internal' } });
    expect(said.map(runnerActionOf).at(-1)).toBe('start');
    expect(await own.control('start')).toMatchObject(refused);
    expect(expectOk(await own.control('start'))).toMatchObject({ state: 'running', error: null });
    expect(said.at(-1)).toMatchObject({ state: 'running' });
  });

  it('is one, however often it is asked to start at once', async () => {
    expectOk(await store.writer.createIndexes());
    const own = runnerOf(1);
    await own.begin({ store, missingIndexes: [], demo: null });
    const asked = await Promise.all([own.control('start'), own.control('start'), own.control('start')]);
    expect(asked.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(new Set(said.flatMap(({ runnerId }) => runnerId ?? [])).size).toBe(1);
    expect(expectOk(await own.control('start')).state).toBe('running');
  });

  it('is started again when the indexes that it lacked were made', async () => {
    const own = runnerOf(0);
    const { missingIndexes } = store;
    const refused = { ok: false, error: { code: 'indexes_missing' } };
    expect(await own.begin({ store, missingIndexes, demo: null })).toMatchObject(refused);
    expect(await own.control('start')).toMatchObject(refused);
    expectOk(await store.writer.createIndexes());
    expect(expectOk(await own.control('start')).state).toBe('running');
  });

  it('that was stopped while its program was loaded runs nothing, and says nothing more', async () => {
    const loading = Promise.withResolvers<undefined>();
    const own = new OwnRunner(
      configOf(),
      CHECK_ENTRY,
      (status) => said.push(status),
      async () => {
        await loading.promise;
        return loadRunnerProgram();
      },
    );
    const begun = own.begin({ store, missingIndexes: [], demo: null });
    await own.stop();
    loading.resolve(undefined);
    expectOk(await begun);
    expect(said).toEqual([]);
    expect(await own.control('start')).toMatchObject({ error: { code: 'not_found' } });
  });
});
