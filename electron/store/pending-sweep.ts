import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { creditAccountSchema } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { Collections } from './collections.ts';
import { attemptCall, isRefusedWrite } from './driver-errors.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { settleJobs } from './settlement.ts';

/** What a sweep settled, and the jobs that it looked at and that owe all the same. */
export interface Swept {
  readonly settled: number;
  readonly leftOwing: readonly string[];
  /** The first document that the server refused to write for a reason of its own, which kept nothing else from being settled. */
  readonly refusal: AppError | null;
}

/**
 * Finds what died half-way and finishes it: accounts with entries that never reached the ledger, and jobs that still owe.
 * @param options `before`: only what has been pending since before this time, so that a live runner is left alone, or since later than
 *   `ahead`, by a clock that was set back since; `passedOver`: jobs that are not looked at, because a sweep could not settle them a moment ago
 */
export async function sweepPending(
  collections: Collections,
  poster: LedgerPoster,
  options: {
    readonly before: Date;
    readonly ahead: Date;
    readonly limit: number;
    readonly isDryRun: boolean;
    readonly passedOver: readonly string[];
  },
): Promise<Result<Swept, AppError>> {
  const accounts = await attemptCall(() =>
    collections.accounts
      .find({ posting: { $exists: true, $ne: {} } })
      .limit(options.limit)
      .toArray(),
  );
  if (!accounts.ok) return accounts;
  let refusal: AppError | null = null;
  for (const document of accounts.value) {
    const account = safeParse(creditAccountSchema, document);
    if (!account.success || options.isDryRun) continue;
    const finished = await poster.finishPostings(account.data);
    if (finished.ok) continue;
    if (!isRefusedWrite(finished.error)) return finished;
    refusal ??= finished.error;
  }
  const owing = await findOwing(collections, options);
  if (!owing.ok) return owing;
  if (options.isDryRun || owing.value.length === 0) return ok({ settled: owing.value.length, leftOwing: [], refusal });
  const settled = await settleJobs(collections, poster, owing.value);
  if (!settled.ok && !isRefusedWrite(settled.error)) return settled;
  if (!settled.ok) refusal ??= settled.error;
  const left = await attemptCall(() =>
    collections.jobs
      .find({
        _id: { $in: [...owing.value] },
        $or: owingRanges(options).map((at) => ({ 'billing.pending.at': at })),
      })
      .project<{ _id: string }>({ _id: 1 })
      .toArray(),
  );
  if (!left.ok) return left;
  const leftOwing = left.value.map(({ _id }) => _id);
  return ok({
    settled: settled.ok ? settled.value.settledJobs : owing.value.length - leftOwing.length,
    leftOwing,
    refusal,
  });
}

/** Jobs that have owed entries since before a time, or since one ahead; those whose charge is unknown come last, or they would hide the others. */
async function findOwing(
  collections: Collections,
  { limit, passedOver, ...times }: OwingSince & { readonly limit: number; readonly passedOver: readonly string[] },
): Promise<Result<readonly string[], AppError>> {
  const ids: string[] = [];
  for (const status of [{ $ne: 'unknown' }, 'unknown']) {
    for (const at of owingRanges(times)) {
      if (ids.length >= limit) return ok(ids);
      const found = await attemptCall(() =>
        collections.jobs
          .find({
            ...(passedOver.length === 0 ? {} : { _id: { $nin: [...passedOver] } }),
            'billing.pending.at': at,
            'billing.status': status,
            // A queued job that waits for credit owes its reservation for as long as it waits; reserving looks after it.
            $or: [{ 'billing.blocked': null }, { state: { $ne: 'queued' } }],
          })
          .project<{ _id: string }>({ _id: 1 })
          .limit(limit - ids.length)
          .toArray(),
      );
      if (!found.ok) return found;
      ids.push(...found.value.map((job) => job._id));
    }
  }
  return ok([...new Set(ids)]);
}

/** Since when something is owed that a sweep looks after. */
interface OwingSince {
  readonly before: Date;
  readonly ahead: Date;
}

function owingRanges({ before, ahead }: OwingSince): readonly Document[] {
  return [{ $lt: before }, { $gt: ahead }];
}
