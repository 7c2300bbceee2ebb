import { closeSync, openSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Bytes of a page of the copy. */
const PAGE_BYTES = 8192;
const RUBBISH = 0xa5;

/** Overwrites the middle page of a table or an index of a copy, also while others have it open. */
export function damagePage(file: string, tree: string): void {
  const db = new Database(file);
  // What stands in the log is read from there, whatever the file says.
  db.pragma('wal_checkpoint(TRUNCATE)');
  const pages = db
    .prepare<[string], { pageno: number }>("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
    .all(tree);
  db.close();
  const middle = pages[Math.floor(pages.length / 2)];
  if (middle === undefined) throw new Error(`${tree} has no pages`);
  overwrite(file, (middle.pageno - 1) * PAGE_BYTES, PAGE_BYTES);
}

/** Overwrites bytes of a file with rubbish. */
export function overwrite(file: string, at: number, bytes: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, RUBBISH), 0, bytes, at);
  closeSync(handle);
}
