import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CacheBooks } from '#cache/books.ts';
import { sha256OfText } from '#cache/sha256.ts';
import type { ReviewView } from '#contract/finding-views.ts';
import type { RequestResult } from '#contract/requests.ts';
import type {
  FindingDetail,
  FindingFilter,
  FindingsLayout,
  ReconciliationProgressView,
  ReconciliationScope,
  RepeatedRun,
  RunSummary,
} from '#contract/reconciliation-views.ts';
import { appError, writingError, type AppError } from '#domain/errors.ts';
import { compareRuns } from '#domain/reconciliation/comparison.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { CopyRun, type FinishedCopyRun } from './copy-run.ts';
import type { CleanText } from './csv.ts';
import { findingsCsv } from './exports.ts';
import { detailOf } from './finding-detail.ts';
import { KeptRun, runIdOf } from './kept-run.ts';
import type { KeptServer } from './kept-server.ts';
import { openLastRun, saveRun } from './memory-folder.ts';
import { reviewViewOf } from './review-desk.ts';
import { besideOf, RunArchive } from './run-archive.ts';
import { encodeRun, type RunRecord } from './run-record.ts';

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
  readonly #archive: RunArchive;
  readonly #copyRun: CopyRun;
  #books: CacheBooks | null = null;
  /** The run that was asked about last. */
  #kept: KeptRun | null = null;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#archive = new RunArchive(options.folder);
    this.#copyRun = new CopyRun(options.folder, options.server);
  }

  /**
   * The last run that came to its end, also one of an earlier start of the program; null where there was none.
   * Error: `malformed_document` where what was kept is damaged.
   */
  async latest(): Promise<Result<RunSummary | null, AppError>> {
    const runs = await this.#archive.list();
    return runs.ok ? ok(runs.value[0] ?? null) : runs;
  }

  /** The runs that are kept, newest first. Error: `malformed_document`. */
  runs(): Promise<Result<readonly RunSummary[], AppError>> {
    return this.#archive.list();
  }

  /**
   * Runs every rule and keeps the outcome.
   * Errors: `copy_incomplete`; `malformed_document`; `cancelled`; `disk_full`; those of copy and connection. Then the run before
   * stays the last one.
   */
  async run(request: DeskRun): Promise<Result<RunSummary, AppError>> {
    const { folder } = this.#options;
    request.onProgress({ phase: 'starting', done: 0, total: null });
    const before = await openLastRun(folder, request.scope);
    const done = await this.#runOverCopy(request, null);
    if (!done.ok) return done;
    const { record, copyAsOfMs, remember } = done.value;
    const lostMemory = [...done.value.lost, ...before.lost];
    if (request.signal.aborted) return err(appError('cancelled'));
    request.onProgress({ phase: 'storing', done: 0, total: null });
    const remembered = await remember();
    if (!remembered.ok) return remembered;
    const compared = before.lastRun === null ? null : compareRuns(before.lastRun.findings, record);
    const added = await this.#archive.add({ record, beside: besideOf(record, { copyAsOfMs, lostMemory }, compared) });
    if (!added.ok) return added;
    const saved = await saveRun(folder, record);
    return saved.ok ? added : saved;
  }

  /**
   * Runs a kept run once more, of the same moment over the copy as it is now, and says whether it comes out the same to the byte.
   * Keeps nothing. Errors: `not_found` for a run that is not kept; those of `run`.
   */
  async repeat(runId: string, request: Omit<DeskRun, 'scope'>): Promise<Result<RepeatedRun, AppError>> {
    request.onProgress({ phase: 'starting', done: 0, total: null });
    const archived = await this.#archive.open(runId);
    if (!archived.ok) return archived;
    if (archived.value === null) return err(appError('not_found', runId));
    const { record } = archived.value;
    const done = await this.#runOverCopy({ ...request, scope: record.scope }, record.asOfMs);
    return done.ok ? ok(compareRepeated(record, done.value.record)) : done;
  }

  /**
   * One page of findings of a run, with what people made of them where the server answers.
   * Errors: `not_found` for a run that is not kept; `invalid_request` for a foreign cursor.
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
    const books = this.#openBooks();
    return books.ok ? detailOf(books.value, finding.value) : books;
  }

  /** Writes the findings of a filter and layout as CSV, without what is hidden from whoever asks. Errors: `not_found` for a run that is not kept; `disk_full`; `internal`. */
  async export(
    {
      runId,
      filter,
      layout,
    }: { readonly runId: string; readonly filter: FindingFilter; readonly layout: FindingsLayout },
    clean: CleanText,
  ): Promise<Result<{ readonly path: string; readonly findings: number }, AppError>> {
    const kept = await this.#runOf(runId);
    if (!kept.ok) return kept;
    const findings = kept.value.matching(filter, layout);
    const { scope, asOfMs } = kept.value.summary;
    const stamp = new Date(asOfMs).toISOString().replaceAll(/[:.]/g, '-');
    const name = `findings-${scope.period ?? 'all'}-${stamp}${partName(filter, layout)}.csv`;
    const file = path.join(this.#options.exportFolder, name);
    try {
      await mkdir(this.#options.exportFolder, { recursive: true });
      await pipeline(Readable.from(findingsCsv(findings, clean)), createWriteStream(`${file}.new`));
      await rename(`${file}.new`, file);
    } catch (cause) {
      return err(writingError('the export could not be written', cause));
    }
    return ok({ path: file, findings: findings.length });
  }

  /** Findings of a run by their ids, those that it has. Errors: `not_found` for a run that is not kept. */
  async findingsOf(runId: string, findingIds: readonly string[]): Promise<Result<readonly Finding[], AppError>> {
    const kept = await this.#runOf(runId);
    return kept.ok ? ok(kept.value.findingsOf(findingIds)) : kept;
  }

  /** Lets go of the copy. Idempotent. */
  close(): void {
    this.#books?.close();
    this.#books = null;
    this.#copyRun.close();
  }

  #runOverCopy(request: DeskRun, asOfMs: number | null): Promise<Result<FinishedCopyRun, AppError>> {
    const books = this.#openBooks();
    return books.ok ? this.#copyRun.run(books.value, { ...request, asOfMs }) : Promise.resolve(books);
  }

  /**
   * Reads the copy over a connection of its own: between its beginning and its end one connection holds one state of the copy, and runs
   * and other answers are read meanwhile. Errors: those of the copy and of the work.
   */
  async withBooks<Value>(
    work: (books: CacheBooks) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> {
    const books = CacheBooks.open(this.#options.copyFile);
    if (!books.ok) return books;
    try {
      return await work(books.value);
    } finally {
      books.value.close();
    }
  }

  /** The copy as runs read it, of which there is one at a time. Errors: those of the copy. */
  #openBooks(): Result<CacheBooks, AppError> {
    if (this.#books !== null) return ok(this.#books);
    const books = CacheBooks.open(this.#options.copyFile);
    if (books.ok) this.#books = books.value;
    return books;
  }

  async #runOf(runId: string): Promise<Result<KeptRun, AppError>> {
    if (this.#kept?.summary.runId === runId) return ok(this.#kept);
    const archived = await this.#archive.open(runId);
    if (!archived.ok) return archived;
    if (archived.value === null) return err(appError('not_found', 'the run is no longer kept'));
    this.#kept = new KeptRun(archived.value.record, archived.value.beside);
    return ok(this.#kept);
  }
}

function compareRepeated(before: RunRecord, now: RunRecord): RepeatedRun {
  const ids = new Set(before.findings.map(({ id }) => id));
  const idsNow = new Set(now.findings.map(({ id }) => id));
  return {
    runId: runIdOf(before),
    isSame: encodeRun(before) === encodeRun(now),
    areInputsSame: before.inputDigest === now.inputDigest,
    areRulesSame: before.optionsDigest === now.optionsDigest && before.rulesVersion === now.rulesVersion,
    onlyNow: idsNow.difference(ids).size,
    onlyThen: ids.difference(idsNow).size,
  };
}

/** What an export is told by from others of its run, in its file's name; nothing where it holds every finding. */
function partName(filter: FindingFilter, { groupBy, since }: FindingsLayout): string {
  if (filter.rules.length === 0 && filter.workspaceIds.length === 0 && since === 'any') return '';
  const asked = JSON.stringify([filter.rules.toSorted(), filter.workspaceIds.toSorted(), groupBy, since]);
  return `-part-${sha256OfText(asked).slice(0, 8)}`;
}
