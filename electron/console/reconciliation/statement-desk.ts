import type { CacheBooks } from '#cache/books.ts';
import type { Exported, MarginLine } from '#contract/period-views.ts';
import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import { CountedMonths } from '#domain/reconciliation/counted-month.ts';
import { MarginBook } from '#domain/reconciliation/margin.ts';
import { compareWithSeen } from '#domain/reconciliation/seen-entries.ts';
import { buildStatements, type Statement } from '#domain/reconciliation/statements.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ClosedBooks } from './closed-books.ts';
import { beginReading } from './copied-books.ts';
import { exportTable, type ExportWish } from './export-file.ts';
import { marginTable, statementsTable } from './exports.ts';
import { attemptReading, readView, type BookSource } from './read-view.ts';
import { workspaceFileName } from './workspace-file-name.ts';

/** Which statements are asked for. */
export interface StatementQuestion {
  readonly period: string;
  /** Null for every workspace. */
  readonly workspaceId: string | null;
}

/** The statements of a month, and whether it is closed: then they stay as they are. */
export interface Statements {
  readonly isClosed: boolean;
  readonly rows: readonly Statement[];
}

/** The margin of a month, and how many documents are no jobs: of those nobody knows what they cost, nor what kind they were of. */
export interface MarginReport {
  readonly rows: readonly MarginLine[];
  readonly unreadableJobs: number;
}

/** Statements and the margin report, from the offline copy. Errors of every method: `copy_incomplete`, those of the copy. */
export class StatementDesk {
  readonly #books: CacheBooks;
  readonly #server: BookSource;
  readonly #closed: ClosedBooks;
  readonly #exportFolder: string;

  /** @param from the copy, and the server that is read where the copy does not keep all */
  constructor(
    from: { readonly books: CacheBooks; readonly server: BookSource },
    closed: ClosedBooks,
    exportFolder: string,
  ) {
    this.#books = from.books;
    this.#server = from.server;
    this.#closed = closed;
    this.#exportFolder = exportFolder;
  }

  async statements(question: StatementQuestion, signal: AbortSignal): Promise<Result<Statements, AppError>> {
    const begun = beginReading(this.#books, this.#server);
    try {
      if (!begun.ok) return begun;
      const read = await readView(begun.value.source, {
        // A statement says what the ledger says; what a policy made of failures does not enter it.
        chargeRule: chargeRuleOf([]),
        signal,
        onProgress: () => undefined,
      });
      if (!read.ok) return read;
      const { view } = read.value;
      const { sealedIn } = compareWithSeen(view, this.#closed.sealed);
      const through = this.#closed.closed.at(-1)?.period ?? null;
      const rows = buildStatements(view, { ...question, closed: { through, sealedIn } });
      // With a month everything before it is closed.
      return ok({ isClosed: through !== null && question.period <= through, rows });
    } finally {
      this.#books.end();
    }
  }

  /** Writes statements. Of a closed month the same bytes every time, for as long as the same is hidden. */
  async exportStatements(
    question: StatementQuestion,
    wish: ExportWish,
    signal: AbortSignal,
  ): Promise<Result<Exported, AppError>> {
    const statements = await this.statements(question, signal);
    if (!statements.ok) return statements;
    const of = question.workspaceId === null ? 'all' : workspaceFileName(question.workspaceId);
    const table = statementsTable(`statements-${question.period}-${of}`, statements.value.rows);
    return exportTable(this.#exportFolder, table, wish);
  }

  async margin(period: string, signal: AbortSignal): Promise<Result<MarginReport, AppError>> {
    const begun = beginReading(this.#books, this.#server);
    try {
      if (!begun.ok) return begun;
      const { source } = begun.value;
      const through = this.#closed.closed.at(-1)?.period ?? null;
      const book = new MarginBook(period, new CountedMonths(through, this.#closed.sealed));
      let unreadableJobs = 0;
      const read = await attemptReading(signal, async () => {
        for await (const document of source.iterateJobs(signal)) {
          if (document.type === 'job') book.addJob(document.job);
          else unreadableJobs += 1;
        }
        for await (const entry of source.iterateLedger(signal)) book.addEntry(entry);
      });
      return read.ok ? ok({ rows: book.lines(), unreadableJobs }) : err(read.error);
    } finally {
      this.#books.end();
    }
  }

  async exportMargin(period: string, wish: ExportWish, signal: AbortSignal): Promise<Result<Exported, AppError>> {
    const report = await this.margin(period, signal);
    if (!report.ok) return report;
    return exportTable(this.#exportFolder, marginTable(`margin-${period}`, report.value.rows), wish);
  }
}
