import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/**
 * Brings what stands in the log of a copy back into its file while another thread goes on writing, each time that it is told that
 * something was written. Where it fails, the writer does it once the log is as long as it may be, and meets the reason. It loads nothing
 * but the database and is no TypeScript: what a thread loads stands in memory once more, and what strips types takes 30 MB of it.
 */
const db = new Database(String(workerData), { fileMustExist: true });

/**
 * Pages that are brought back at once. Twice that and a little is what a writer lets stand: of the rest, which was written while these
 * were brought back, little is left for it to do.
 */
const PAGES_AT_ONCE = 6500;

const look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
const bringBack = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', (message) => {
  if (message === 'close') {
    db.close();
    parentPort?.close();
    return;
  }
  const { log, checkpointed } = look.get();
  if (log - checkpointed >= PAGES_AT_ONCE) bringBack.get();
});
