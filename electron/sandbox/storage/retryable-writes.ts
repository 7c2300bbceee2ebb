import type { Statement } from 'better-sqlite3';
import { nameOf } from '../semantics/field-names.ts';
import { isSameBson } from '../semantics/same-bson.ts';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, encode, isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { Sqlite } from './schema.ts';

/** Sessions that were not heard of for this long are forgotten, as MongoDB forgets them. */
const SESSION_AGE_MS_MAX = 30 * 60 * 1000;
const SESSIONS_MAX = 100_000;

/** What a retryable write did already, by its statements. */
export interface RetriedWrite {
  /** What a statement came to the first time; null where it is new. */
  readonly resultOf: (statement: number) => Doc | null;
  /** Keeps what a statement came to. */
  readonly record: (statement: number, result: Doc) => void;
}

/** What statements came to, by their numbers. */
type Results = Map<number, Doc>;

/**
 * What each statement of a session's last retryable write came to, kept in the same transaction as the write itself: a client that
 * lost the reply asks again with the same number, gets the first answer, and nothing is written twice.
 */
export class RetryableWrites {
  readonly #read: Statement<[Buffer], { number: number; reply: Buffer }>;
  readonly #write: Statement<[Buffer, number, Buffer, number]>;
  readonly #forget: Statement<[number]>;
  readonly #now: () => number;
  /** The newest write that each session has begun: MongoDB holds it in its memory, also where nothing came of it. In the order of use. */
  readonly #begun = new Map<string, { readonly number: number; readonly atMs: number }>();
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
    this.#begin(session.toString('latin1'), number);
    const results = this.#resultsOf(session, number);
    const before = results.size;
    try {
      return work({
        resultOf: (statement) => results.get(statement) ?? null,
        record: (statement, result) => void results.set(statement, result),
      });
    } finally {
      if (results.size > before) this.#keep(session, number, results);
    }
  }

  /** True where the session's write of this number, or a later one, did something already. */
  isDone(session: Buffer, number: number): boolean {
    return (this.#read.get(session)?.number ?? -1) >= number;
  }

  /** Error: `TransactionTooOld`. */
  #begin(session: string, number: number): void {
    const newest = this.#begun.get(session)?.number ?? number;
    if (newest > number) throw tooOld(number, newest);
    const nowMs = this.#now();
    this.#begun.delete(session);
    this.#begun.set(session, { number, atMs: nowMs });
    for (const [key, { atMs }] of this.#begun) {
      if (nowMs - atMs <= SESSION_AGE_MS_MAX && this.#begun.size <= SESSIONS_MAX) break;
      this.#begun.delete(key);
    }
  }

  #resultsOf(session: Buffer, number: number): Results {
    const row = this.#read.get(session);
    if (row === undefined || row.number < number) return new Map();
    if (row.number > number) throw tooOld(number, row.number);
    return readResults(decodeExact(row.reply));
  }

  #keep(session: Buffer, number: number, results: Results): void {
    this.#write.run(session, number, Buffer.from(encode({ runs: runsOf(results) })), this.#now());
    this.#writes += 1;
    if (this.#writes % 1000 === 0) this.#forget.run(this.#now() - SESSION_AGE_MS_MAX);
  }
}

function tooOld(number: number, newest: number): ServerError {
  return new ServerError(
    'TransactionTooOld',
    `Retryable write with txnNumber ${number} is prohibited because a newer one with txnNumber ${newest} has already started.`,
  );
}

/** The results of a bulk are mostly one and the same: statements behind each other that came to the same are written as one. */
interface Run {
  readonly first: number;
  count: number;
  readonly result: Doc;
}

function runsOf(results: Results): readonly Run[] {
  const runs: Run[] = [];
  for (const [statement, result] of results) {
    const run = runs.at(-1);
    if (run !== undefined && statement === run.first + run.count && isSameBson(run.result, result)) run.count += 1;
    else runs.push({ first: statement, count: 1, result });
  }
  return runs;
}

function readResults({ runs, results }: Doc): Results {
  const read: Results = new Map();
  for (const run of Array.isArray(runs) ? (runs as unknown[]) : []) {
    if (!isDoc(run) || !isDoc(run['result'])) continue;
    const first = numberOf(run['first']) ?? 0;
    for (let at = 0; at < (numberOf(run['count']) ?? 0); at += 1) read.set(first + at, run['result']);
  }
  // Files of before have each statement by itself.
  if (isDoc(results))
    for (const [key, result] of Object.entries(results)) if (isDoc(result)) read.set(Number(nameOf(key)), result);
  return read;
}
