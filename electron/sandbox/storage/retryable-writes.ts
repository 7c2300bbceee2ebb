import type { Statement } from 'better-sqlite3';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, encode, type Doc } from '../semantics/values.ts';
import type { Sqlite } from './schema.ts';

/** Sessions that were not heard of for this long are forgotten, as MongoDB forgets them. */
const SESSION_AGE_MS_MAX = 30 * 60 * 1000;

/**
 * What each session's last retryable write answered, kept in the same transaction as the write itself: a client that lost the
 * reply asks again with the same number and gets the first answer, and nothing is written twice.
 */
export class RetryableWrites {
  readonly #read: Statement<[Buffer], { number: number; reply: Buffer }>;
  readonly #write: Statement<[Buffer, number, Buffer, number]>;
  readonly #forget: Statement<[number]>;
  readonly #now: () => number;
  #writes = 0;

  constructor(sqlite: Sqlite, now: () => number) {
    this.#read = sqlite.prepare('SELECT number, reply FROM retryable_writes WHERE session = ?');
    this.#write = sqlite.prepare(
      'INSERT OR REPLACE INTO retryable_writes (session, number, reply, at) VALUES (?, ?, ?, ?)',
    );
    this.#forget = sqlite.prepare('DELETE FROM retryable_writes WHERE at < ?');
    this.#now = now;
  }

  /** The first answer to this write, or null where it is new. Error: `TransactionTooOld`. */
  answered(session: Buffer, number: number): Doc | null {
    const row = this.#read.get(session);
    if (row === undefined || row.number < number) return null;
    if (row.number > number) {
      throw new ServerError(
        'TransactionTooOld',
        `Retryable write with txnNumber ${number} is prohibited because a newer one with txnNumber ${row.number} has already started.`,
      );
    }
    return decodeExact(row.reply);
  }

  record(session: Buffer, number: number, reply: Doc): void {
    this.#write.run(session, number, Buffer.from(encode(reply)), this.#now());
    this.#writes += 1;
    if (this.#writes % 1000 === 0) this.#forget.run(this.#now() - SESSION_AGE_MS_MAX);
  }
}
