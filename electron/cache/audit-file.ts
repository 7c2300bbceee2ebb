import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import {
  auditEntrySchema,
  nextEntry,
  NO_HASH,
  type AuditDraft,
  type AuditEntry,
  type AuditFilter,
  type ChainHead,
} from '#domain/audit.ts';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { decode } from './document-encoding.ts';
import { sha256OfText } from './sha256.ts';
import { attemptSql } from './sqlite-errors.ts';

const TABLES = `
  CREATE TABLE IF NOT EXISTS chain (chain_id TEXT NOT NULL CHECK (length(chain_id) > 0)) STRICT;
  CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    entry TEXT NOT NULL,
    is_sent INTEGER NOT NULL DEFAULT 0 CHECK (is_sent IN (0, 1))
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_unsent ON entries (seq) WHERE is_sent = 0;
`;

/** Where a page of this console's own chain begins, and which way it goes. */
export interface OwnAuditPlace {
  readonly direction: 'ascending' | 'descending';
  /** From this time on, included, in milliseconds since 1970; null from the end of the list. */
  readonly startAtMs: number | null;
  /** The number of the last entry that was read; null for the first page. */
  readonly behindSeq: number | null;
}

/**
 * This console's own chain of audit entries, in a file of its own: it is written before anything happens, with or without the
 * server, and is sent there later. It is not part of the disposable copy.
 */
export class AuditFile {
  readonly #db: Database.Database;
  readonly #chainId: string;

  private constructor(db: Database.Database, chainId: string) {
    this.#db = db;
    this.#chainId = chainId;
  }

  /**
   * Opens the file and begins a chain where there is none.
   * @param newId the id of a chain that is begun
   * Errors: `disk_full`, `audit_unusable` where its folder cannot be made or the file is damaged; it is not set aside by itself, because it is evidence.
   */
  static open(file: string, newId: () => string): Result<AuditFile, AppError> {
    try {
      mkdirSync(path.dirname(file), { recursive: true });
    } catch (cause) {
      const code = systemCodeOf(cause);
      return err(
        appError(code === 'ENOSPC' ? 'disk_full' : 'audit_unusable', `its folder cannot be made: ${code}`, cause),
      );
    }
    return attempt(() => {
      const db = new Database(file);
      // An entry stands on the disk before what it tells of is begun.
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.exec(TABLES);
      const chainId = db.transaction(() => {
        const standing = db.prepare<[], { chain_id: string }>('SELECT chain_id FROM chain').get();
        if (standing !== undefined) return standing.chain_id;
        const id = newId();
        db.prepare('INSERT INTO chain (chain_id) VALUES (?)').run(id);
        return id;
      })();
      return new AuditFile(db, chainId);
    });
  }

  /** The id of the chain. */
  get chainId(): string {
    return this.#chainId;
  }

  /** The end of the chain; number 0 where it has no entry yet. */
  head(): Result<ChainHead, AppError> {
    return attempt(() => this.#head());
  }

  /** Appends an entry, durable when this returns. Errors: `disk_full`, `audit_unusable`, `timed_out`. */
  append(draft: AuditDraft): Result<AuditEntry, AppError> {
    return attempt(() =>
      this.#db
        .transaction(() => {
          const entry = nextEntry(this.#head(), draft, sha256OfText);
          this.#db.prepare('INSERT INTO entries (seq, entry) VALUES (?, ?)').run(entry.seq, JSON.stringify(entry));
          return entry;
        })
        .immediate(),
    );
  }

  /** The oldest entries that the server does not have yet. */
  unsent(limit: number): Result<readonly AuditEntry[], AppError> {
    return this.#read('SELECT entry FROM entries WHERE is_sent = 0 ORDER BY seq LIMIT ?', limit);
  }

  /** Notes that the server has everything up to this number. */
  markSent(seq: number): Result<void, AppError> {
    return attempt(() => {
      this.#db.prepare('UPDATE entries SET is_sent = 1 WHERE is_sent = 0 AND seq <= ?').run(seq);
    });
  }

  /** The last entry that the server is known to have, null where it has none. */
  sentHead(): Result<ChainHead | null, AppError> {
    const last = this.#read('SELECT entry FROM entries WHERE is_sent = 1 ORDER BY seq DESC LIMIT ?', 1);
    if (!last.ok) return last;
    const [entry] = last.value;
    return ok(entry === undefined ? null : { chainId: entry.chainId, seq: entry.seq, hash: entry.hash });
  }

  /** Entries that match, in the order of their numbers, which is that of their times. */
  page(filter: AuditFilter, place: OwnAuditPlace, limit: number): Result<readonly AuditEntry[], AppError> {
    return attempt(() => {
      const isDescending = place.direction === 'descending';
      const rows = this.#db
        .prepare<object, { entry: string }>(
          `SELECT entry FROM entries WHERE seq ${isDescending ? '<' : '>'} @behind
             AND (@actorId IS NULL OR entry ->> '$.actor.id' = @actorId)
             AND (@action IS NULL OR entry ->> '$.action' = @action)
             AND (@subject IS NULL OR entry ->> '$.subject' = @subject)
           ORDER BY seq ${isDescending ? 'DESC' : 'ASC'} LIMIT @limit`,
        )
        .all({ ...filter, behind: place.behindSeq ?? this.#edgeOf(place), limit });
      return rows.map((row) => parseEntry(row.entry));
    });
  }

  /** Every line in order: an entry, or null for one that is none, which whoever checks must hear of. */
  *entries(): Iterable<AuditEntry | null> {
    const rows = this.#db.prepare<[], { entry: string }>('SELECT entry FROM entries ORDER BY seq').iterate();
    for (const row of rows) yield entryIn(row.entry);
  }

  /** Idempotent. */
  close(): void {
    this.#db.close();
  }

  /** The number that the first page is behind. */
  #edgeOf({ direction, startAtMs }: OwnAuditPlace): number {
    const isDescending = direction === 'descending';
    if (startAtMs === null) return isDescending ? Number.MAX_SAFE_INTEGER : 0;
    return isDescending ? this.#firstSeqFrom(startAtMs + 1) : this.#firstSeqFrom(startAtMs) - 1;
  }

  /** The first number whose entry is not before a time, found by halving: numbers have no gaps, and times follow them. */
  #firstSeqFrom(atMs: number): number {
    const entryOf = this.#db.prepare<[number], { entry: string }>('SELECT entry FROM entries WHERE seq = ?');
    let [low, high] = [1, this.#head().seq + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = entryOf.get(middle);
      if (found !== undefined && parseEntry(found.entry).atMs < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #head(): ChainHead {
    const last = this.#db.prepare<[], { entry: string }>('SELECT entry FROM entries ORDER BY seq DESC LIMIT 1').get();
    if (last === undefined) return { chainId: this.#chainId, seq: 0, hash: NO_HASH };
    const { seq, hash } = parseEntry(last.entry);
    return { chainId: this.#chainId, seq, hash };
  }

  #read(sql: string, ...params: readonly number[]): Result<readonly AuditEntry[], AppError> {
    return attempt(() => {
      const rows = this.#db.prepare<number[], { entry: string }>(sql).all(...params);
      return rows.map((row) => parseEntry(row.entry));
    });
  }
}

/** Damage of the copy is one thing and mended by itself; damage of the audit is evidence, and has a code of its own. */
function attempt<Value>(work: () => Value): Result<Value, AppError> {
  const done = attemptSql(work);
  if (done.ok || done.error.code !== 'cache_unusable') return done;
  return err(appError('audit_unusable', done.error.detail, done.error.cause));
}

function entryIn(text: string): AuditEntry | null {
  try {
    return safeParse(auditEntrySchema, JSON.parse(text)).data ?? null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function parseEntry(text: string): AuditEntry {
  return decode(() => auditEntrySchema.parse(JSON.parse(text)));
}
