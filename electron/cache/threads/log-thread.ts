import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/**
 * Brings what stands in the log of a copy back into its file while another thread goes on writing, each time that it is told that
 * something was written. Where it fails, the writer does it once the log is as long as it may be, and meets the reason. It loads nothing
 * but the database: what a thread loads stands in memory once more.
 */
const port = parentPort;
if (port === null) throw new Error('A log is brought back only on a worker thread.');
const db = new Database(String(workerData), { fileMustExist: true });

/**
 * Pages that are brought back at once. Twice that and a little is what a writer lets stand: of the rest, which was written while these
 * were brought back, little is left for it to do.
 */
const PAGES_AT_ONCE = 6500;

/** Pages in the log, and those of them that are in the file. */
interface LogLength {
  readonly log: number;
  readonly checkpointed: number;
}

const look = db.prepare<[], LogLength>('PRAGMA wal_checkpoint(NOOP)');
const bringBack = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');

port.on('message', (message: unknown) => {
  if (message === 'close') {
    db.close();
    port.close();
    return;
  }
  const { log, checkpointed } = look.get() ?? { log: 0, checkpointed: 0 };
  if (log - checkpointed >= PAGES_AT_ONCE) bringBack.get();
});
