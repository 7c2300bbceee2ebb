import type { AnyBulkWriteOperation, Document } from 'mongodb';
import type { PostingOutcome } from '#domain/account-posting.ts';
import type { AppError } from '#domain/errors.ts';
import { billingSchema } from '#domain/job.ts';
import { entryFromPending, type PendingEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, isRefusedWrite } from './driver-errors.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { creditsAlone, ofKeys, STATUS_OF_FIGURES, takeOffPipeline } from './take-off-pipeline.ts';
import { updateEach, writeEach } from './update-each.ts';

/** What settling did, by job. */
export interface SettleOutcome {
  readonly settledJobs: number;
  readonly blockedJobs: number;
}

/** The most jobs that one settling reads and posts at a time. */
const SETTLE_JOBS_MAX = 500;

/** A job that owes, as little of it as settling needs. */
const owingSchema = z.object({
  _id: z.string(),
  workspaceId: z.string(),
  billing: billingSchema.pick({ generationId: true, pending: true }),
});
type OwingJob = z.infer<typeof owingSchema>;
/** What is read of a job to settle it. */
export const OWING_FIELDS = { workspaceId: 1, billing: 1 } as const;

/** What became of one entry that a job owed. */
export interface PostedEntry {
  readonly job: OwingJob;
  readonly pending: PendingEntry;
  readonly outcome: PostingOutcome;
}

/** What was posted, and what kept some of it from being posted. */
export interface PostedEntries {
  readonly posted: readonly PostedEntry[];
  /** The first error that is not one workspace's own. */
  readonly error: AppError | null;
  /** The first one that is: what its jobs owe was not posted. */
  readonly ownError: AppError | null;
}

/**
 * Posts what the given jobs owe and takes it off them: steps 2 to 4 of the charge protocol, all workspaces together.
 * Jobs that owe nothing, or are no jobs, are passed over. Where the server refuses to write an account, all that is not its own is settled, and then
 * the refusal is told.
 */
export async function settleJobs(
  collections: Collections,
  poster: LedgerPoster,
  jobIds: readonly string[],
): Promise<Result<SettleOutcome, AppError>> {
  let settledJobs = 0;
  let blockedJobs = 0;
  let refusal: AppError | null = null;
  for (let start = 0; start < jobIds.length; start += SETTLE_JOBS_MAX) {
    const posted = await postOwed(collections, poster, jobIds.slice(start, start + SETTLE_JOBS_MAX));
    if (!posted.ok) return posted;
    const taken = await takeOff(collections, posted.value.posted);
    if (!taken.ok) return taken;
    const { error } = posted.value;
    if (error !== null && !isRefusedWrite(error)) return err(error);
    refusal ??= error;
    settledJobs += taken.value.settledJobs;
    blockedJobs += taken.value.blockedJobs;
  }
  return refusal === null ? ok({ settledJobs, blockedJobs }) : err(refusal);
}

/**
 * Steps 2 and 3: what the jobs owe goes to accounts and ledger, and stays owed in the jobs.
 * @param known documents of some of the jobs as they were written a moment ago, which are not read again
 */
export async function postOwed(
  collections: Collections,
  poster: LedgerPoster,
  jobIds: readonly string[],
  known: readonly RawDocument[] = [],
): Promise<Result<PostedEntries, AppError>> {
  const isKnown = new Set(known.map(({ _id }) => _id));
  const read = await readOwing(
    collections,
    jobIds.filter((id) => !isKnown.has(id)),
  );
  if (!read.ok) return read;
  const owing = [...known, ...read.value].flatMap((document) => safeParse(owingSchema, document).data ?? []);
  const rounds = await Promise.all(
    [...Map.groupBy(owing, (job) => job.workspaceId)].map(([workspaceId, jobs]) =>
      postOfWorkspace(collections, poster, workspaceId, jobs),
    ),
  );
  const errors = rounds.flatMap((round) => (round.ok ? [] : [round.error]));
  const posted = rounds.flatMap((round) => (round.ok ? round.value : []));
  const error = errors.find((one) => !isOfOneWorkspace(one)) ?? null;
  return ok({ posted, error, ownError: errors.find(isOfOneWorkspace) ?? null });
}

/** An account that cannot be read, or that others keep writing, is no reason to leave the other workspaces' entries. */
function isOfOneWorkspace(error: AppError): boolean {
  return error.code === 'malformed_document' || error.code === 'write_conflict';
}

async function readOwing(
  collections: Collections,
  ids: readonly string[],
): Promise<Result<readonly RawDocument[], AppError>> {
  if (ids.length === 0) return ok([]);
  return attemptCall(() =>
    collections.jobs
      .find({ _id: { $in: [...ids] }, 'billing.pending.0': { $exists: true } }, { batchSize: ids.length + 1 })
      .project<RawDocument>(OWING_FIELDS)
      .toArray(),
  );
}

async function postOfWorkspace(
  collections: Collections,
  poster: LedgerPoster,
  workspaceId: string,
  jobs: readonly OwingJob[],
): Promise<Result<readonly PostedEntry[], AppError>> {
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
  return ok(
    owed.flatMap((one, index) => {
      const outcome = posted.value[index];
      return outcome === undefined ? [] : [{ ...one, outcome }];
    }),
  );
}

/** Step 4: the jobs' figures follow what was posted, and it is no longer owed; refusals are written down. */
export async function takeOff(
  collections: Collections,
  posted: readonly PostedEntry[],
): Promise<Result<SettleOutcome, AppError>> {
  // Of a month that was closed in this very moment: the entry stays owed, and the next who settles dates it anew.
  const refused = posted.filter(({ outcome }) => outcome.type === 'refused' && outcome.code !== 'period_closed');
  const blocked = new Set(refused.flatMap(({ job, outcome }) => (isUnpaid(outcome) ? [job._id] : [])));
  // What follows an entry that could not be paid waits for it.
  const standing = posted.filter(({ job, outcome }) => outcome.type !== 'refused' && !blocked.has(job._id));
  if (standing.length > 0) {
    const taken = await takeOffStanding(collections, standing);
    if (!taken.ok) return taken;
  }
  // A job of which one entry could not be paid, and another contradicts the account, is unknown in the end.
  for (const areUnpaid of [true, false]) {
    const operations = refused
      .filter(({ outcome }) => isUnpaid(outcome) === areUnpaid)
      .map(({ job, pending }) => refusalOperation(job, pending, areUnpaid));
    if (operations.length === 0) continue;
    const marked = await writeEach(collections.jobs, operations);
    if (!marked.ok) return marked;
  }
  const settledJobs = new Set(posted.map(({ job }) => job._id)).size - blocked.size;
  return ok({ settledJobs, blockedJobs: blocked.size });
}

function isUnpaid(outcome: PostingOutcome): boolean {
  return outcome.type === 'refused' && outcome.code === 'insufficient_credit';
}

/**
 * Most jobs owe one entry. Those go together by the type of it, because what is the same for all of them need not be looked for in
 * each. What owes more, or has come to owe more since it was read, is taken off by its key.
 */
async function takeOffStanding(
  collections: Collections,
  standing: readonly PostedEntry[],
): Promise<Result<void, AppError>> {
  const isAlone = ({ job }: PostedEntry): boolean => job.billing.pending.length === 1;
  const rest = standing.filter((entry) => !isAlone(entry));
  for (const [type, entries] of Map.groupBy(standing.filter(isAlone), ({ pending }) => pending.type)) {
    const filter = { ...owesOneOf(keysOf(entries)), 'billing.pending': { $size: 1 } };
    const update = takeOffPipeline(creditsAlone(type), []);
    const taken = await updateEach(collections.jobs, { ids: jobIdsOf(entries), filter, update });
    if (!taken.ok) return taken;
    if (taken.value.matched < entries.length) rest.push(...entries);
  }
  if (rest.length === 0) return ok(undefined);
  const { creditsOf, left } = ofKeys(keysOf(rest));
  const update = takeOffPipeline(creditsOf, left);
  const taken = await updateEach(collections.jobs, { ids: jobIdsOf(rest), filter: owesOneOf(keysOf(rest)), update });
  return taken.ok ? ok(undefined) : taken;
}

function jobIdsOf(entries: readonly PostedEntry[]): readonly string[] {
  return [...new Set(entries.map(({ job }) => job._id))];
}

function keysOf(entries: readonly PostedEntry[]): readonly string[] {
  return entries.map(({ pending }) => pending.key);
}

/** The pending key is the guard: who takes it off moves the figures, and nobody can take it off twice. */
function owesOneOf(keys: readonly string[]): Document {
  return { 'billing.pending.key': { $in: [...keys] } };
}

/** What is owed to an account that cannot be read stays owed; the jobs say that their charge cannot be proved. */
async function markUnknown(collections: Collections, jobs: readonly OwingJob[]): Promise<Result<void, AppError>> {
  const filter = {
    _id: { $in: jobs.map((job) => job._id) },
    'billing.pending.0': { $exists: true },
    'billing.status': { $ne: 'unknown' },
  };
  const update = [{ $set: { 'billing.status': 'unknown', updatedAt: '$$NOW' } }];
  const marked = await attemptCall(() => collections.jobs.updateMany(filter, update));
  return marked.ok ? ok(undefined) : marked;
}

function refusalOperation(
  job: OwingJob,
  pending: PendingEntry,
  isUnpaidReservation: boolean,
): AnyBulkWriteOperation<RawDocument> {
  const filter = { _id: job._id, 'billing.pending.key': pending.key };
  if (!isUnpaidReservation) {
    // Account and job contradict each other. The entry stays, so that it is seen and found; nothing is guessed.
    return { updateOne: { filter, update: [{ $set: { 'billing.status': 'unknown', updatedAt: '$$NOW' } }] } };
  }
  // The entry stays owed. Taking it off would let somebody who read it earlier post it after all, once there is credit, for
  // a job that no longer knows of it.
  const blocked = { neededCredits: pending.credits, at: '$$NOW' };
  return {
    updateOne: {
      filter,
      update: [
        { $set: { 'billing.blocked': blocked, version: { $add: ['$version', 1] }, updatedAt: '$$NOW' } },
        { $set: { 'billing.status': STATUS_OF_FIGURES } },
      ],
    },
  };
}
