import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { isLeased, parseJob, type LeasedJob } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import { append, literal } from './change-update.ts';
import type { Collections } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { findCandidates, takeTurns } from './job-choice.ts';
import type { ClaimOptions } from './ports.ts';

/** How often a claim goes on without documents on which the server refuses it. */
const POISON_ROUNDS_MAX = 5;

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
 * Claims a batch in two round trips: choose by index, then one update of those that are still waiting, then read back by the
 * batch's own id. Repeating it after a lost reply is harmless, although an update of many is not retryable: what was claimed
 * carries the id.
 *
 * A document whose fields are of types on which the update fails would take the whole batch with it; it is left out then.
 */
export async function claimBatch(
  collections: Collections,
  options: ClaimOptions,
  turn: ClaimTurn,
): Promise<Result<readonly LeasedJob[], AppError>> {
  const poison: string[] = [];
  const tried = new Set<string>();
  for (let round = 1; ; round += 1) {
    const waiting = claimableFilter(options, turn.now);
    if (poison.length > 0) waiting['_id'] = { $nin: poison };
    const candidates = await findCandidates(collections, waiting, options.limit);
    if (!candidates.ok) return candidates;
    const ids = takeTurns(candidates.value, options.limit, turn.servedAt).map((candidate) => candidate._id);
    for (const id of ids) tried.add(id);
    const claimed = await updateAndRead(collections, { ids, tried: [...tried], options, turn });
    if (claimed.ok || claimed.error.code !== 'server_error' || round === POISON_ROUNDS_MAX) return claimed;
    const malformed = await findMalformed(collections, ids);
    if (!malformed.ok) return malformed;
    if (malformed.value.length === 0) return claimed;
    poison.push(...malformed.value);
  }
}

interface ChosenBatch {
  readonly ids: readonly string[];
  /** What earlier rounds of the same claim tried: a part of it may have been claimed. */
  readonly tried: readonly string[];
  readonly options: ClaimOptions;
  readonly turn: ClaimTurn;
}

async function updateAndRead(
  collections: Collections,
  { ids, tried, options, turn }: ChosenBatch,
): Promise<Result<readonly LeasedJob[], AppError>> {
  if (tried.length === 0) return ok([]);
  if (ids.length > 0) {
    const filter = { ...claimableFilter(options, turn.now), _id: { $in: [...ids] } };
    const updated = await attemptCall(() => collections.jobs.updateMany(filter, claimPipeline(options, turn.claimId)));
    if (!updated.ok) return updated;
  }
  const claimed = await attemptCall(() =>
    collections.jobs.find({ _id: { $in: [...tried] }, 'lease.claimId': turn.claimId }).toArray(),
  );
  if (!claimed.ok) return claimed;
  // A document that is no job is left with its lease: it runs nowhere, and the monitor lists it with path and reason.
  return ok(
    claimed.value.map(parseJob).flatMap((parsed) => (parsed.ok && isLeased(parsed.value) ? [parsed.value] : [])),
  );
}

async function findMalformed(
  collections: Collections,
  ids: readonly string[],
): Promise<Result<readonly string[], AppError>> {
  const read = await attemptCall(() => collections.jobs.find({ _id: { $in: [...ids] } }).toArray());
  if (!read.ok) return read;
  return ok(read.value.flatMap((document) => (parseJob(document).ok ? [] : [document._id])));
}

function claimableFilter(options: ClaimOptions, now: Date): Document {
  return {
    state: { $in: ['queued', 'retrying'] },
    notBefore: { $lte: now },
    $or: [{ 'billing.reserved': { $gt: 0 } }, { 'billing.price': 0 }],
    'billing.pending': { $size: 0 },
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
