import type { Database, Statement } from 'better-sqlite3';
import type { Job } from '#domain/job.ts';
import { encodeDocument } from './document-encoding.ts';
import { ROLLED_UP_COLUMNS, searchTextOf, toJobColumns, type JobColumns, type RolledUpJob } from './job-columns.ts';
import { JobTextIndex } from './job-text-index.ts';
import { ObservedTable, type Seen } from './observed-table.ts';
import { RetryFactsTable } from './retry-facts.ts';
import type { RollUps } from './roll-ups.ts';

/** Numbers in one second of creation: 2^21, so that a number stays an exact integer in JavaScript until 2106. */
const NUMBERS_PER_SECOND = 2 ** 21;
const SECOND_MAX = 2 ** 32 - 2;

/** The second of creation that the number of a job tells; times before 1970 and after 2106 count as the outermost seconds. */
export function secondOf(createdMs: number): number {
  return Math.min(SECOND_MAX, Math.max(0, Math.floor(createdMs / 1000)));
}

/** The lowest number that a job created in that second may have; the numbers of later seconds are lower. */
export function firstNumOf(second: number): number {
  return (SECOND_MAX - second) * NUMBERS_PER_SECOND;
}

/** The highest number that a job created in that second may have. */
export function lastNumOf(second: number): number {
  return firstNumOf(second) + NUMBERS_PER_SECOND - 1;
}

/** The second that a number tells. */
export function secondOfNum(num: number): number {
  return SECOND_MAX - Math.floor(num / NUMBERS_PER_SECOND);
}

/** Columns that stand in indexes: an update that names one rewrites its indexes even where the value is the same. */
// prettier-ignore
const INDEXED = [
  'id', 'kind', 'state', 'workspace', 'user', 'price', 'failure_class', 'failure_code', 'created_ms', 'updated_ms', 'fingerprint',
  'failure_ms', 'attempts',
] as const satisfies readonly (keyof JobColumns)[];

interface StandingJob extends RolledUpJob, Pick<JobColumns, (typeof INDEXED)[number] | 'text_hash'> {
  readonly num: number;
  readonly is_same: number;
}

// prettier-ignore
const COLUMNS = [
  'id', 'kind', 'state', 'workspace', 'user', 'provider', 'model', 'attempt', 'max_attempts', 'price', 'charge_status',
  'is_blocked', 'failure_class', 'failure_code', 'failure_message', 'progress_fraction', 'created_ms', 'updated_ms', 'not_before_ms',
  'state_since_ms', 'version', 'text_hash', 'prompt_start', 'started_ms', 'ended_ms', 'attempts', 'earned', 'cost',
  'is_cost_unknown', 'fingerprint', 'failure_ms',
] as const satisfies readonly (keyof JobColumns)[];

interface UnchangedParams {
  readonly sinceMs: number;
  readonly limit: number;
  readonly offset: number;
}

/** How a job is written. */
export interface PutOptions extends Seen {
  /** True where an older state may be one that was over before the row was written, and comes behind it all the same. */
  readonly isReplay: boolean;
}

/** Writes the rows of jobs with their documents, search text and roll-ups. Every method belongs into a transaction. */
export class JobTable {
  readonly #rollUps: RollUps;
  readonly #find: Statement<{ id: string; document: Buffer }, StandingJob>;
  readonly #nextNum: Statement<[number, number], { num: number | null }>;
  readonly #insert: Statement<unknown[]>;
  readonly #updates = new Map<string, Statement<JobColumns & { num: number }>>();
  readonly #insertDocument: Statement<[number, Buffer]>;
  readonly #updateDocument: Statement<[Buffer, number]>;
  readonly #delete: Statement<[number]>;
  readonly #deleteDocument: Statement<[number]>;
  readonly #unchanged: Statement<UnchangedParams, { id: string; updated_ms: number }>;
  readonly #observed: ObservedTable;
  readonly #text: JobTextIndex;
  readonly #facts: RetryFactsTable;
  readonly #db: Database;

  constructor(db: Database, rollUps: RollUps) {
    this.#db = db;
    this.#rollUps = rollUps;
    this.#text = new JobTextIndex(db);
    this.#observed = new ObservedTable(db);
    this.#facts = new RetryFactsTable(db);
    this.#unchanged = db.prepare(
      `SELECT id, updated_ms FROM jobs INDEXED BY jobs_updated
       WHERE updated_ms < @sinceMs AND state IN ('completed', 'failed') ORDER BY updated_ms, id LIMIT @limit OFFSET @offset`,
    );
    this.#find = db.prepare(
      `SELECT num, text_hash, ${[...new Set([...INDEXED, ...ROLLED_UP_COLUMNS])].join(', ')},
         document = @document AS is_same
       FROM jobs JOIN job_documents USING (num) WHERE id = @id`,
    );
    this.#nextNum = db.prepare('SELECT max(num) + 1 AS num FROM jobs WHERE num >= ? AND num < ?');
    this.#insert = db.prepare(
      `INSERT INTO jobs (num, ${COLUMNS.join(', ')}) VALUES (?, ${COLUMNS.map(() => '?').join(', ')})`,
    );
    this.#insertDocument = db.prepare('INSERT INTO job_documents VALUES (?, ?)');
    this.#updateDocument = db.prepare('UPDATE job_documents SET document = ? WHERE num = ?');
    this.#delete = db.prepare('DELETE FROM jobs WHERE num = ?');
    this.#deleteDocument = db.prepare('DELETE FROM job_documents WHERE num = ?');
  }

  /** Writes what was gathered for the search index; belongs at the end of the transaction. */
  flush(): void {
    this.#text.flush();
  }

  /** Forgets what was gathered: the transaction was undone. */
  reset(): void {
    this.#text.reset();
  }

  /**
   * Writes a job as it is now; nothing where it already stands so.
   * A job whose document keeps no history leaves one here, of what was seen of it.
   * @returns true where something changed
   */
  put(job: Job, document: object, how: PutOptions): boolean {
    const bytes = encodeDocument(document);
    const standing = this.#find.get({ id: job._id, document: bytes });
    if (standing === undefined) {
      this.#insertNew(job, bytes);
      if (job.history.length === 0) this.#observed.see(job, null, how);
      return true;
    }
    if (standing.is_same === 1) return false;
    const isPast = how.isReplay && job.updatedAt.getTime() < standing.updated_ms;
    if (job.history.length === 0 && !isPast) this.#observed.see(job, standing.state, how);
    const text = searchTextOf(job);
    const columns = toJobColumns(job, text);
    if (secondOf(columns.created_ms) !== secondOf(standing.created_ms)) {
      // The number tells the time of creation, so a job whose time of creation was mended gets another one.
      this.#remove(standing);
      this.#insertNew(job, bytes);
      return true;
    }
    this.#updateOf(columns, standing).run({ ...columns, num: standing.num });
    this.#updateDocument.run(bytes, standing.num);
    this.#facts.put(standing.num, job);
    if (columns.text_hash !== standing.text_hash) this.#text.replace(standing.num, text);
    this.#rollUps.remove(standing);
    this.#rollUps.add(columns);
    return true;
  }

  /** Writes a job that has no row, which the caller knows. */
  insert(job: Job, document: object, seen: Seen): void {
    this.#insertNew(job, encodeDocument(document));
    if (job.history.length === 0) this.#observed.see(job, null, seen);
  }

  /** @returns true where there was such a job */
  delete(id: string): boolean {
    const standing = this.#find.get({ id, document: Buffer.alloc(0) });
    if (standing === undefined) return false;
    this.#remove(standing);
    this.#observed.forget(id);
    return true;
  }

  /**
   * Jobs at their end that have not changed since a time, the longest unchanged first, about `limit`: all of those that changed
   * before `untilMs`, which is the time asked for where that is all there is.
   */
  unchangedSince(sinceMs: number, limit: number): { readonly jobIds: readonly string[]; readonly untilMs: number } {
    const [first] = this.#unchanged.all({ sinceMs, limit: 1, offset: 0 });
    const [beyond] = this.#unchanged.all({ sinceMs, limit: 1, offset: limit });
    if (first === undefined) return { jobIds: [], untilMs: sinceMs };
    // A bulk update may have stamped any number of jobs with one time; they go together.
    const untilMs = beyond === undefined ? sinceMs : Math.max(beyond.updated_ms, first.updated_ms + 1);
    const jobs = this.#unchanged.all({ sinceMs: untilMs, limit: -1, offset: 0 });
    return { jobIds: jobs.map(({ id }) => id), untilMs };
  }

  #insertNew(job: Job, bytes: Buffer): void {
    const text = searchTextOf(job);
    const columns = toJobColumns(job, text);
    const num = this.#freeNum(secondOf(columns.created_ms));
    // By place and not by name: thirty names are looked up for each row otherwise.
    this.#insert.run(num, ...COLUMNS.map((name) => columns[name]));
    this.#insertDocument.run(num, bytes);
    this.#facts.insert(num, job);
    this.#text.insert(num, text);
    this.#rollUps.add(columns);
  }

  #remove(standing: StandingJob): void {
    this.#delete.run(standing.num);
    this.#deleteDocument.run(standing.num);
    this.#facts.remove(standing.num);
    this.#text.remove(standing.num);
    this.#rollUps.remove(standing);
  }

  /** An update that names only the indexed columns that changed. */
  #updateOf(columns: JobColumns, standing: StandingJob): Statement<JobColumns & { num: number }> {
    const unchanged = new Set<string>(INDEXED.filter((name) => columns[name] === standing[name]));
    const sets = COLUMNS.filter((name) => !unchanged.has(name)).map((name) => `${name} = @${name}`);
    const sql = `UPDATE jobs SET ${sets.join(', ')} WHERE num = @num`;
    let statement = this.#updates.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#updates.set(sql, statement);
    }
    return statement;
  }

  #freeNum(second: number): number {
    const first = firstNumOf(second);
    const next = this.#nextNum.get(first, first + NUMBERS_PER_SECOND)?.num ?? first;
    // Two million jobs of one second of creation: another second lends its numbers, at the price of a rougher order of hits.
    return next < first + NUMBERS_PER_SECOND ? next : this.#freeNum(second === 0 ? SECOND_MAX : second - 1);
  }
}
