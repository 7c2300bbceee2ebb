import type { Database, Statement } from 'better-sqlite3';

type Key = readonly (string | number)[];

/**
 * Gathers what a transaction adds to the rows of a table of sums and writes it once at the end of the same transaction. A row
 * whose first sums are all zero again is deleted.
 */
export class SummedRows {
  readonly #update: Statement<unknown[]>;
  readonly #insert: Statement<unknown[]>;
  readonly #dropEmpty: Statement<unknown[]>;
  #gathered = new Map<string, { readonly key: Key; readonly sums: number[] }>();

  constructor(
    db: Database,
    table: string,
    columns: { readonly keys: readonly string[]; readonly sums: readonly string[] },
  ) {
    const { keys, sums } = columns;
    const isRow = keys.map((key) => `${key} = ?`).join(' AND ');
    // No upsert: SQLite holds even the row that it will not insert against the CHECK, and a fall is a negative figure.
    this.#update = db.prepare(
      `UPDATE ${table} SET ${sums.map((sum) => `${sum} = ${sum} + ?`).join(', ')} WHERE ${isRow}`,
    );
    this.#insert = db.prepare(
      `INSERT INTO ${table} (${[...sums, ...keys].join(', ')}) VALUES (${[...sums, ...keys].map(() => '?').join(', ')})`,
    );
    this.#dropEmpty = db.prepare(
      `DELETE FROM ${table} WHERE ${isRow} AND ${sums.map((sum) => `${sum} = 0`).join(' AND ')}`,
    );
  }

  add(key: Key, sums: readonly number[]): void {
    const name = key.join('\0');
    const standing = this.#gathered.get(name);
    if (standing === undefined) this.#gathered.set(name, { key, sums: [...sums] });
    else sums.forEach((sum, index) => (standing.sums[index] = (standing.sums[index] ?? 0) + sum));
  }

  /** Forgets what was gathered: the transaction is begun anew. */
  reset(): void {
    this.#gathered = new Map();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    for (const { key, sums } of this.#gathered.values()) {
      if (sums.every((sum) => sum === 0)) continue;
      if (this.#update.run(...sums, ...key).changes === 0) this.#insert.run(...sums, ...key);
      else if (sums.some((sum) => sum < 0)) this.#dropEmpty.run(...key);
    }
    this.reset();
  }
}
