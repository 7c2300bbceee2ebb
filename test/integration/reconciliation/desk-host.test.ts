import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeskHost, type DeskHostOptions } from '#console/reconciliation/desk-host.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runledger-desk-host-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function hostOf(entry: string, given: Partial<DeskHostOptions>): DeskHost {
  return new DeskHost({
    hidden: () => [],
    entry: pathToFileURL(entry),
    settings: {
      copyFile: path.join(folder, 'copy.sqlite'),
      folder,
      exportFolder: folder,
      uri: 'mongodb://127.0.0.1:1',
      dbName: null,
      isReadOnly: true,
      mapping: null,
      signIn: null,
      limits: { mendAloneCreditsMax: 0, periodOpenCreditsMax: 0 },
    },
    onState: () => undefined,
    log: () => undefined,
    ...given,
  });
}

describe('the host of the thread of reconciliation', () => {
  it('leaves a thread that does not stop to itself, for ending one in native code would end the whole process', async () => {
    const sign = path.join(folder, 'still-alive');
    const entry = path.join(folder, 'deaf.mjs');
    await writeFile(
      entry,
      `import { writeFileSync } from 'node:fs';
       import { parentPort } from 'node:worker_threads';
       parentPort.on('message', () => undefined);
       setTimeout(() => { writeFileSync(${JSON.stringify(sign)}, 'yes'); process.exit(0); }, 1500);`,
    );
    const said: string[] = [];
    const host = hostOf(entry, { log: (line) => said.push(line), stopMsMax: 50 });
    const state = host.state();
    await host.stop();
    expect(said).toEqual([expect.stringContaining('did not stop within 50 ms')]);
    await expect.poll(() => readFile(sign, 'utf8').catch(() => null), { timeout: 10_000 }).toBe('yes');
    expect((await state).error?.code).toBe('engine_stopped');
  });

  it('tells of damage once for each question that met it, because the file may be another when its error still stands', async () => {
    const entry = path.join(folder, 'damaged.mjs');
    await writeFile(
      entry,
      `import { parentPort } from 'node:worker_threads';
       const error = { code: 'cache_unusable', detail: 'SQLITE_CORRUPT' };
       parentPort.on('message', ({ type, id, question }) => {
         if (type === 'stop') process.exit(0);
         else if (question.type === 'latest') parentPort.postMessage({ type: 'answer', id, value: null });
         else if (question.type === 'run') parentPort.postMessage({ type: 'failure', id, error });
         else {
           parentPort.postMessage({ type: 'progress', progress: { phase: 'starting', done: 0, total: null } });
           parentPort.postMessage({ type: 'failure', id, error: { code: 'cancelled', detail: null } });
         }
       });`,
    );
    const told: string[] = [];
    const host = hostOf(entry, { onUnusable: ({ code }) => void told.push(code) });
    await host.run({ workspaceId: null, period: null });
    await expect.poll(async () => (await host.state()).error?.code).toBe('cache_unusable');
    await host.request('periods.close', { period: '2026-10' }, { type: 'user', id: 'ada' });
    expect((await host.state()).error?.code).toBe('cache_unusable');
    expect(told).toEqual(['cache_unusable']);
    await host.stop();
  });
});
