import type { Database, Statement } from 'better-sqlite3';
import type { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { decode } from '../document-encoding.ts';
import { attemptOwn } from './own-errors.ts';

/** What records of one kind are. */
export interface RecordKind<Schema extends z.ZodType<{ readonly id: string }>> {
  /** Names the kind in the file; never changed once it was used. */
  readonly name: string;
  readonly schema: Schema;
  /** True where records belong to one deployment and database and are of no meaning for another. */
  readonly isOfSource: boolean;
}

interface RecordRow {
  readonly body: string;
  readonly created_ms: number;
}

/** Records of one kind that a person made. */
export class OwnRecords<Schema extends z.ZodType<{ readonly id: string }>> {
  readonly #kind: RecordKind<Schema>;
  readonly #source: string;
  readonly #now: () => number;
  readonly #list: Statement<[string, string], RecordRow>;
  readonly #put: Statement<{ kind: string; source: string; id: string; body: string; now: number }>;
  readonly #delete: Statement<[string, string, string]>;

  constructor(
    db: Database,
    kind: RecordKind<Schema>,
    options: { readonly source: string; readonly now: () => number },
  ) {
    this.#kind = kind;
    this.#source = kind.isOfSource ? options.source : '';
    this.#now = options.now;
    this.#list = db.prepare(
      'SELECT body, created_ms FROM records WHERE kind = ? AND source = ? ORDER BY created_ms DESC, id',
    );
    this.#put = db.prepare(
      `INSERT INTO records (kind, source, id, body, created_ms, updated_ms) VALUES (@kind, @source, @id, @body, @now, @now)
       ON CONFLICT (kind, source, id) DO UPDATE SET body = excluded.body, updated_ms = excluded.updated_ms`,
    );
    this.#delete = db.prepare('DELETE FROM records WHERE kind = ? AND source = ? AND id = ?');
  }

  /** All records, the latest first. One that does not fit the schema (any more) is left out and stays in the file. */
  list(): Result<readonly z.output<Schema>[], AppError> {
    return attemptOwn(() =>
      this.#list.all(this.#kind.name, this.#source).flatMap(({ body }) => {
        const written = decode(() => JSON.parse(body) as unknown);
        const parsed = safeParse(this.#kind.schema, written);
        return parsed.success ? [parsed.data] : [];
      }),
    );
  }

  /** Keeps a record; one with the same id is replaced. It is on the disk when this returns. */
  put(record: z.output<Schema>): Result<void, AppError> {
    return attemptOwn(() => {
      this.#put.run({
        kind: this.#kind.name,
        source: this.#source,
        id: record.id,
        body: JSON.stringify(record),
        now: this.#now(),
      });
    });
  }

  /** @returns true where there was such a record */
  delete(id: string): Result<boolean, AppError> {
    return attemptOwn(() => this.#delete.run(this.#kind.name, this.#source, id).changes > 0);
  }
}
