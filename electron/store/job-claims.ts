import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { isLeased, parseJob, type LeasedJob } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { LimitedJob } from '#domain/runner-limits.ts';
import type { CandidateWindow } from './candidate-window.ts';
import { append, literal } from './change-update.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, isRefusedWrite } from './driver-errors.ts';
import type { Exclusions, FleetLimits } from './fleet-limits.ts';
import { endTooLarge } from './full-documents.ts';
import { takeTurns, type Candidate } from './job-choice.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import type { ClaimOptions } from './ports.ts';
import { reserveForClaim } from './reservations.ts';
import { updateEach, updateFew } from './update-each.ts';

/** How often a claim goes on behind jobs that cannot be had. */
const ROUNDS_MAX = 5;
/** How many standing reservations are remembered; a forgotten one is posted again, which changes nothing. */
const RESERVED_MAX = 20_000;
/** So many jobs are paid for at a time, also where fewer are wanted: what a reservation costs is shared by all of them. */
const RESERVE_AHEAD = 100;

/** What a claim works with. */
export interface ClaimParts {
  readonly collections: Collections;
  readonly poster: LedgerPoster;
  readonly window: CandidateWindow;
  readonly limits: FleetLimits;
  /** By job: reservations that stand and that their claim is to take off the job. */
  readonly reserved: Map<string, string>;
}

/** What names a claim, and whose turn it is. */
export interface ClaimTurn {
  /** Fresh for each call. */
  readonly claimId: string;
  /** The server's clock. */
  readonly now: Date;
  /** When this runner last claimed for each workspace, as a growing number. */
  readonly servedAt: ReadonlyMap<string, number>;
}

/**
 * Claims a batch: choose by index, pay for what is not paid for, then one update of those that are still waiting, then read
 * back by the batch's own id. What was claimed carries the id, so a lost reply loses nothing, although an update of many is
 * not retryable.
 *
 * A document that the server refuses to write is left alone for a while, so that it keeps no other waiting; a job whose document has no
 * room for an attempt is ended.
 */
export async function claimBatch(
  parts: ClaimParts,
  options: ClaimOptions,
  turn: ClaimTurn,
): Promise<Result<readonly LeasedJob[], AppError>> {
  for (let round = 1; ; round += 1) {
    const claimed = await claimOnce(parts, options, turn);
    if (!claimed.ok) return claimed;
    const { jobs, isWorthAnother } = claimed.value;
    // What was found is taken by others, or waits for credit: behind it there may be more.
    if (jobs.length > 0 || !isWorthAnother || round === ROUNDS_MAX) return ok(jobs);
  }
}

interface ClaimOutcome {
  readonly jobs: readonly LeasedJob[];
  readonly isWorthAnother: boolean;
}

async function claimOnce(
  parts: ClaimParts,
  options: ClaimOptions,
  turn: ClaimTurn,
): Promise<Result<ClaimOutcome, AppError>> {
  const { collections, window, reserved } = parts;
  const { limit } = options;
  const excluded = await parts.limits.exclusions(turn.now);
  if (!excluded.ok) return excluded;
  if (excluded.value.isFull) return ok({ jobs: [], isWorthAnother: false });
  const name = JSON.stringify([options.kinds, options.providers, excluded.value]);
  const filter = { $and: [candidateFilter(options, turn.now), ...withoutExcluded(excluded.value)] };
  const found = await window.candidates({ name, filter, limit, now: turn.now });
  if (!found.ok) return found;
  const wanted = takeTurns(found.value, limit, turn.servedAt);
  if (wanted.some((candidate) => !isPaid(candidate, reserved))) {
    const paid = await pay(parts, takeTurns(found.value, Math.max(limit, RESERVE_AHEAD), turn.servedAt), turn.now);
    // An account that the server refuses to write keeps nobody waiting whose job is paid for.
    const isOthers = !paid.ok && isRefusedWrite(paid.error) && found.value.some((one) => isPaid(one, reserved));
    if (!paid.ok && !isOthers) return paid;
  }
  const payable = found.value.filter((candidate) => isPaid(candidate, reserved));
  const admits = await parts.limits.admission(
    { runnerId: options.runnerId, active: options.active ?? [], leaseMs: options.leaseMs },
    takeTurns(payable, limit, turn.servedAt),
    limitedJobOf,
    turn.now,
  );
  if (!admits.ok) return admits;
  const ids = takeTurns(payable, limit, turn.servedAt, admits.value).map((candidate) => candidate._id);
  const keys = ids.flatMap((id) => reserved.get(id) ?? []);
  const claimed = await updateAndRead(collections, { ids, keys, options, turn });
  if (!claimed.ok) return claimed;
  const { documents, refused } = claimed.value;
  for (const id of ids) reserved.delete(id);
  window.remove(new Set(ids));
  window.exclude(refused, turn.now);
  const begun: RawDocument[] = [];
  for (const document of documents) {
    if (!(await endTooLarge(collections, parts.poster, document))) begun.push(document);
  }
  await endRefused(parts, refused);
  return ok({ jobs: leasedOf(begun), isWorthAnother: wanted.length > 0 });
}

/** Ends those of the documents that could not be claimed because they have no room for it; whatever else was refused is left as it is. */
async function endRefused({ collections, poster }: ClaimParts, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await attemptCall(async () => {
    const documents = collections.jobs.find({ _id: { $in: [...ids] } });
    for await (const document of documents) await endTooLarge(collections, poster, document);
  });
}

function limitedJobOf({ workspaceId, kind, provider }: Candidate): LimitedJob {
  return { workspaceId, kind, provider: provider.name };
}

/** Jobs that no limit lets begin must not fill the window of candidates. */
function withoutExcluded({ providers, kinds, workspaces }: Exclusions): readonly Document[] {
  const none = (field: string, names: readonly string[]): Document[] =>
    names.length === 0 ? [] : [{ [field]: { $nin: [...names] } }];
  return [...none('provider.name', providers), ...none('kind', kinds), ...none('workspaceId', workspaces)];
}

/** Reserves for those of the candidates that are not paid for; who cannot pay is no candidate any more. */
async function pay(
  { collections, poster, window, reserved }: ClaimParts,
  candidates: readonly Candidate[],
  now: Date,
): Promise<Result<void, AppError>> {
  const unpaid = candidates.filter((candidate) => !isPaid(candidate, reserved)).map((candidate) => candidate._id);
  const paid = await reserveForClaim(collections, poster, unpaid);
  if (!paid.ok) return paid;
  const { keys, refused, error } = paid.value;
  if (reserved.size > RESERVED_MAX) reserved.clear();
  for (const [id, key] of keys) reserved.set(id, key);
  window.exclude(refused, now);
  window.remove(new Set(unpaid.filter((id) => !keys.has(id))));
  return keys.size === 0 && error !== null ? err(error) : ok(undefined);
}

/** True where a claim may be tried: the price is 0, or stands reserved, or its reservation is known to stand. */
function isPaid({ _id, state, billing }: Candidate, reserved: ReadonlyMap<string, string>): boolean {
  const [pending, ...others] = billing.pending;
  if (pending === undefined) return billing.price === 0 || billing.reserved > 0 || reserved.has(_id);
  return state === 'queued' && others.length === 0 && reserved.get(_id) === pending.key;
}

interface ChosenBatch {
  readonly ids: readonly string[];
  /** Keys of reservations that stand; the claim takes them off their jobs. */
  readonly keys: readonly string[];
  readonly options: ClaimOptions;
  readonly turn: ClaimTurn;
}

interface ClaimedBatch {
  readonly documents: readonly RawDocument[];
  /** Documents that the server refuses to write. */
  readonly refused: readonly string[];
}

async function updateAndRead(
  { jobs }: Pick<Collections, 'jobs'>,
  { ids, keys, options, turn }: ChosenBatch,
): Promise<Result<ClaimedBatch, AppError>> {
  if (ids.length === 0) return ok({ documents: [], refused: [] });
  const filter = claimableFilter(options, turn.now, keys);
  const claim = { ids, filter, update: claimPipeline(options, turn.claimId) };
  const few = await updateFew(jobs, claim);
  if (few !== null) return ok({ documents: few, refused: [] });
  const updated = await updateEach(jobs, claim);
  // Whatever became of the update: a part of the batch may have been claimed, and carries the id.
  const claimed = await attemptCall(() =>
    jobs.find({ _id: { $in: [...ids] }, 'lease.claimId': turn.claimId }, { batchSize: ids.length + 1 }).toArray(),
  );
  if (!claimed.ok) return claimed;
  if (!updated.ok && claimed.value.length === 0) return updated;
  return ok({ documents: claimed.value, refused: updated.ok ? updated.value.refused : [] });
}

/** A document that is no job is left with its lease: it runs nowhere, and the monitor lists it with path and reason. */
function leasedOf(documents: readonly RawDocument[]): readonly LeasedJob[] {
  return documents.map(parseJob).flatMap((parsed) => (parsed.ok && isLeased(parsed.value) ? [parsed.value] : []));
}

/** What is due and may be wanted; a job that waits for credit, or whose charge cannot be proved, is not. */
function candidateFilter(options: ClaimOptions, now: Date): Document {
  return {
    ...dueFilter(options, now),
    $or: [
      { 'billing.reserved': { $gt: 0 }, 'billing.pending': { $size: 0 } },
      { 'billing.price': 0, 'billing.pending': { $size: 0 } },
      {
        state: 'queued',
        'billing.price': { $gt: 0 },
        'billing.reserved': 0,
        'billing.blocked': null,
        'billing.status': { $ne: 'unknown' },
      },
    ],
  };
}

/** A claim needs a reservation that stands; the job says so itself, or owes nothing but one that is known to stand. */
function claimableFilter(options: ClaimOptions, now: Date, keys: readonly string[]): Document {
  return {
    ...dueFilter(options, now),
    $or: [
      { $or: [{ 'billing.reserved': { $gt: 0 } }, { 'billing.price': 0 }], 'billing.pending': { $size: 0 } },
      ...(keys.length === 0
        ? []
        : [{ state: 'queued', 'billing.pending': { $size: 1 }, 'billing.pending.key': { $in: [...keys] } }]),
    ],
  };
}

function dueFilter(options: ClaimOptions, now: Date): Document {
  return {
    state: { $in: ['queued', 'retrying'] },
    notBefore: { $lte: now },
    ...(options.kinds === undefined ? {} : { kind: { $in: [...options.kinds] } }),
    ...(options.providers === undefined ? {} : { 'provider.name': { $in: [...options.providers] } }),
  };
}

/** The domain's claim as one update of many: what differs between the jobs is computed on the server. */
function claimPipeline(options: ClaimOptions, claimId: string): Document[] {
  const nextAttempt = { $add: ['$attempt', 1] };
  const nextToken = { $add: [{ $ifNull: ['$leaseToken', 0] }, 1] };
  const history = {
    $mergeObjects: [
      literal({
        to: 'running',
        actor: { type: 'runner', id: options.runnerId },
        reason: 'claimed',
        policyVersion: null,
      }),
      {
        seq: { $add: [{ $ifNull: [{ $max: '$history.seq' }, 0] }, 1] },
        from: '$state',
        attempt: nextAttempt,
        at: '$$NOW',
      },
    ],
  };
  const opened = {
    $mergeObjects: [
      literal({
        runnerId: options.runnerId,
        endedAt: null,
        acceptanceId: null,
        providerCost: null,
        failure: null,
        validation: null,
      }),
      {
        n: nextAttempt,
        generationId: '$billing.generationId',
        provider: '$provider.name',
        model: '$provider.model',
        startedAt: '$$NOW',
      },
    ],
  };
  return [
    TAKE_OFF_RESERVATION,
    {
      $set: {
        state: 'running',
        version: { $add: ['$version', 1] },
        attempt: nextAttempt,
        updatedAt: '$$NOW',
        leaseToken: nextToken,
        lease: {
          $mergeObjects: [
            literal({ runnerId: options.runnerId, claimId }),
            { token: nextToken, expiresAt: { $add: ['$$NOW', options.leaseMs] }, heartbeatAt: '$$NOW' },
          ],
        },
        'provider.acceptanceId': null,
        progress: null,
        validation: null,
        failure: null,
        history: append('$history', history),
        attempts: append('$attempts', opened),
      },
    },
  ];
}

/** The domain's `settlePending` for the reservation that the filter let pass; a job that owes nothing stays as it is. */
const TAKE_OFF_RESERVATION: Document = {
  $set: {
    'billing.reserved': { $add: ['$billing.reserved', { $sum: '$billing.pending.credits' }] },
    'billing.status': { $cond: [{ $eq: ['$billing.pending', []] }, '$billing.status', 'reserved'] },
    'billing.blocked': { $cond: [{ $eq: ['$billing.pending', []] }, { $ifNull: ['$billing.blocked', null] }, null] },
    'billing.pending': [],
  },
};
