import type { Database, Statement } from 'better-sqlite3';
import type { Owner } from './owner-reader.ts';

/** Behind every text that begins with what stands before it: no character is higher. */
const LAST_CHARACTER = '\u{10FFFF}';

/** What names an owner: the sums of its jobs, and of a workspace also its account, which may have no job here. */
const SOURCES: Readonly<Record<Owner, readonly string[]>> = {
  workspace: [`owner_totals WHERE owner = 'workspace' AND`, 'accounts WHERE'],
  user: [`owner_totals WHERE owner = 'user' AND`],
};

interface Range {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
}

/** The statement that reads the first ids of a range: each source is a primary key that is read from where the range begins. */
export function ownersBetweenSql(owner: Owner): string {
  const first = (source: string): string =>
    `SELECT id FROM (SELECT id FROM ${source} id >= @from AND id < @to ORDER BY id LIMIT +@limit)`;
  return `${SOURCES[owner].map(first).join(' UNION ')} ORDER BY id LIMIT +@limit`;
}

/** Finds workspaces and users by how their ids begin. */
export class OwnerFinder {
  readonly #between: Readonly<Record<Owner, Statement<[Range], { readonly id: string }>>>;

  constructor(db: Database) {
    this.#between = {
      workspace: db.prepare(ownersBetweenSql('workspace')),
      user: db.prepare(ownersBetweenSql('user')),
    };
  }

  /** Ids that begin so, in their order, at most `limit`. Ids tell small letters from capitals, and people type what is quicker. */
  find(owner: Owner, beginning: string, limit: number): readonly string[] {
    const spellings = new Set([beginning, beginning.toLowerCase(), beginning.toUpperCase()]);
    const ids = [...spellings].flatMap((from) =>
      this.#between[owner].all({ from, to: `${from}${LAST_CHARACTER}`, limit }).map(({ id }) => id),
    );
    return [...new Set(ids)].sort().slice(0, limit);
  }
}
