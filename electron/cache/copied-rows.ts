import type { Database } from 'better-sqlite3';
import type { LedgerEntry } from '#domain/ledger.ts';
import { assertNever } from '#domain/result.ts';
import { AccountTable, LedgerTable, MalformedTable, type MalformedDocument } from './book-tables.ts';
import { BookLog } from './book-log.ts';
import type { CacheChange, ChangeSubject } from './changes.ts';
import { endedMsOf, keptOf } from './copy-scope.ts';
import { JobTable } from './job-table.ts';
import { RollUps } from './roll-ups.ts';
import type { Standing } from './snapshot-book.ts';

/** What a transaction changed. */
export interface Applied {
  /** Jobs, also malformed and deleted ones, whose row is now another, and those of ledger entries that came while it was followed. */
  readonly jobIds: readonly string[];
  /** All rows that were written or deleted, of every collection. */
  readonly rows: number;
}

/** What a change comes from, as far as its rows depend on it. */
export interface ChangeOrigin {
  readonly isOpen: boolean;
  /** True where the change may be older than what a page brought already. */
  readonly isReplay: boolean;
  /** Where the copy stood when the transaction began. */
  readonly standing: Standing;
}

/** How a change of one document becomes rows of the copy, and what is summed up and noted of them. */
export class CopiedRows {
  readonly jobs: JobTable;
  readonly malformed: MalformedTable;
  readonly log: BookLog;
  readonly #db: Database;
  readonly #now: () => number;
  /** How far the server's clock is ahead of the one of this machine, in milliseconds. */
  #aheadMs = 0;
  readonly #rollUps: RollUps;
  readonly #ledger: LedgerTable;
  readonly #accounts: AccountTable;
  #changedJobs = new Set<string>();
  #changedRows = 0;

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#rollUps = new RollUps(db);
    this.jobs = new JobTable(db, this.#rollUps);
    this.log = new BookLog(db);
    this.#ledger = new LedgerTable(db, this.#rollUps, this.log);
    this.#accounts = new AccountTable(db, this.#rollUps);
    this.malformed = new MalformedTable(db, this.#rollUps);
  }

  /** @param serverMs the server's time now, in milliseconds since 1970; when something was seen is told by it from here on */
  tellTime(serverMs: number): void {
    this.#aheadMs = serverMs - this.#now();
  }

  /** Does `work` in one transaction, with the sums and notes of what it changes. @throws what SQLite throws; then nothing was written */
  inTransaction(work: () => void): Applied {
    this.#changedJobs = new Set();
    this.#changedRows = 0;
    try {
      this.#db
        .transaction(() => {
          work();
          this.jobs.flush();
          this.#rollUps.flush();
          this.log.flush();
        })
        .immediate();
    } finally {
      this.jobs.reset();
      this.#rollUps.reset();
      this.log.reset();
    }
    return { jobIds: [...this.#changedJobs], rows: this.#changedRows };
  }

  /**
   * Writes a document that the copy has nothing of, in the quickest way. @returns false where there is none for it
   */
  insert(change: CacheChange, subject: ChangeSubject, origin: ChangeOrigin): boolean {
    if (change.type === 'entry') {
      this.#putEntry(change.entry, subject, origin);
      return true;
    }
    if (change.type !== 'job') return false;
    const { standing } = origin;
    const job = keptOf(change.job, standing.scope);
    if (job === null) return true;
    if (job.type !== 'job') return false;
    this.jobs.insert(job.job, job.document, { afterMs: standing.asOfMs, seenMs: this.#serverNow() });
    this.#count(subject, true);
    return true;
  }

  /** Writes what a change says of its document over what the copy has of it. */
  write(change: CacheChange, subject: ChangeSubject, origin: ChangeOrigin): void {
    switch (change.type) {
      case 'job': {
        const { isReplay, standing } = origin;
        const job = keptOf(change.job, standing.scope);
        if (job === null) {
          this.delete(subject);
          return;
        }
        if (job.type === 'job') {
          this.#count(subject, this.malformed.delete(subject));
          const how = { isReplay, afterMs: standing.asOfMs, seenMs: this.#serverNow() };
          this.#count(subject, this.jobs.put(job.job, job.document, how));
          return;
        }
        this.#count(subject, this.#deleteRow(subject));
        this.#putMalformed(subject, {
          problems: job.malformed.problems,
          document: job.document,
          endedMs: endedMsOf(change.job.document),
        });
        return;
      }
      case 'account':
        this.#count(subject, this.malformed.delete(subject));
        this.#count(subject, this.#accounts.put(change.account));
        return;
      case 'entry':
        this.#count(subject, this.malformed.delete(subject));
        this.#putEntry(change.entry, subject, origin);
        return;
      case 'unreadable':
        this.#count(subject, this.#deleteRow(subject));
        this.#putMalformed(subject, {
          problems: [{ path: '(document)', reason: change.reason }],
          document: null,
          endedMs: null,
        });
        return;
      case 'deleted':
        this.delete(subject);
        return;
      default:
        assertNever(change);
    }
  }

  /** Deletes whatever the copy has of a document. */
  delete(subject: ChangeSubject): void {
    this.#count(subject, this.#deleteRow(subject));
    this.#count(subject, this.malformed.delete(subject));
  }

  #serverNow(): number {
    return Math.round(this.#now() + this.#aheadMs);
  }

  #putEntry(entry: LedgerEntry, subject: ChangeSubject, { isOpen }: ChangeOrigin): void {
    const hasChanged = this.#ledger.put(entry);
    this.#count(subject, hasChanged);
    // Whoever looks at the job sees its ledger too. A snapshot brings every job itself, and need not name each twice.
    if (hasChanged && !isOpen && entry.jobId !== null) this.#changedJobs.add(entry.jobId);
  }

  #putMalformed(subject: ChangeSubject, found: Pick<MalformedDocument, 'problems' | 'document' | 'endedMs'>): void {
    const malformed = { ...subject, hasTextId: subject.hasTextId !== false, ...found };
    this.#count(subject, this.malformed.put(malformed, this.#serverNow()));
  }

  #deleteRow(subject: ChangeSubject): boolean {
    // A row that has this text for its id is another document's.
    if (subject.hasTextId === false) return false;
    switch (subject.part) {
      case 'jobs':
        return this.jobs.delete(subject.id);
      case 'accounts':
        return this.#accounts.delete(subject.id);
      case 'ledger':
        return this.#ledger.delete(subject.id);
    }
  }

  #count(subject: ChangeSubject, hasChanged: boolean): void {
    if (!hasChanged) return;
    this.#changedRows += 1;
    // Entries are noted by their table, which knows what they were before.
    if (subject.part !== 'ledger') this.log.note(subject.part, subject.id, null);
    if (subject.part === 'jobs') this.#changedJobs.add(subject.id);
  }
}
