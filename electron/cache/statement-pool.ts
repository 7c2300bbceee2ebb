import type { Database, Statement } from 'better-sqlite3';
import { InterruptedError, type IsUnwanted } from './interrupt.ts';

/**
 * Prepared statements by their text. The texts are put together from constants of the code, never from values, so there is a
 * bounded number of them; values are always parameters. A statement is not begun once nobody waits for it.
 *
 * A limit that is bound is written `+?`: SQLite plans by a bare one, and prepares the statement anew when the value is bound anew, which
 * better-sqlite3 does at each run (0.04 of the 0.38 ms that a page of 200 takes in SQLite).
 */
export class StatementPool {
  readonly #db: Database;
  readonly #isUnwanted: IsUnwanted;
  readonly #statements = new Map<string, Statement<[object]>>();
  readonly #raw = new Map<string, Statement<[object], unknown[]>>();

  constructor(db: Database, isUnwanted: IsUnwanted = () => false) {
    this.#db = db;
    this.#isUnwanted = isUnwanted;
  }

  /** The first row. The caller states the shape of the columns that its own text selects; the tables are STRICT. */
  get<Row>(sql: string, params: object): Row | undefined {
    return this.#statement<Row>(sql).get(params);
  }

  all<Row>(sql: string, params: object): Row[] {
    return this.#statement<Row>(sql).all(params);
  }

  /** Rows as arrays of their columns: cheaper than objects where there are many columns. */
  rawAll(sql: string, params: object): unknown[][] {
    this.#stopIfUnwanted();
    let statement = this.#raw.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<[object], unknown[]>(sql).raw();
      this.#raw.set(sql, statement);
    }
    return statement.all(params);
  }

  #statement<Row>(sql: string): Statement<[object], Row> {
    this.#stopIfUnwanted();
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<[object], Row>;
  }

  #stopIfUnwanted(): void {
    if (this.#isUnwanted()) throw new InterruptedError('nobody waits for this answer any more');
  }
}
