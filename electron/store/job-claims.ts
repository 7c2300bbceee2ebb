import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { isLeased, parseJob, type LeasedJob } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import { append, literal } from './change-update.ts';
import type { Collections } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import type { ClaimOptions } from './ports.ts';

/** How many candidates are looked at for each job that is wanted, so that workspaces can take turns. */
const CANDIDATES_PER_JOB = 8;

interface Candidate {
  readonly _id: string;
  readonly workspaceId: string;
  readonly priority: number;
}

/**
 * Claims a batch in two round trips: choose by index, then one update of those that are still waiting, then read back by the
 * batch's own id. Repeating it after a lost reply is harmless, although an update of many is not retryable: what was claimed
 * carries the id.
 *
 * @param claimId fresh for each call
 */
export async function claimBatch(
  collections: Collections,
  options: ClaimOptions,
  claimId: string,
  now: Date,
): Promise<Result<readonly LeasedJob[], AppError>> {
  const waiting = claimableFilter(options, now);
  const candidates = await attemptCall(() =>
    collections.jobs
      .find(waiting)
      .project<Candidate>({ _id: 1, workspaceId: 1, priority: 1 })
      .sort({ priority: -1, notBefore: 1, _id: 1 })
      .limit(Math.min(options.limit * CANDIDATES_PER_JOB, 4000))
      .toArray(),
  );
  if (!candidates.ok) return candidates;
  const ids = takeTurns(candidates.value, options.limit).map((candidate) => candidate._id);
  if (ids.length === 0) return ok([]);
  const updated = await attemptCall(() =>
    collections.jobs.updateMany({ ...waiting, _id: { $in: ids } }, claimPipeline(options, claimId)),
  );
  if (!updated.ok) return updated;
  const claimed = await attemptCall(() =>
    collections.jobs.find({ _id: { $in: ids }, 'lease.claimId': claimId }).toArray(),
  );
  if (!claimed.ok) return claimed;
  // A document that is no job is left with its lease: it runs nowhere, and the monitor lists it with path and reason.
  return ok(
    claimed.value.map(parseJob).flatMap((parsed) => (parsed.ok && isLeased(parsed.value) ? [parsed.value] : [])),
  );
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

/**
 * Chooses jobs so that workspaces take turns within each priority: no workspace waits behind more than its share of another's.
 * Keeps the order by priority.
 */
export function takeTurns<Item extends { readonly workspaceId: string; readonly priority: number }>(
  candidates: readonly Item[],
  limit: number,
): readonly Item[] {
  const chosen: Item[] = [];
  const byPriority = Map.groupBy(candidates, (candidate) => candidate.priority);
  for (const priority of [...byPriority.keys()].sort((left, right) => right - left)) {
    const queues = [...Map.groupBy(byPriority.get(priority) ?? [], (candidate) => candidate.workspaceId).values()];
    for (let turn = 0; queues.some((queue) => turn < queue.length); turn += 1) {
      for (const queue of queues) {
        const next = queue[turn];
        if (next !== undefined && chosen.length < limit) chosen.push(next);
      }
      if (chosen.length >= limit) return chosen;
    }
  }
  return chosen;
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
