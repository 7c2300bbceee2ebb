import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskSync } from '#sandbox/storage/disk-sync.ts';
import { openSqlite } from '#sandbox/storage/schema.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('telling of commits', () => {
  it('waits for the disk, in the order of the commits, and for nothing that was committed later', async () => {
    const sqlite = openSqlite(path.join(folder, 'sandbox.sqlite'));
    const disk = new DiskSync(sqlite);
    const told: string[] = [];
    const done = Promise.withResolvers<void>();
    disk.whenDurable(() => told.push('before any'));
    disk.noteCommit();
    disk.whenDurable(() => told.push('first'));
    disk.noteCommit();
    disk.whenDurable(() => told.push('second'));
    disk.noteCommit();
    disk.whenDurable(() => {
      told.push('third');
      done.resolve();
    });
    expect(told).toEqual(['before any']);
    await done.promise;
    expect(told).toEqual(['before any', 'first', 'second', 'third']);
    disk.whenDurable(() => told.push('after all'));
    expect(told.at(-1)).toBe('after all');
    await disk.close();
    sqlite.close();
  });

  it('waits for nothing where nothing is kept', () => {
    const sqlite = openSqlite(':memory:');
    const disk = new DiskSync(sqlite);
    let isTold = false;
    disk.noteCommit();
    disk.whenDurable(() => (isTold = true));
    expect(isTold).toBe(true);
    sqlite.close();
  });
});
