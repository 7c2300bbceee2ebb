import type { AnyBulkWriteOperation, Document } from 'mongodb';
import type { PostingOutcome } from '#domain/account-posting.ts';
import type { AppError } from '#domain/errors.ts';
import { parseJob, type Job } from '#domain/job.ts';
import { creditAccountSchema, entryFromPending, type PendingEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import type { LedgerPoster } from './ledger-poster.ts';

/** What settling did, by job. */
export interface SettleOutcome {
  readonly settledJobs: number;
  readonly blockedJobs: number;
}

/** The most jobs that one settling reads and posts at a time. */
const SETTLE_JOBS_MAX = 500;

/**
 * Posts what the given jobs owe and takes it off them: steps 2 to 4 of the charge protocol, batched by workspace.
 * Jobs that owe nothing, or are no jobs, are passed over.
 */
export async function settleJobs(
  collections: Collections,
  poster: LedgerPoster,
  jobIds: readonly string[],
): Promise<Result<SettleOutcome, AppError>> {
  let settledJobs = 0;
  let blockedJobs = 0;
  for (let start = 0; start < jobIds.length; start += SETTLE_JOBS_MAX) {
    const ids = jobIds.slice(start, start + SETTLE_JOBS_MAX);
    const owing = await readOwing(collections, ids);
    if (!owing.ok) return owing;
    const byWorkspace = Map.groupBy(owing.value, (job) => job.workspaceId);
    const rounds = await Promise.all(
      [...byWorkspace].map(([workspaceId, jobs]) => settleWorkspace(collections, poster, workspaceId, jobs)),
    );
    for (const round of rounds) {
      if (!round.ok && isOfOneWorkspace(round.error)) continue;
      if (!round.ok) return round;
      settledJobs += round.value.settledJobs;
      blockedJobs += round.value.blockedJobs;
    }
  }
  return ok({ settledJobs, blockedJobs });
}

/** An account that cannot be read, or that others keep writing, is no reason to leave the other workspaces' entries. */
function isOfOneWorkspace(error: AppError): boolean {
  return error.code === 'malformed_document' || error.code === 'write_conflict';
}

async function readOwing(collections: Collections, ids: readonly string[]): Promise<Result<readonly Job[], AppError>> {
  const found = await attemptCall(() =>
    collections.jobs.find({ _id: { $in: [...ids] }, 'billing.pending.0': { $exists: true } }).toArray(),
  );
  if (!found.ok) return found;
  return ok(found.value.map(parseJob).flatMap((parsed) => (parsed.ok ? [parsed.value] : [])));
}

async function settleWorkspace(
  collections: Collections,
  poster: LedgerPoster,
  workspaceId: string,
  jobs: readonly Job[],
): Promise<Result<SettleOutcome, AppError>> {
  const owed = jobs.flatMap((job) => job.billing.pending.map((pending) => ({ job, pending })));
  const entries = owed.map(({ job, pending }) =>
    entryFromPending(pending, { _id: job._id, workspaceId, generationId: job.billing.generationId }),
  );
  const posted = await poster.postOwed(workspaceId, entries);
  if (!posted.ok && posted.error.code === 'malformed_document') {
    const marked = await markUnknown(collections, jobs);
    return marked.ok ? posted : marked;
  }
  if (!posted.ok) return posted;
  const blocked = new Set<string>();
  const operations = owed.flatMap(({ job, pending }, index): AnyBulkWriteOperation<RawDocument>[] => {
    const outcome = posted.value[index];
    if (outcome === undefined || blocked.has(job._id)) return [];
    // The month was closed in this very moment: the entry stays owed, and the next who settles dates it anew.
    if (outcome.type === 'refused' && outcome.code === 'period_closed') return [];
    if (outcome.type === 'refused' && outcome.code === 'insufficient_credit') blocked.add(job._id);
    return [settleOperation(job, pending, outcome)];
  });
  if (operations.length === 0) return ok({ settledJobs: 0, blockedJobs: 0 });
  // Ordered, because a job that owes two entries has its figures follow one after the other.
  const written = await attemptCall(() => collections.jobs.bulkWrite(operations, { ordered: true }));
  return written.ok ? ok({ settledJobs: jobs.length - blocked.size, blockedJobs: blocked.size }) : written;
}

/** What is owed to an account that cannot be read stays owed; the jobs say that their charge cannot be proved. */
async function markUnknown(collections: Collections, jobs: readonly Job[]): Promise<Result<void, AppError>> {
  const filter = {
    _id: { $in: jobs.map((job) => job._id) },
    'billing.pending.0': { $exists: true },
    'billing.status': { $ne: 'unknown' },
  };
  const update = [{ $set: { 'billing.status': 'unknown', updatedAt: '$$NOW' } }];
  const marked = await attemptCall(() => collections.jobs.updateMany(filter, update));
  return marked.ok ? ok(undefined) : marked;
}

function settleOperation(
  job: Job,
  pending: PendingEntry,
  outcome: PostingOutcome,
): { updateOne: { filter: Document; update: Document[] } } {
  // The pending key is the guard: who pulls it moves the figures, and nobody can pull it twice.
  const filter = { _id: job._id, 'billing.pending.key': pending.key };
  const update = (set: Document): Document[] => [
    { $set: { ...set, version: { $add: ['$version', 1] }, updatedAt: '$$NOW' } },
    { $set: { 'billing.status': STATUS_OF_FIGURES } },
  ];
  if (outcome.type !== 'refused') {
    return {
      updateOne: { filter, update: update({ ...figuresUpdate(pending), 'billing.pending': without(pending.key) }) },
    };
  }
  if (outcome.code === 'insufficient_credit') {
    // The entry stays owed. Taking it off would let somebody who read it earlier post it after all, once there is credit, for
    // a job that no longer knows of it.
    const blocked = { neededCredits: pending.credits, at: '$$NOW' };
    return { updateOne: { filter, update: update({ 'billing.blocked': blocked }) } };
  }
  // Account and job contradict each other. The entry stays, so that it is seen and found; nothing is guessed.
  return {
    updateOne: { filter, update: [{ $set: { 'billing.status': 'unknown', updatedAt: '$$NOW' } }] },
  };
}

function without(key: string): Document {
  return { $filter: { input: '$billing.pending', as: 'one', cond: { $ne: ['$$one.key', { $literal: key }] } } };
}

/** The domain's `settlePending`, as an update. */
function figuresUpdate(pending: PendingEntry): Document {
  const add = (field: string, credits: number): Document => ({ $add: [`$billing.${field}`, credits] });
  switch (pending.type) {
    case 'reserve':
      return { 'billing.reserved': add('reserved', pending.credits), 'billing.blocked': null };
    case 'capture':
      return {
        'billing.reserved': add('reserved', -pending.credits),
        'billing.captured': add('captured', pending.credits),
      };
    case 'release':
      return { 'billing.reserved': add('reserved', -pending.credits) };
    case 'refund':
      return { 'billing.refunded': add('refunded', pending.credits) };
  }
}

/** The domain's `statusOfFigures`, as an expression. */
const STATUS_OF_FIGURES: Document = {
  $switch: {
    branches: [
      { case: { $gt: ['$billing.captured', '$billing.refunded'] }, then: 'charged' },
      { case: { $gt: ['$billing.refunded', 0] }, then: 'refunded' },
      { case: { $gt: ['$billing.reserved', 0] }, then: 'reserved' },
    ],
    default: 'not_charged',
  },
};

/**
 * Finds what died half-way and finishes it: accounts with entries that never reached the ledger, and jobs that still owe.
 * @param before only what has been pending since before this time, so that a live runner is left alone
 */
export async function sweepPending(
  collections: Collections,
  poster: LedgerPoster,
  options: { readonly before: Date; readonly limit: number; readonly isDryRun: boolean },
): Promise<Result<number, AppError>> {
  const accounts = await attemptCall(() =>
    collections.accounts
      .find({ posting: { $exists: true, $ne: {} } })
      .limit(options.limit)
      .toArray(),
  );
  if (!accounts.ok) return accounts;
  for (const document of accounts.value) {
    const account = creditAccountSchema.safeParse(document);
    if (!account.success || options.isDryRun) continue;
    const finished = await poster.finishPostings(account.data);
    if (!finished.ok) return err(finished.error);
  }
  const owing = await findOwing(collections, options.before, options.limit);
  if (!owing.ok) return owing;
  if (options.isDryRun) return ok(owing.value.length);
  const settled = await settleJobs(collections, poster, owing.value);
  return settled.ok ? ok(settled.value.settledJobs) : settled;
}

/** Jobs that have owed entries since before a time; those whose charge is unknown come last, or they would hide the others. */
async function findOwing(
  collections: Collections,
  before: Date,
  limit: number,
): Promise<Result<readonly string[], AppError>> {
  const ids: string[] = [];
  for (const status of [{ $ne: 'unknown' }, 'unknown']) {
    if (ids.length >= limit) break;
    const found = await attemptCall(() =>
      collections.jobs
        .find({
          'billing.pending.at': { $lt: before },
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
  return ok(ids);
}
