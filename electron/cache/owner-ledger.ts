import type { Database } from 'better-sqlite3';
import type { LedgerEntry } from '#domain/ledger.ts';
import { toLedgerEntry, type LedgerColumns } from './book-tables.ts';
import type { Owner } from './owner-reader.ts';
import { StatementPool } from './statement-pool.ts';

/** Where a page ends: the time that the list is ordered by, and the entry's key. */
interface EntryKey {
  readonly atMs: number;
  readonly id: string;
}

/** Where a page begins, and which way the list goes. */
export interface LedgerPlace {
  readonly direction: 'ascending' | 'descending';
  /** From this time on, included, in milliseconds since 1970; null from the end of the list. */
  readonly startAtMs: number | null;
  readonly cursor: string | null;
  readonly limit: number;
}

/** A page of the ledger of a workspace or a user. */
export interface OwnerLedgerPage {
  readonly entries: readonly LedgerEntry[];
  /** Where the next page begins, null at the end. */
  readonly nextCursor: string | null;
}

/** The workspaces of this many of a user's newest jobs are named. */
const WORKSPACE_JOBS_MAX = 200;

// Of a user's entries nothing is kept but the jobs that they belong to, so they come in the order of those.
const SOURCES: Readonly<Record<Owner, { readonly from: string; readonly time: string }>> = {
  workspace: {
    from: 'ledger AS entry INDEXED BY ledger_workspace WHERE entry.workspace = @owner',
    time: 'entry.at_ms',
  },
  user: {
    from: 'jobs INDEXED BY jobs_user_created CROSS JOIN ledger AS entry ON entry.job_id = jobs.id WHERE jobs.user = @owner',
    time: 'jobs.created_ms',
  },
};

/** Reads the ledger of workspaces and users. */
export class OwnerLedger {
  readonly #pool: StatementPool;

  constructor(db: Database) {
    this.#pool = new StatementPool(db);
  }

  /** One page in the order of time; null where the cursor is none of this list. */
  page(owner: Owner, id: string, { direction, startAtMs, cursor, limit }: LedgerPlace): OwnerLedgerPage | null {
    const isDescending = direction === 'descending';
    const behind = cursor === null ? edgeOf(startAtMs, isDescending) : keyOf(cursor);
    if (behind === null) return null;
    const { from, time } = SOURCES[owner];
    const way = isDescending ? 'DESC' : 'ASC';
    const rows = this.#pool.all<LedgerColumns & { readonly order_ms: number }>(
      `SELECT entry.*, ${time} AS order_ms FROM ${from} AND (${time}, entry.id) ${isDescending ? '<' : '>'} (@atMs, @id)
       ORDER BY ${time} ${way}, entry.id ${way} LIMIT +@limit`,
      { owner: id, ...behind, limit: limit + 1 },
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      entries: shown.map(toLedgerEntry),
      nextCursor: rows.length > limit && last !== undefined ? `${last.order_ms}:${last.id}` : null,
    };
  }

  /** The workspaces of a user's newest jobs. */
  workspacesOf(userId: string): readonly string[] {
    return this.#pool
      .all<{ workspace: string }>(
        `SELECT DISTINCT workspace FROM (
           SELECT workspace FROM jobs INDEXED BY jobs_user_created WHERE user = @userId
           ORDER BY created_ms DESC LIMIT ${WORKSPACE_JOBS_MAX}) ORDER BY workspace`,
        { userId },
      )
      .map(({ workspace }) => workspace);
  }
}

/** What the first page is behind: no entry has an empty key. */
function edgeOf(startAtMs: number | null, isDescending: boolean): EntryKey {
  if (startAtMs !== null) return { atMs: isDescending ? startAtMs + 1 : startAtMs, id: '' };
  return { atMs: isDescending ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER, id: '' };
}

function keyOf(cursor: string): EntryKey | null {
  const found = /^(-?\d{1,16}):(.*)$/s.exec(cursor);
  return found === null ? null : { atMs: Number(found[1]), id: found[2] ?? '' };
}
