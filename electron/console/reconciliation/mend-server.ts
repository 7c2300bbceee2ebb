import type { MendResult } from '#contract/mend-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { MendRecord } from '#domain/reconciliation/mend-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { FinanceStore } from '#store/finance-store.ts';
import type { ReconciliationStore } from './read-view.ts';

/** The server as mends need it. */
export interface MendServer {
  readonly reader: ReconciliationStore;
  readonly finance: Pick<FinanceStore, 'mends' | 'ledger' | 'periods'>;
}

/** How many findings are examined or posted between two words of progress. */
export const MEND_STEP = 200;

/** What examining a finding once more needs of the server. */
export function examinationOf({ reader, finance }: MendServer) {
  return { reader, ledger: finance.ledger };
}

/**
 * Whether entries may be dated into a month; null dates them to the moment of posting.
 * Errors: `period_closed` for a month that is closed; `invalid_request` for one that lies ahead.
 */
export async function requireOpenMonth(
  { finance }: MendServer,
  period: string | null,
  now: Date,
): Promise<Result<void, AppError>> {
  if (period === null) return ok(undefined);
  if (period > now.toISOString().slice(0, 7)) return err(appError('invalid_request', `${period} has not begun`));
  const closed = await finance.periods.list();
  if (!closed.ok) return closed;
  const isClosed = closed.value.some((record) => period <= record.period);
  return isClosed ? err(appError('period_closed', period)) : ok(undefined);
}

/**
 * Keeps a proposal in its next state. Error: `write_conflict` where somebody else took another step meanwhile; two who did the same
 * in one moment have both done it.
 */
export async function replaceMend({ finance }: MendServer, next: MendRecord): Promise<Result<MendRecord, AppError>> {
  const written = await finance.mends.replace(next);
  if (!written.ok) return written;
  if (written.value) return ok(next);
  const read = await finance.mends.read([next._id]);
  if (!read.ok) return read;
  const [now] = read.value;
  return now?.state === next.state
    ? ok(now)
    : err(appError('write_conflict', `the proposal is ${now?.state ?? 'gone'}`));
}

/** Does something with each proposal on its own. @returns what became of each, in order */
export async function eachMend(
  { finance }: MendServer,
  mendIds: readonly string[],
  act: (mend: MendRecord) => Promise<Result<MendRecord, AppError>>,
): Promise<Result<readonly MendResult[], AppError>> {
  const read = await finance.mends.read(mendIds);
  if (!read.ok) return read;
  const byId = new Map(read.value.map((mend) => [mend._id, mend]));
  const results: MendResult[] = [];
  for (const id of mendIds) {
    const mend = byId.get(id);
    const done = mend === undefined ? err(appError('not_found', id)) : await act(mend);
    results.push({
      mendId: id,
      state: done.ok ? done.value.state : (mend?.state ?? null),
      error: done.ok ? null : { code: done.error.code, detail: done.error.detail },
    });
  }
  return ok(results);
}
