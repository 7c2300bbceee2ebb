import type { Database, Statement } from 'better-sqlite3';
import type { MalformedJob } from '#domain/job.ts';
import type { CreditAccount, EntryType, LedgerEntry } from '#domain/ledger.ts';
import { oddIdMark, type CachedPart, type ChangeSubject } from './changes.ts';
import type { BookLog } from './book-log.ts';
import { encodeDocument } from './document-encoding.ts';
import type { RollUps } from './roll-ups.ts';

/** A row of the table `ledger`. */
export interface LedgerColumns {
  readonly id: string;
  readonly workspace: string;
  readonly job_id: string | null;
  readonly generation_id: string | null;
  readonly attempt: number | null;
  readonly type: EntryType;
  readonly credits: number;
  readonly at_ms: number;
  readonly actor_type: LedgerEntry['actor']['type'];
  readonly actor_id: string;
  readonly reason: string;
  readonly period: string;
}

/** The row that an entry becomes. */
export function toLedgerColumns(entry: LedgerEntry): LedgerColumns {
  return {
    id: entry._id,
    workspace: entry.workspaceId,
    job_id: entry.jobId,
    generation_id: entry.generationId,
    attempt: entry.attempt,
    type: entry.type,
    credits: entry.credits,
    at_ms: entry.at.getTime(),
    actor_type: entry.actor.type,
    actor_id: entry.actor.id,
    reason: entry.reason,
    period: entry.period,
  };
}

/** The entry that a row stands for. */
export function toLedgerEntry(columns: LedgerColumns): LedgerEntry {
  return {
    _id: columns.id,
    workspaceId: columns.workspace,
    jobId: columns.job_id,
    generationId: columns.generation_id,
    attempt: columns.attempt,
    type: columns.type,
    credits: columns.credits,
    at: new Date(columns.at_ms),
    actor: { type: columns.actor_type, id: columns.actor_id },
    reason: columns.reason,
    period: columns.period,
  };
}

// prettier-ignore
const LEDGER_COLUMNS = [
  'id', 'workspace', 'job_id', 'generation_id', 'attempt', 'type', 'credits', 'at_ms', 'actor_type', 'actor_id', 'reason',
  'period',
] as const satisfies readonly (keyof LedgerColumns)[];

/** Writes ledger entries. Every method belongs into a transaction; each says whether something changed. */
export class LedgerTable {
  readonly #rollUps: RollUps;
  readonly #log: BookLog;
  readonly #find: Statement<[string], LedgerColumns>;
  readonly #insert: Statement<unknown[]>;
  readonly #update: Statement<LedgerColumns>;
  readonly #delete: Statement<[string]>;

  constructor(db: Database, rollUps: RollUps, log: BookLog) {
    this.#rollUps = rollUps;
    this.#log = log;
    this.#find = db.prepare('SELECT * FROM ledger WHERE id = ?');
    this.#insert = db.prepare(
      `INSERT INTO ledger (${LEDGER_COLUMNS.join(', ')}) VALUES (${LEDGER_COLUMNS.map(() => '?').join(', ')})
       ON CONFLICT DO NOTHING`,
    );
    // Entries are append-only; where somebody edited one by hand, the copy must show it all the same.
    this.#update = db.prepare(
      `UPDATE ledger SET ${LEDGER_COLUMNS.map((name) => `${name} = @${name}`).join(', ')} WHERE id = @id`,
    );
    this.#delete = db.prepare('DELETE FROM ledger WHERE id = ?');
  }

  put(entry: LedgerEntry): boolean {
    const columns = toLedgerColumns(entry);
    if (this.#insert.run(LEDGER_COLUMNS.map((name) => columns[name])).changes === 1) {
      this.#rollUps.addDocuments('ledger', 1);
      this.#log.note('ledger', entry._id, null);
      return true;
    }
    const standing = this.#find.get(entry._id);
    if (standing !== undefined && LEDGER_COLUMNS.every((name) => standing[name] === columns[name])) return false;
    this.#update.run(columns);
    this.#log.note('ledger', entry._id, standing?.generation_id ?? null);
    return true;
  }

  delete(id: string): boolean {
    const standing = this.#find.get(id);
    if (standing === undefined) return false;
    this.#delete.run(id);
    this.#rollUps.addDocuments('ledger', -1);
    this.#log.note('ledger', id, standing.generation_id);
    return true;
  }
}

interface AccountColumns {
  readonly id: string;
  readonly available: number;
  readonly held: number;
  readonly version: number;
  readonly document: Buffer;
}

/** Writes accounts. Every method belongs into a transaction; each says whether something changed. */
export class AccountTable {
  readonly #rollUps: RollUps;
  readonly #find: Statement<{ id: string; document: Buffer }, { is_same: number }>;
  readonly #upsert: Statement<AccountColumns>;
  readonly #delete: Statement<[string]>;

  constructor(db: Database, rollUps: RollUps) {
    this.#rollUps = rollUps;
    this.#find = db.prepare('SELECT document = @document AS is_same FROM accounts WHERE id = @id');
    this.#upsert = db.prepare(
      `INSERT INTO accounts VALUES (@id, @available, @held, @version, @document) ON CONFLICT (id) DO UPDATE SET
         available = excluded.available, held = excluded.held, version = excluded.version, document = excluded.document`,
    );
    this.#delete = db.prepare('DELETE FROM accounts WHERE id = ?');
  }

  put(account: CreditAccount): boolean {
    const document = encodeDocument(account);
    const standing = this.#find.get({ id: account._id, document });
    if (standing?.is_same === 1) return false;
    const { _id: id, available, held, version } = account;
    this.#upsert.run({ id, available, held, version, document });
    if (standing === undefined) this.#rollUps.addDocuments('accounts', 1);
    return true;
  }

  delete(id: string): boolean {
    if (this.#delete.run(id).changes === 0) return false;
    this.#rollUps.addDocuments('accounts', -1);
    return true;
  }
}

/** A document that is none of what its collection should hold. */
export interface MalformedDocument {
  readonly part: CachedPart;
  readonly id: string;
  /** False where `id` only tells of an id that is no text, which stands in no range of ids. */
  readonly hasTextId: boolean;
  readonly problems: MalformedJob['problems'];
  readonly document: object | null;
  /** See `endedMsOf`; told by itself, because a document that may hold a prompt need not be kept. */
  readonly endedMs: number | null;
}

interface MalformedColumns {
  readonly part: CachedPart;
  readonly id: string;
  readonly problems: string;
  readonly document: Buffer | null;
  readonly has_text_id: number;
  readonly seen_ms: number;
  readonly ended_ms: number | null;
}

/** Writes the list of malformed documents. Every method belongs into a transaction; each says whether something changed. */
export class MalformedTable {
  readonly #rollUps: RollUps;
  readonly #find: Statement<Omit<MalformedColumns, 'seen_ms'>, { is_same: number }>;
  readonly #upsert: Statement<MalformedColumns>;
  readonly #delete: Statement<[string, string, number]>;
  readonly #outside: Statement<[number], { part: CachedPart; id: string; has_text_id: number }>;
  readonly #withOddIds: Statement<[], { part: CachedPart; id: string }>;

  constructor(db: Database, rollUps: RollUps) {
    this.#rollUps = rollUps;
    this.#find = db.prepare(
      `SELECT problems = @problems AND document IS @document AND ended_ms IS @ended_ms AS is_same
       FROM malformed WHERE part = @part AND id = @id AND has_text_id = @has_text_id`,
    );
    this.#upsert = db.prepare(
      `INSERT INTO malformed VALUES (@part, @id, @problems, @document, @has_text_id, @seen_ms, @ended_ms)
       ON CONFLICT (part, id, has_text_id) DO UPDATE SET
         problems = excluded.problems, document = excluded.document, seen_ms = excluded.seen_ms, ended_ms = excluded.ended_ms`,
    );
    this.#delete = db.prepare('DELETE FROM malformed WHERE part = ? AND id = ? AND has_text_id = ?');
    this.#outside = db.prepare('SELECT part, id, has_text_id FROM malformed WHERE ended_ms < ?');
    this.#withOddIds = db.prepare('SELECT part, id FROM malformed WHERE has_text_id = 0');
  }

  put(found: MalformedDocument, seenAtMs: number): boolean {
    const columns = {
      part: found.part,
      id: found.id,
      problems: JSON.stringify(found.problems),
      document: found.document === null ? null : encodeDocument(found.document),
      has_text_id: found.hasTextId ? 1 : 0,
      ended_ms: found.endedMs,
    };
    const standing = this.#find.get(columns);
    if (standing?.is_same === 1) return false;
    this.#upsert.run({ ...columns, seen_ms: seenAtMs });
    if (standing === undefined) this.#rollUps.addDocuments('malformed', 1);
    return true;
  }

  delete({ part, id, hasTextId }: ChangeSubject): boolean {
    if (this.#delete.run(part, id, hasTextId === false ? 0 : 1).changes === 0) return false;
    this.#rollUps.addDocuments('malformed', -1);
    return true;
  }

  /** Documents of the job collection that a window from that time on leaves out; see `isOutside`. */
  outside(keptSinceMs: number): readonly ChangeSubject[] {
    return this.#outside
      .all(keptSinceMs)
      .map(({ part, id, has_text_id }) => ({ part, id, ...oddIdMark(has_text_id === 1) }));
  }

  /** Those whose id is no text. */
  withOddIds(): readonly ChangeSubject[] {
    return this.#withOddIds.all().map((found) => ({ ...found, ...oddIdMark(false) }));
  }
}
