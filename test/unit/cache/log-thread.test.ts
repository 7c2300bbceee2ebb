import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import { malformedChange, setupCache, type CacheWorld } from '../../support/cache-world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { PAGE_ENTRIES } from '../../support/monitored-copy.ts';

let world: CacheWorld;
let cache: Cache;

beforeEach(() => {
  world = setupCache();
  cache = world.open();
  // As long as a snapshot is open the writer lets a long log stand.
  expectOk(cache.writer.openSnapshot(null));
});
afterEach(() => world.end());

/** Writes so many megabytes of documents. */
function write(megabytes: number): void {
  const text = 'x'.repeat(1_000_000);
  const changes = Array.from({ length: megabytes }, (_, n) => malformedChange({ _id: `bad${n}`, text }));
  expectOk(cache.writer.applyRead(changes, null));
}

/** Tells the thread that something was written, and ends it. @returns pages of the log, and how many of them stand in the file */
async function lookOnce(): Promise<readonly number[]> {
  const thread = new Worker(PAGE_ENTRIES.log, { workerData: world.file });
  thread.postMessage('look');
  thread.postMessage('close');
  await once(thread, 'exit');
  const db = new Database(world.file, { readonly: true });
  const [, log, checkpointed] = db.prepare<[], readonly number[]>('PRAGMA wal_checkpoint(NOOP)').raw().get() ?? [];
  db.close();
  return [log ?? 0, checkpointed ?? 0];
}

it('a long log is brought back into the file beside whoever writes', async () => {
  write(70);
  const [log, checkpointed] = await lookOnce();
  expect(log).toBeGreaterThan(6500);
  expect(checkpointed).toBe(log);
  write(1);
});

it('a short log stays, because its pages are written again soon', async () => {
  write(10);
  const [log, checkpointed] = await lookOnce();
  expect(log).toBeGreaterThan(1000);
  expect(checkpointed).toBe(0);
});
