import type { Db } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { periodOf, type LedgerEntry } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { isDatedIn, type MonthGuard } from './ledger-poster.ts';
import type { ServerClock } from './server-clock.ts';

/** The collection of closed months. */
export const PERIODS_COLLECTION = 'periods';

/** The longest reason of a ledger entry, in characters. */
const REASON_MAX = 500;

/**
 * Knows which months are closed, by the server. Only a month that is over can be closed, so that entries of the present one, and
 * those are nearly all, cost no question.
 */
export class ClosedMonths implements MonthGuard {
  readonly #db: Pick<Db, 'collection'>;
  readonly #clock: Pick<ServerClock, 'now'>;

  constructor(db: Pick<Db, 'collection'>, clock: Pick<ServerClock, 'now'>) {
    this.#db = db;
    this.#clock = clock;
  }

  async closedAmong(entries: readonly LedgerEntry[]): Promise<Result<ReadonlySet<string>, AppError>> {
    if (entries.length === 0) return ok(new Set());
    const now = await this.#clock.now();
    if (!now.ok) return now;
    const present = periodOf(now.value);
    const months = new Set(entries.flatMap(({ at, period }) => [period, periodOf(at)]));
    const over = [...months].filter((month) => month < present);
    if (over.length === 0) return ok(new Set());
    const earliest = over.reduce((least, month) => (month < least ? month : least));
    const found = await attemptCall(() =>
      this.#db
        .collection<RawDocument>(PERIODS_COLLECTION, { readConcern: { level: 'majority' } })
        .find({ _id: { $gte: earliest } }, { projection: { _id: 1 } })
        .toArray(),
    );
    if (!found.ok) return found;
    // With a month everything before it is closed too.
    return ok(new Set(over.filter((month) => found.value.some(({ _id }) => month <= _id))));
  }

  async redated(entries: readonly LedgerEntry[]): Promise<Result<readonly LedgerEntry[], AppError>> {
    const closed = await this.closedAmong(entries);
    if (!closed.ok) return closed;
    if (closed.value.size === 0) return ok(entries);
    const now = await this.#clock.now();
    if (!now.ok) return now;
    const at = now.value;
    return ok(
      entries.map((entry) =>
        isDatedIn(entry, closed.value)
          ? {
              ...entry,
              at,
              period: periodOf(at),
              reason: `${entry.reason} (owed since ${entry.at.toISOString()})`.slice(0, REASON_MAX),
            }
          : entry,
      ),
    );
  }
}
