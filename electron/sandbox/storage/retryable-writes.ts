import type { Statement } from 'better-sqlite3';
import { keyOf } from '../semantics/field-names.ts';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, encode, isDoc, type Doc } from '../semantics/values.ts';
import type { Sqlite } from './schema.ts';

/** Sessions that were not heard of for this long are forgotten, as MongoDB forgets them. */
const SESSION_AGE_MS_MAX = 30 * 60 * 1000;

/** What a retryable write did already, by its statements. */
export interface RetriedWrite {
  /** What a statement came to the first time; null where it is new. */
  readonly resultOf: (statement: number) => Doc | null;
  /** Keeps what a statement came to. */
  readonly record: (statement: number, result: Doc) => void;
}

/**
 * What each statement of a session's last retryable write came to, kept in the same transaction as the write itself: a client that
 * lost the reply asks again with the same number, gets the first answer, and nothing is written twice.
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

  /**
   * Runs a write of this number, which asks for each of its statements. What it did is kept, also where it is refused in the middle.
   * Error: `TransactionTooOld`.
   */
  run<Value>(session: Buffer, number: number, work: (write: RetriedWrite) => Value): Value {
    const results = this.#resultsOf(session, number);
    let isNew = false;
    const record = (statement: number, result: Doc): void => {
      results[keyOf(String(statement))] = result;
      isNew = true;
    };
    const resultOf = (statement: number): Doc | null => {
      const found = results[keyOf(String(statement))];
      return isDoc(found) ? found : null;
    };
    try {
      return work({ resultOf, record });
    } finally {
      if (isNew) this.#keep(session, number, results);
    }
  }

  /** True where the session's write of this number, or a later one, did something already. */
  isDone(session: Buffer, number: number): boolean {
    return (this.#read.get(session)?.number ?? -1) >= number;
  }

  #resultsOf(session: Buffer, number: number): Doc {
    const row = this.#read.get(session);
    if (row === undefined || row.number < number) return {};
    if (row.number > number) {
      throw new ServerError(
        'TransactionTooOld',
        `Retryable write with txnNumber ${number} is prohibited because a newer one with txnNumber ${row.number} has already started.`,
      );
    }
    const { results } = decodeExact(row.reply);
    return isDoc(results) ? results : {};
  }

  #keep(session: Buffer, number: number, results: Doc): void {
    this.#write.run(session, number, Buffer.from(encode({ results })), this.#now());
    this.#writes += 1;
    if (this.#writes % 1000 === 0) this.#forget.run(this.#now() - SESSION_AGE_MS_MAX);
  }
}
