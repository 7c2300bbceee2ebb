import type { Document } from 'mongodb';
import type { JobChange } from '#domain/transition.ts';
import type { LeaseKey } from './ports.ts';

/** The filter under which a change may be written: the job is still what the change was planned from. */
export function guardOf(change: JobChange): Document {
  return {
    _id: change.jobId,
    version: change.guard.version,
    state: change.guard.state,
    leaseToken: change.guard.leaseToken === 0 ? { $in: [0, null] } : change.guard.leaseToken,
  };
}

/** The filter of what may be written under a lease whatever else changed: progress, an acceptance, a heartbeat. */
export function leaseFilter(lease: LeaseKey): Document {
  return { _id: lease.jobId, leaseToken: lease.token, state: { $in: ['running', 'validating'] } };
}

/**
 * The pipeline update that does on the server what the domain's `applyChange` does to plain values; a property test holds the
 * two against each other. Every time in it is `$$NOW`. Text goes in as `$literal`, because a prompt or a message may begin
 * with a dollar sign.
 */
export function pipelineOf(change: JobChange): Document[] {
  const set: Document = {
    state: change.to,
    version: { $add: ['$version', 1] },
    attempt: change.attempt,
    updatedAt: '$$NOW',
    progress: change.lease.type === 'keep' ? '$progress' : null,
    history: append('$history', stamped(change.history)),
    validation: literal(change.validation),
    failure: change.failure === null ? null : stamped(change.failure),
    output: literal(change.output),
    ...leaseUpdate(change),
    ...attemptsUpdate(change),
    ...billingUpdate(change),
  };
  if (change.dueInMs !== null) set['notBefore'] = { $add: ['$$NOW', change.dueInMs] };
  if (change.openAttempt !== null || change.generation !== null) set['provider.acceptanceId'] = null;
  return [{ $set: set }];
}

const WITHOUT_WORDS_OF_ATTEMPTS: Document = {
  $set: {
    attempts: {
      $map: {
        input: { $ifNull: ['$attempts', []] },
        as: 'one',
        in: {
          $mergeObjects: [
            '$$one',
            {
              validation: null,
              failure: {
                $cond: [
                  { $eq: [{ $ifNull: ['$$one.failure', null] }, null] },
                  null,
                  { $mergeObjects: ['$$one.failure', { message: '' }] },
                ],
              },
            },
          ],
        },
      },
    },
  },
};
const WITHOUT_OPTIONS: Document = { $set: { 'input.options': literal({}) } };

/**
 * The end of a job whose document has no room left, with more and more taken out of it, to be tried one after the other: nothing, the
 * words of its attempts, and what was asked for in options. A job that failed may lose these; one that can never end may not be.
 */
export function endingsOf(change: JobChange): readonly Document[][] {
  const end = pipelineOf(change);
  return [end, [WITHOUT_WORDS_OF_ATTEMPTS, ...end], [WITHOUT_WORDS_OF_ATTEMPTS, WITHOUT_OPTIONS, ...end]];
}

/**
 * A pipeline where a condition holds on the server in that very moment; elsewhere every field stays as it is. For conditions on
 * `$$NOW`, which not every engine knows in a filter. The document counts as matched either way, as modified only when it was.
 */
export function pipelineWhere(condition: Document, pipeline: readonly Document[]): Document[] {
  return pipeline.map((stage) => ({
    $set: Object.fromEntries(
      Object.entries(stage['$set'] as Document).map(([path, value]) => [
        path,
        { $cond: [condition, value, `$${path}`] },
      ]),
    ),
  }));
}

function leaseUpdate(change: JobChange): Document {
  switch (change.lease.type) {
    case 'keep':
      return {};
    case 'drop':
      return { lease: null };
    case 'take': {
      const { runnerId, token, ttlMs } = change.lease;
      return {
        leaseToken: token,
        lease: {
          $mergeObjects: [
            literal({ runnerId, token }),
            { expiresAt: { $add: ['$$NOW', ttlMs] }, heartbeatAt: '$$NOW' },
          ],
        },
      };
    }
  }
}

function attemptsUpdate(change: JobChange): Document {
  if (change.openAttempt !== null) {
    const opened = {
      $mergeObjects: [
        literal({
          ...change.openAttempt,
          endedAt: null,
          acceptanceId: null,
          providerCost: null,
          failure: null,
          validation: null,
        }),
        { startedAt: '$$NOW' },
      ],
    };
    return { attempts: append('$attempts', opened) };
  }
  if (change.closeAttempt === null) return {};
  const { failure, providerCost, validation } = change.closeAttempt;
  const closed = {
    $mergeObjects: [
      '$$one',
      literal({ providerCost, validation }),
      {
        endedAt: '$$NOW',
        acceptanceId: { $ifNull: ['$provider.acceptanceId', null] },
        failure: failure === null ? null : stamped(failure),
      },
    ],
  };
  return {
    attempts: {
      $map: {
        input: { $ifNull: ['$attempts', []] },
        as: 'one',
        in: { $cond: [{ $eq: ['$$one.n', change.attempt] }, closed, '$$one'] },
      },
    },
  };
}

function billingUpdate(change: JobChange): Document {
  if (change.generation !== null) {
    return {
      'billing.status': 'not_charged',
      'billing.generationId': literal(change.generation.id),
      'billing.price': change.generation.priceCredits,
      'billing.reserved': 0,
      'billing.captured': 0,
      'billing.refunded': 0,
      'billing.blocked': null,
      'billing.collects': literal(change.generation.collects),
    };
  }
  if (change.owes.length === 0) return {};
  const owed = change.owes.map((entry) => stamped({ ...entry, attempt: change.attempt, actor: change.history.actor }));
  return { 'billing.pending': append('$billing.pending', ...owed) };
}

/** A value as it is, whatever dollar signs it may hold. */
export function literal(value: unknown): Document {
  return { $literal: value };
}

/** A document with `at` set to the server's clock. */
export function stamped(value: object): Document {
  return { $mergeObjects: [literal(value), { at: '$$NOW' }] };
}

/** An array field with more elements behind it; a field that is not there counts as empty. */
export function append(field: string, ...elements: Document[]): Document {
  return { $concatArrays: [{ $ifNull: [field, []] }, elements] };
}
