import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineStatus } from '#contract/status.ts';
import type { Engine } from '#engine/engine.ts';
import { EngineLine, type LinePort } from '../../../electron/main/engine-line.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let folder: string;
let engine: Engine;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-line-'));
  expectOk(await (await server.openStore()).writer.createIndexes());
});
afterEach(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly line: EngineLine;
  readonly statuses: (EngineStatus | null)[];
  readonly logged: string[];
}

/** A line to an engine, as the shell has one. */
function lineTo(target: Engine): Line {
  const statuses: (EngineStatus | null)[] = [];
  const logged: string[] = [];
  const line = new EngineLine(
    (status) => statuses.push(status),
    (text) => logged.push(text),
  );
  let toEngine: (event: { readonly data: unknown }) => void = () => undefined;
  let toLine: (event: { readonly data: unknown }) => void = () => undefined;
  target.connect({
    on: (event: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) => {
      if (event === 'message') toEngine = listener;
    },
    postMessage: (data) => toLine({ data: structuredClone(data) }),
    start: () => undefined,
    close: () => undefined,
  });
  const port: LinePort = {
    on: (_event, listener) => {
      toLine = listener;
    },
    postMessage: (data) => toEngine({ data: structuredClone(data) as unknown }),
    start: () => undefined,
  };
  line.connect(port);
  return { line, statuses, logged };
}

function runnerState({ statuses }: Line): string | undefined {
  return statuses.at(-1)?.runner.state;
}

describe("the shell's line to the engine", () => {
  it('hears how the engine is, and pauses and resumes its runner', async () => {
    engine = consoleEngine({
      dataDir: folder,
      mongodbUri: server.uri,
      dbName: server.dbName,
      personName: 'founder',
      withRunner: true,
    });
    expectOk(await engine.start());
    const line = lineTo(engine);
    await expect.poll(() => runnerState(line), { timeout: 20_000 }).toBe('running');
    line.line.control('pause');
    await expect.poll(() => runnerState(line)).toBe('paused');
    line.line.control('resume');
    await expect.poll(() => runnerState(line)).toBe('running');
    line.line.connect(null);
    expect(line.statuses.at(-1)).toBeNull();
    expect(line.logged).toEqual([]);
  });

  it('is refused what the person may not, as a window is', async () => {
    engine = consoleEngine({
      dataDir: folder,
      mongodbUri: server.uri,
      dbName: server.dbName,
      personName: 'looker',
      isReadOnly: true,
    });
    expectOk(await engine.start());
    const line = lineTo(engine);
    await expect.poll(() => line.statuses.at(-1)?.connection.state, { timeout: 20_000 }).toBe('connected');
    line.line.control('pause');
    await expect.poll(() => line.logged).toEqual([expect.stringContaining('the tray was refused: read_only')]);
  });
});
