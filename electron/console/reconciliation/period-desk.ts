import { sha256OfText } from '#cache/sha256.ts';
import type { RequestResult } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { periodOf, type Actor, type LedgerEntry } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { standingOf } from '#domain/reconciliation/finding-review.ts';
import type { FinanceLimits } from '#domain/reconciliation/limits.ts';
import { closePeriod, endOfPeriodMs, type ClosedPeriod } from '#domain/reconciliation/period-close.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import {
  mergeSeen,
  NOTHING_SEEN,
  pickSeen,
  rememberSeen,
  type SeenEntries,
} from '#domain/reconciliation/seen-entries.ts';
import { periodCode, periodOfCode, type LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { FinanceStore } from '#store/finance-store.ts';
import { partsOfSealed, readClosedBooks, type ClosedBooks } from './closed-books.ts';
import { PeriodDigest } from './period-digest.ts';
import { attemptReading, type ReconciliationProgress, type ReconciliationStore } from './read-view.ts';
import { runReconciliation, type FinishedRun } from './run.ts';

/** The server as closing a month needs it. */
export interface PeriodServer {
  readonly reader: ReconciliationStore;
  readonly finance: Pick<FinanceStore, 'periods' | 'reviews'>;
}

/** What a month is closed with. */
export interface CloseOrder {
  readonly period: string;
  readonly by: Actor;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

const EVERYTHING = { workspaceId: null, period: null };

/** What is counted of a month while its books are read block by block. */
interface Counting {
  /** Entries that accounts have and the ledger has not. */
  underWay: number;
  /** What the month counts, by block. */
  readonly counted: SeenEntries[];
}

/** Closes months: from then on nothing may be dated into them, and their books have one hash. */
export class PeriodDesk {
  readonly #server: PeriodServer;
  readonly #folder: string;
  readonly #limits: FinanceLimits;

  constructor(server: PeriodServer, folder: string, limits: FinanceLimits) {
    this.#server = server;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** The closed months, newest first, and the one that comes next. Errors: a broken chain is `malformed_document`. */
  async list(): Promise<Result<RequestResult<'periods.list'>, AppError>> {
    const now = await this.#server.reader.serverNow();
    if (!now.ok) return now;
    const books = await readClosedBooks(this.#server.finance.periods, this.#folder);
    if (!books.ok) return books;
    const last = books.value.closed.at(-1);
    const next = periodOfCode(last === undefined ? periodCode(periodOf(now.value)) - 1 : periodCode(last.period) + 1);
    return ok({
      rows: books.value.closed.map((closed) => ({ ...closed })).toReversed(),
      next,
      isNextOver: now.value.getTime() >= endOfPeriodMs(next),
      openCreditsMax: this.#limits.periodOpenCreditsMax,
    });
  }

  /**
   * Runs every rule over the server and closes the month.
   * Errors: those of `closePeriod`; `invalid_request` too while entries of the month are on their way, and where there are more differences
   * than one run looks at; `write_conflict` where the books moved or somebody else closed it; `cancelled`.
   */
  async close(order: CloseOrder): Promise<Result<ClosedPeriod, AppError>> {
    const { reader, finance } = this.#server;
    const now = await reader.serverNow();
    if (!now.ok) return now;
    const books = await readClosedBooks(finance.periods, this.#folder);
    if (!books.ok) return books;
    const nowMs = now.value.getTime();
    const asked = { order, books: books.value, nowMs };
    // What can be refused without looking at the books is refused before they are read.
    const early = this.#close(asked, [], { entries: 0, netCredits: 0, entriesDigest: sha256OfText('') });
    if (!early.ok) return early;
    const counting: Counting = { underWay: 0, counted: [] };
    const finished = await this.#run(order, books.value, counting);
    if (!finished.ok) return finished;
    const { record, lost } = finished.value;
    // A month is not closed without what was seen of it, unless somebody was told: a run says what is lost, and begins anew.
    if (lost.length > 0) return err(appError('malformed_document', lostWords(lost)));
    if (record.isWhole === false) {
      const why = 'the rules found more differences than one run looks at, and those beyond may be worth anything';
      return err(appError('invalid_request', why));
    }
    if (counting.underWay > 0) {
      return err(
        appError(
          'invalid_request',
          `entries of ${order.period} or before that are still on their way: ${counting.underWay}`,
        ),
      );
    }
    const open = await this.#openFindings(record.findings);
    if (!open.ok) return open;
    const counted = counting.counted.reduce((all, one) => mergeSeen(one, all), NOTHING_SEEN);
    const totals = await this.#digest(order, books.value, record.findings);
    if (!totals.ok) return totals;
    if (totals.value.entries !== counted.count) {
      return err(appError('write_conflict', `${order.period} got another entry while it was being closed`));
    }
    const closed = this.#close(asked, open.value, totals.value);
    if (!closed.ok) return closed;
    // What it counted first: a month without it could not be told from one that counted nothing.
    const kept = await finance.periods.saveEntries(closed.value, partsOfSealed(counted));
    if (!kept.ok) return kept;
    const added = await finance.periods.add(closed.value);
    return added.ok ? closed : added;
  }

  #close(
    { order, books, nowMs }: { readonly order: CloseOrder; readonly books: ClosedBooks; readonly nowMs: number },
    openFindings: readonly Finding[],
    totals: ReturnType<PeriodDigest['totals']>,
  ): Result<ClosedPeriod, AppError> {
    return closePeriod(
      {
        period: order.period,
        closedBy: order.by.id,
        nowMs,
        closed: books.closed,
        openFindings,
        openCreditsMax: this.#limits.periodOpenCreditsMax,
        ...totals,
      },
      sha256OfText,
    );
  }

  #run(order: CloseOrder, books: ClosedBooks, counting: Counting): Promise<Result<FinishedRun, AppError>> {
    return runReconciliation(this.#server.reader, {
      scope: EVERYTHING,
      prices: CATALOGUE_PRICES,
      closedPeriods: books.closed.map(({ period }) => period),
      seen: books.sealed,
      asOfMs: null,
      chargeRule: null,
      copy: null,
      memory: { folder: this.#folder, keeps: 'nothing' },
      onBlock: (view, memory) => {
        counting.underWay += countUnderWay(view, order.period);
        counting.counted.push(countedBy(view, memory, books, order.period));
      },
      signal: order.signal,
      onProgress: order.onProgress,
    });
  }

  async #openFindings(findings: readonly Finding[]): Promise<Result<readonly Finding[], AppError>> {
    const reviews = await this.#server.finance.reviews.all();
    if (!reviews.ok) return reviews;
    return ok(findings.filter((finding) => standingOf(finding, reviews.value.get(finding.id)) === 'open'));
  }

  /** The digest of what the month counts: its own entries, and those of closed months that came late. */
  async #digest(
    { period, signal }: CloseOrder,
    { closed }: ClosedBooks,
    findings: readonly Finding[],
  ): Promise<Result<ReturnType<PeriodDigest['totals']>, AppError>> {
    const last = closed.at(-1)?.period ?? null;
    const late = new Set(
      findings.flatMap(({ rule, subject }) => (rule === 'entry_in_closed_period' ? [subject.id] : [])),
    );
    const isCounted = (entry: LedgerEntry): boolean =>
      entry.period <= period && (last === null || entry.period > last || late.has(entry._id));
    const digest = new PeriodDigest();
    const read = await attemptReading(signal, async () => {
      for await (const entry of this.#server.reader.iterateLedger(signal)) if (isCounted(entry)) digest.add(entry);
    });
    return read.ok ? ok(digest.totals()) : read;
  }
}

function lostWords(lost: readonly string[]): string {
  return `${lost.join(', ')}: what earlier runs have seen is damaged. Run the rules over everything once, and close the month then`;
}

/**
 * Entries that accounts have and the ledger has not, dated in a month or before it. What jobs still owe is no obstacle: it is dated
 * to the day on which it is posted.
 */
function countUnderWay({ entries }: LedgerView, period: string): number {
  let count = 0;
  for (let row = 0; row < entries.count; row += 1) {
    if (entries.isPosting[row] === 1 && (entries.period[row] ?? 0) <= periodCode(period)) count += 1;
  }
  return count;
}

function countedBy(view: LedgerView, seen: SeenEntries, { closed }: ClosedBooks, period: string): SeenEntries {
  const last = closed.at(-1);
  const closing = { period: periodCode(period), after: last === undefined ? 0 : periodCode(last.period) };
  const next = rememberSeen(view, seen, closing);
  return pickSeen(next, (row) => {
    const sealedIn = next.sealedIn[row] ?? 0;
    return closing.after === 0 ? sealedIn > 0 : sealedIn === closing.period;
  });
}
