import path from 'node:path';
import Database from 'better-sqlite3';
import { encode } from '#sandbox/semantics/values.ts';
import { documentOf, type Workload } from './workloads.ts';

const BATCH = 1000;

/**
 * What the disk and SQLite alone allow in the same rounds: a durable commit for each document of 1 KB, and a thousand documents in a
 * commit. No index, no log of changes, no protocol, no driver: the limit of everything that is acknowledged once it is on the disk.
 */
export function bareSqlite(
  folder: string,
  sizes: { readonly calls: number; readonly batches: number },
): { readonly workloads: readonly Workload[]; stop(): void } {
  const sqlite = new Database(path.join(folder, `bare-${process.pid}-${performance.now()}.sqlite`));
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.exec('CREATE TABLE documents (record INTEGER PRIMARY KEY, bson BLOB NOT NULL)');
  const insert = sqlite.prepare('INSERT INTO documents (bson) VALUES (?)');
  const insertMany = sqlite.transaction((from: number) => {
    for (let n = 0; n < BATCH; n += 1) insert.run(encode({ ...documentOf(from + n) }));
  });
  return {
    workloads: [
      {
        name: BARE_COMMITS,
        unit: 'commits/s',
        unitsPerCall: 1,
        calls: sizes.calls,
        call: (at) => {
          insert.run(encode({ ...documentOf(at) }));
          return Promise.resolve();
        },
      },
      {
        name: BARE_ROWS,
        unit: 'documents/s',
        unitsPerCall: BATCH,
        calls: sizes.batches,
        call: (at) => {
          insertMany(at * BATCH);
          return Promise.resolve();
        },
      },
    ],
    stop: () => sqlite.close(),
  };
}

/** The names under which the two are measured. */
export const BARE_COMMITS = 'bare SQLite, a durable commit for each document';
export const BARE_ROWS = 'bare SQLite, a thousand documents in a durable commit';
