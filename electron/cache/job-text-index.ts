import type { Database, Statement } from 'better-sqlite3';
import type { SearchText } from './job-columns.ts';

/** What becomes of one row of the index in this transaction. */
interface Pending {
  /** True where the index has the row from before the transaction. */
  readonly isStanding: boolean;
  readonly text: SearchText | null;
}

/**
 * Writes the search index. Changes are gathered and written at the end of the transaction in the order of their numbers: FTS5
 * gathers rows in memory only while the numbers grow, and writes a segment each time that one does not.
 */
export class JobTextIndex {
  readonly #insert: Statement<SearchText & { num: number }>;
  readonly #delete: Statement<[number]>;
  #pending = new Map<number, Pending>();

  constructor(db: Database) {
    // Large numbers are bound as floating point, which a rowid of FTS5 must not be.
    this.#insert = db.prepare(
      `INSERT INTO jobs_text (rowid, prompt, error, ids, user, output)
       VALUES (CAST(@num AS INTEGER), @prompt, @error, @ids, @user, @output)`,
    );
    this.#delete = db.prepare('DELETE FROM jobs_text WHERE rowid = CAST(? AS INTEGER)');
  }

  insert(num: number, text: SearchText): void {
    this.#pending.set(num, { isStanding: this.#pending.get(num)?.isStanding ?? false, text });
  }

  replace(num: number, text: SearchText): void {
    this.#pending.set(num, { isStanding: this.#pending.get(num)?.isStanding ?? true, text });
  }

  remove(num: number): void {
    this.#pending.set(num, { isStanding: this.#pending.get(num)?.isStanding ?? true, text: null });
  }

  /** Writes what was gathered; belongs at the end of the transaction. */
  flush(): void {
    const rows = [...this.#pending].sort(([left], [right]) => left - right);
    for (const [num, { isStanding }] of rows) if (isStanding) this.#delete.run(num);
    for (const [num, { text }] of rows) if (text !== null) this.#insert.run({ ...text, num });
    this.reset();
  }

  /** Forgets what was gathered: the transaction was undone. */
  reset(): void {
    this.#pending = new Map();
  }
}
