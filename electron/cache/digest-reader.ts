import { hash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type { LedgerColumns } from './book-tables.ts';
import type { CachedPart } from './changes.ts';
import { DigestBuilder, ledgerContent, type RangeDigest } from './digest.ts';

/** A range of ids of one collection: behind `afterId` (null: from the beginning) up to and with `throughId` (null: to the end). */
export interface IdRange {
  readonly part: CachedPart;
  readonly afterId: string | null;
  readonly throughId: string | null;
}

/** A document by its id, with the SHA-256 in hexadecimal of what the copy keeps of it. */
export interface DocumentDigest {
  readonly id: string;
  readonly sha256: string;
}

type Bound = string | Buffer;
type DigestRow = { readonly id: string; readonly content: Buffer | null };

/**
 * Digests of what the copy holds. Two copies that hold the same have the same; `digestOf` gives the one of documents at hand.
 * Documents whose id is no text are in no range.
 */
export class DigestReader {
  readonly #documents: Readonly<Record<'jobs' | 'accounts', Statement<[Bound, Bound, Bound, Bound], DigestRow>>>;
  readonly #ledger: Statement<[Bound, Bound], LedgerColumns>;
  readonly #unreadable: Statement<[Bound, Bound], DigestRow>;
  readonly #one: Readonly<Record<'jobs' | 'accounts', Statement<[string], { document: Buffer }>>>;
  readonly #entry: Statement<[string], LedgerColumns>;
  readonly #malformed: Statement<[string, string], { document: Buffer | null }>;

  constructor(db: Database) {
    const malformedOf = (part: CachedPart): string =>
      `SELECT id, document FROM malformed WHERE part = '${part}' AND has_text_id = 1 AND id > ? AND id <= ?`;
    this.#documents = {
      jobs: db.prepare(
        `SELECT id, document AS content FROM jobs JOIN job_documents USING (num) WHERE id > ? AND id <= ?
         UNION ALL ${malformedOf('jobs')} ORDER BY id`,
      ),
      accounts: db.prepare(
        `SELECT id, document AS content FROM accounts WHERE id > ? AND id <= ?
         UNION ALL ${malformedOf('accounts')} ORDER BY id`,
      ),
    };
    this.#ledger = db.prepare('SELECT * FROM ledger WHERE id > ? AND id <= ? ORDER BY id');
    this.#unreadable = db.prepare(`${malformedOf('ledger')} ORDER BY id`);
    this.#one = {
      jobs: db.prepare('SELECT document FROM jobs JOIN job_documents USING (num) WHERE id = ?'),
      accounts: db.prepare('SELECT document FROM accounts WHERE id = ?'),
    };
    this.#entry = db.prepare('SELECT * FROM ledger WHERE id = ?');
    this.#malformed = db.prepare('SELECT document FROM malformed WHERE part = ? AND id = ? AND has_text_id = 1');
  }

  /** Reads every document of the range. */
  digest(range: IdRange): RangeDigest {
    const builder = new DigestBuilder();
    for (const { id, content } of this.#contentsOf(range)) builder.add(id, content);
    return builder.end();
  }

  contents(range: IdRange): readonly DocumentDigest[] {
    return Array.from(this.#contentsOf(range), ({ id, content }) => ({ id, sha256: hash('sha256', content, 'hex') }));
  }

  contentOf(part: CachedPart, id: string): string | null {
    const content = this.#oneContent(part, id);
    return content === null ? null : hash('sha256', content, 'hex');
  }

  #oneContent(part: CachedPart, id: string): Uint8Array | string | null {
    if (part === 'ledger') {
      const entry = this.#entry.get(id);
      if (entry !== undefined) return ledgerContent(entry);
    } else {
      const found = this.#one[part].get(id);
      if (found !== undefined) return found.document;
    }
    const malformed = this.#malformed.get(part, id);
    return malformed === undefined ? null : (malformed.document ?? '');
  }

  *#contentsOf(range: IdRange): Iterable<{ readonly id: string; readonly content: Uint8Array | string }> {
    // SQLite orders every text before every blob, so an empty blob is behind the last id.
    const bounds: [Bound, Bound] = [range.afterId ?? '', range.throughId ?? Buffer.alloc(0)];
    if (range.part === 'ledger') {
      yield* this.#ledgerRows(bounds);
      return;
    }
    for (const row of this.#documents[range.part].iterate(...bounds, ...bounds)) {
      yield { id: row.id, content: row.content ?? '' };
    }
  }

  *#ledgerRows(bounds: [Bound, Bound]): Iterable<{ readonly id: string; readonly content: string }> {
    const unreadable = this.#unreadable.all(...bounds).map(({ id }) => id);
    for (const columns of this.#ledger.iterate(...bounds)) {
      while (unreadable[0] !== undefined && isBefore(unreadable[0], columns.id)) {
        yield { id: unreadable.shift() ?? '', content: '' };
      }
      yield { id: columns.id, content: ledgerContent(columns) };
    }
    for (const id of unreadable) yield { id, content: '' };
  }
}

function isBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}
