import type { Database } from 'better-sqlite3';

/** Nobody waits for the answer any more. Thrown out of a statement, which ends it and its transaction. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** True once nobody waits any more for what is being read. */
export type IsUnwanted = () => boolean;

/**
 * Restricts nothing, and asks every 128th row of `jobs` whether the answer is still wanted: SQLite's own interrupt cannot be
 * reached through the binding, and a call into JavaScript for each row would cost more than the rows.
 */
export const WHILE_WANTED = '((num & 127) != 0 OR while_wanted())';

/** The same for hits of the search index. */
export const WHILE_HIT_WANTED = '((rowid & 127) != 0 OR while_wanted())';

/** Makes {@link WHILE_WANTED} known to a connection. */
export function installInterrupt(db: Database, isUnwanted: IsUnwanted): void {
  db.function('while_wanted', { deterministic: false }, () => {
    if (isUnwanted()) throw new InterruptedError('nobody waits for this answer any more');
    return 1;
  });
}
