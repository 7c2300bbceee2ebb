import type { CacheBooks } from '#cache/books.ts';
import type { ReconciliationProgressView, ReconciliationScope } from '#contract/reconciliation-views.ts';
import type { AppError } from '#domain/errors.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import { ok, type Result } from '#domain/result.ts';
import { BlockKeeper } from './blocks/block-keeper.ts';
import { ClosedBooksKeeper, type ClosedBooks } from './closed-books.ts';
import { beginReading } from './copied-books.ts';
import { matchInvoices, withInvoiceFindings } from './invoice-desk.ts';
import type { DeskServer, KeptServer } from './kept-server.ts';
import { concludeRun, runRulesAt, runReconciliation } from './run.ts';
import type { RunRecord } from './run-record.ts';

/** What a run over the copy is asked with. */
export interface CopyRunRequest {
  readonly scope: ReconciliationScope;
  /** The moment to speak of; null takes the server's now. */
  readonly asOfMs: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgressView) => void;
}

/** A run over the copy that has come to its end. */
export interface FinishedCopyRun {
  readonly record: RunRecord;
  /** Nothing older than this was missing from the copy, in milliseconds; null where it did not say. */
  readonly copyAsOfMs: number | null;
  /** Documents that were read from the copy for it. */
  readonly documentsRead: number;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
  /** Keeps what was read and seen for the next run. Errors: `disk_full`, `internal`. */
  readonly remember: () => Promise<Result<void, AppError>>;
}

/** How long books stay in memory after a run, in milliseconds: for a repeat they need not be opened again. */
const IDLE_MS = 10 * 60_000;

/** Runs over the offline copy: each reads only what changed since the one before, and asks the server about each difference. */
export class CopyRun {
  readonly #folder: string;
  readonly #server: KeptServer;
  readonly #blocks: BlockKeeper;
  readonly #closed: ClosedBooksKeeper;
  #idle: NodeJS.Timeout | null = null;

  constructor(folder: string, server: KeptServer) {
    this.#folder = folder;
    this.#server = server;
    this.#blocks = new BlockKeeper(folder);
    this.#closed = new ClosedBooksKeeper(folder);
  }

  /** Errors: `copy_incomplete`; `malformed_document`; `cancelled`; those of copy and connection. */
  async run(books: CacheBooks, request: CopyRunRequest): Promise<Result<FinishedCopyRun, AppError>> {
    this.#stayAwake();
    const server = await this.#server.open();
    if (!server.ok) return server;
    const now = await server.value.reader.serverNow();
    if (!now.ok) return now;
    const closed = await this.#closed.read(server.value.finance.periods);
    if (!closed.ok) return closed;
    const rules = runRulesAt(request.asOfMs ?? now.value.getTime(), {
      prices: CATALOGUE_PRICES,
      closedPeriods: closed.value.closed.map(({ period }) => period),
      memories: [closed.value.sealed],
    });
    const { signal, onProgress, scope } = request;
    const policies = await server.value.reader.readPolicies();
    if (!policies.ok) return policies;
    const chargeRule = chargeRuleOf(policies.value);
    const chargeBasis = JSON.stringify(policies.value);
    const begun = beginReading(books, server.value.reader);
    try {
      if (!begun.ok) return begun;
      const { source, copyAsOfMs } = begun.value;
      if (source === server.value.reader) {
        return await this.#runOnServer(server.value, books, { ...request, asOfMs: rules.asOfMs }, closed.value);
      }
      const judged = await this.#blocks.judge(books, { rules, chargeRule, chargeBasis, signal, onProgress });
      if (!judged.ok) return judged;
      // From here on only the server is read; a reader that stays would keep the log of the copy from being emptied.
      books.end();
      const finished = await concludeRun(server.value.reader, judged.value.judged, {
        scope,
        rules: judged.value.rules,
        chargeRule,
        signal,
        onProgress,
      });
      if (!finished.ok) return finished;
      const record = await withInvoices(finished.value, { books, server: server.value, signal });
      if (!record.ok) return record;
      const { documentsRead, lost, remember } = judged.value;
      return ok({ record: record.value, copyAsOfMs, documentsRead, lost, remember });
    } finally {
      books.end();
    }
  }

  /** A copy that does not hold all of the books is no source for a run: everything is read on the server then. */
  async #runOnServer(
    server: DeskServer,
    books: CacheBooks,
    { scope, asOfMs, signal, onProgress }: CopyRunRequest,
    { closed, sealed }: ClosedBooks,
  ): Promise<Result<FinishedCopyRun, AppError>> {
    this.#blocks.release();
    const finished = await runReconciliation(server.reader, {
      scope,
      prices: CATALOGUE_PRICES,
      closedPeriods: closed.map(({ period }) => period),
      seen: sealed,
      asOfMs,
      chargeRule: null,
      copy: null,
      memory: { folder: this.#folder, keeps: 'memory' },
      signal,
      onProgress,
    });
    if (!finished.ok) return finished;
    const { record, lost, remember } = finished.value;
    const whole = await withInvoices(record, { books, server, signal });
    if (!whole.ok) return whole;
    return ok({ record: whole.value, copyAsOfMs: null, documentsRead: 0, lost, remember });
  }

  /** Lets go of the books in memory. Idempotent. */
  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#blocks.release();
    this.#closed.release();
  }

  #stayAwake(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }
}

/** A run together with what the imported invoices leave unmatched on either side. */
async function withInvoices(
  record: RunRecord,
  { books, server, signal }: { readonly books: CacheBooks; readonly server: DeskServer; readonly signal: AbortSignal },
): Promise<Result<RunRecord, AppError>> {
  const invoices = await server.finance.invoices.list();
  if (!invoices.ok) return invoices;
  const matches = await matchInvoices({ books, server: server.reader }, invoices.value, signal);
  return matches.ok ? ok(withInvoiceFindings(record, matches.value)) : matches;
}
