import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CacheBooks } from '#cache/books.ts';
import type { ReviewView } from '#contract/finding-views.ts';
import type { RequestResult } from '#contract/requests.ts';
import type {
  FindingDetail,
  FindingFilter,
  FindingsLayout,
  ReconciliationProgressView,
  ReconciliationScope,
  RunSummary,
} from '#contract/reconciliation-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { compareRuns } from '#domain/reconciliation/comparison.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { INVOICE_RULE } from '#domain/reconciliation/invoice.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import { mergeSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { readClosedBooks } from './closed-books.ts';
import { beginReading } from './copied-books.ts';
import { findingsCsv } from './exports.ts';
import { detailOf } from './finding-detail.ts';
import { KeptRun } from './kept-run.ts';
import { openLatest, openMemory, saveLatest, saveMemory, type LatestRun, type RunMemory } from './memory-folder.ts';
import { matchInvoices } from './invoice-desk.ts';
import type { DeskServer, KeptServer } from './kept-server.ts';
import { reviewViewOf } from './review-desk.ts';
import { isInScope, runReconciliation, type FinishedRun } from './run.ts';

/** How long a page of findings waits for what people made of them, in milliseconds. */
const REVIEWS_MS_MAX = 1500;

/** What a desk works with. */
export interface DeskOptions {
  /** The file of the offline copy. */
  readonly copyFile: string;
  /** Where runs are kept. */
  readonly folder: string;
  /** Where exports are written. */
  readonly exportFolder: string;
  readonly server: KeptServer;
}

/** What a run is started with. */
export interface DeskRun {
  readonly scope: ReconciliationScope;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgressView) => void;
}

/**
 * Reconciles the offline copy, asks the server about each difference, keeps what was found, and answers questions about the
 * last run. Reads the server and never writes to it.
 */
export class ReconciliationDesk {
  readonly #options: DeskOptions;
  #books: CacheBooks | null = null;
  #kept: KeptRun | null = null;
  #hasLoaded = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /**
   * The last run that came to its end, also one of an earlier start of the program; null where there was none.
   * Error: `malformed_document` where what was kept is damaged.
   */
  async latest(): Promise<Result<RunSummary | null, AppError>> {
    if (!this.#hasLoaded) {
      const { folder } = this.#options;
      const latest = await openLatest(folder);
      if (!latest.ok) return latest;
      if (latest.value !== null) {
        const memory = await openMemory(folder, latest.value.scope);
        if (!memory.ok) return memory;
        const record = memory.value.lastRun;
        this.#kept = record === null ? null : new KeptRun(record, latest.value);
      }
      this.#hasLoaded = true;
    }
    return ok(this.#kept?.summary ?? null);
  }

  /**
   * Runs every rule and keeps the outcome.
   * Errors: `copy_incomplete`; `malformed_document`; `cancelled`; `disk_full`; those of copy and connection. Then the run before
   * stays the last one.
   */
  async run(request: DeskRun): Promise<Result<RunSummary, AppError>> {
    const { folder } = this.#options;
    request.onProgress({ phase: 'starting', done: 0, total: null });
    const memory = await openMemory(folder, request.scope);
    if (!memory.ok) return memory;
    const read = await this.#readAndConfirm(request, memory.value);
    if (!read.ok) return read;
    const { finished, copyAsOfMs, seen } = read.value;
    if (request.signal.aborted) return err(appError('cancelled'));
    request.onProgress({ phase: 'storing', done: 0, total: null });
    const { lastRun } = memory.value;
    const compared = lastRun === null ? null : compareRuns(lastRun.findings, finished.record.findings);
    const latest: LatestRun = {
      scope: request.scope,
      copyAsOfMs,
      comparison: compared === null ? null : countComparison(compared),
      newIds: compared === null ? [] : compared.new.map(({ id }) => id),
      solved: compared === null ? [] : [...compared.solved],
    };
    const saved = await saveMemory(folder, seen, finished);
    if (!saved.ok) return saved;
    const marked = await saveLatest(folder, latest);
    if (!marked.ok) return marked;
    const kept = new KeptRun(finished.record, latest);
    this.#kept = kept;
    this.#hasLoaded = true;
    return ok(kept.summary);
  }

  /**
   * One page of findings of the last run, with what people made of them where the server answers.
   * Errors: `not_found` for another run; `invalid_request` for a foreign cursor.
   */
  async findings(question: {
    readonly runId: string;
    readonly filter: FindingFilter;
    readonly layout: FindingsLayout;
    readonly cursor: string | null;
    readonly limit: number;
  }): Promise<Result<RequestResult<'reconciliation.findings'>, AppError>> {
    const kept = await this.#runOf(question.runId);
    if (!kept.ok) return kept;
    const page = kept.value.page(question.filter, question.cursor, question.limit, question.layout);
    if (!page.ok) return page;
    // A server that is gone must not hold up what this machine knows.
    const waiting = new AbortController();
    const reviews = await Promise.race([
      this.#reviewsOf(page.value.rows),
      delay(REVIEWS_MS_MAX, {}, { signal: waiting.signal }).catch(() => ({})),
    ]);
    waiting.abort();
    return ok({ ...page.value, reviews });
  }

  /** Whoever reads the findings of a run without the server reads them without what people made of them. */
  async #reviewsOf(findings: readonly Finding[]): Promise<Record<string, ReviewView>> {
    const server = await this.#options.server.open();
    if (!server.ok) return {};
    const reviews = await server.value.finance.reviews.ofFindings(findings.map(({ id }) => id));
    if (!reviews.ok) return {};
    return Object.fromEntries(
      findings.flatMap((finding) => {
        const review = reviews.value.get(finding.id);
        return review === undefined ? [] : [[finding.id, reviewViewOf(finding, review)]];
      }),
    );
  }

  /** A finding with its entries as the copy has them. Errors: `not_found`; those of the copy. */
  async finding(runId: string, findingId: string): Promise<Result<FindingDetail, AppError>> {
    const kept = await this.#runOf(runId);
    if (!kept.ok) return kept;
    const finding = kept.value.finding(findingId);
    if (!finding.ok) return finding;
    const books = this.books();
    return books.ok ? detailOf(books.value, finding.value) : books;
  }

  /** Writes the findings of a filter as CSV. Errors: `not_found` for another run; `disk_full`; `internal`. */
  async export(
    runId: string,
    filter: FindingFilter,
  ): Promise<Result<{ readonly path: string; readonly findings: number }, AppError>> {
    const kept = await this.#runOf(runId);
    if (!kept.ok) return kept;
    const findings = kept.value.matching(filter);
    const { scope, asOfMs } = kept.value.summary;
    const stamp = new Date(asOfMs).toISOString().replaceAll(/[:.]/g, '-');
    const part = findings.length === kept.value.summary.findings ? '' : '-part';
    const file = path.join(this.#options.exportFolder, `findings-${scope.period ?? 'all'}-${stamp}${part}.csv`);
    try {
      await mkdir(this.#options.exportFolder, { recursive: true });
      await pipeline(Readable.from(findingsCsv(findings)), createWriteStream(`${file}.new`));
      await rename(`${file}.new`, file);
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
      return err(
        appError(code === 'ENOSPC' ? 'disk_full' : 'internal', `the export could not be written: ${code}`, cause),
      );
    }
    return ok({ path: file, findings: findings.length });
  }

  /** Findings of the last run by their ids, those that it has. Errors: `not_found` for another run. */
  async findingsOf(runId: string, findingIds: readonly string[]): Promise<Result<readonly Finding[], AppError>> {
    const kept = await this.#runOf(runId);
    return kept.ok ? ok(kept.value.findingsOf(findingIds)) : kept;
  }

  /** Lets go of the copy. Idempotent. */
  close(): void {
    this.#books?.close();
    this.#books = null;
  }

  async #readAndConfirm(request: DeskRun, memory: RunMemory): Promise<Result<ReadRun, AppError>> {
    const books = this.books();
    if (!books.ok) return books;
    const server = await this.#options.server.open();
    if (!server.ok) return server;
    const closed = await readClosedBooks(server.value.finance.periods, this.#options.folder);
    if (!closed.ok) return closed;
    const seen = mergeSeen(closed.value.sealed, memory.seen);
    const begun = beginReading(books.value, server.value.reader);
    try {
      if (!begun.ok) return begun;
      const finished = await runReconciliation(server.value.reader, {
        scope: request.scope,
        prices: CATALOGUE_PRICES,
        closedPeriods: closed.value.closed.map(({ period }) => period),
        seen,
        asOfMs: null,
        chargeRule: null,
        copy: begun.value.source === server.value.reader ? null : begun.value.source,
        signal: request.signal,
        onProgress: request.onProgress,
      });
      if (!finished.ok) return finished;
      books.value.end();
      const whole = await this.#withInvoices(finished.value, { books: books.value, server: server.value, request });
      return whole.ok ? ok({ finished: whole.value, copyAsOfMs: begun.value.copyAsOfMs, seen }) : whole;
    } finally {
      books.value.end();
    }
  }

  /** A run together with what the imported invoices leave unmatched on either side. */
  async #withInvoices(
    run: FinishedRun,
    parts: { readonly books: CacheBooks; readonly server: DeskServer; readonly request: DeskRun },
  ): Promise<Result<FinishedRun, AppError>> {
    const invoices = await parts.server.finance.invoices.list();
    if (!invoices.ok) return invoices;
    const matches = await matchInvoices(
      { books: parts.books, server: parts.server.reader },
      invoices.value,
      parts.request.signal,
    );
    if (!matches.ok) return matches;
    const found = [...matches.value.values()]
      .flatMap((match) => match.findings)
      .filter((finding) => isInScope(finding, parts.request.scope));
    if (found.length === 0) return ok(run);
    const { record } = run;
    return ok({
      ...run,
      record: {
        ...record,
        counts: { ...record.counts, [INVOICE_RULE.name]: found.length },
        findings: [...record.findings, ...found],
      },
    });
  }

  /** The copy, opened to read. Errors: those of the copy. */
  books(): Result<CacheBooks, AppError> {
    if (this.#books !== null) return ok(this.#books);
    const books = CacheBooks.open(this.#options.copyFile);
    if (books.ok) this.#books = books.value;
    return books;
  }

  async #runOf(runId: string): Promise<Result<KeptRun, AppError>> {
    const latest = await this.latest();
    if (!latest.ok) return latest;
    return this.#kept?.summary.runId === runId
      ? ok(this.#kept)
      : err(appError('not_found', 'another run has taken its place'));
  }
}

interface ReadRun {
  readonly finished: FinishedRun;
  readonly copyAsOfMs: number | null;
  /** What was known of the ledger before the run: by this machine, and by the closed months. */
  readonly seen: SeenEntries;
}

function countComparison(comparison: ReturnType<typeof compareRuns>): LatestRun['comparison'] {
  const { new: fresh, stillOpen, solved } = comparison;
  return { new: fresh.length, stillOpen: stillOpen.length, solved: solved.length };
}
