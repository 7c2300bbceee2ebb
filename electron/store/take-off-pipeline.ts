import type { Document } from 'mongodb';
import type { PendingEntry } from '#domain/ledger.ts';

/** The credits of those of a job's entries that are taken off and of one of these types, as an expression. */
export type CreditsOf = (types: readonly PendingEntry['type'][]) => Document | number;

/** The credits of a job that owes one entry, which is of that type. */
export function creditsAlone(type: PendingEntry['type']): CreditsOf {
  return (types) => (types.includes(type) ? { $sum: '$billing.pending.credits' } : 0);
}

/** The credits of those entries of a job that have one of the keys, however many it owes, and what it owes without them. */
export function ofKeys(keys: readonly string[]): { readonly creditsOf: CreditsOf; readonly left: Document } {
  const isStanding = { $in: ['$$one.key', { $literal: keys }] };
  const pending = (cond: Document): Document => ({ $filter: { input: '$billing.pending', as: 'one', cond } });
  return {
    creditsOf: (types) => ({
      $sum: {
        $map: {
          input: pending({ $and: [isStanding, { $in: ['$$one.type', { $literal: types }] }] }),
          as: 'one',
          in: '$$one.credits',
        },
      },
    }),
    left: pending({ $not: [isStanding] }),
  };
}

/** The domain's `settlePending` for the entries that are taken off a job, as an update of many. @param left what it owes then */
export function takeOffPipeline(creditsOf: CreditsOf, left: Document | readonly never[]): Document[] {
  const reserved = creditsOf(['reserve']);
  return [
    {
      $set: {
        'billing.reserved': {
          $subtract: [{ $add: ['$billing.reserved', reserved] }, creditsOf(['capture', 'release'])],
        },
        'billing.captured': { $add: ['$billing.captured', creditsOf(['capture'])] },
        'billing.refunded': { $add: ['$billing.refunded', creditsOf(['refund'])] },
        'billing.blocked': { $cond: [{ $gt: [reserved, 0] }, null, { $ifNull: ['$billing.blocked', null] }] },
        'billing.pending': left,
        version: { $add: ['$version', 1] },
        updatedAt: '$$NOW',
      },
    },
    { $set: { 'billing.status': STATUS_OF_FIGURES } },
  ];
}

/** The domain's `statusOfFigures`, as an expression. */
export const STATUS_OF_FIGURES: Document = {
  $switch: {
    branches: [
      { case: { $gt: ['$billing.captured', '$billing.refunded'] }, then: 'charged' },
      { case: { $gt: ['$billing.refunded', 0] }, then: 'refunded' },
      { case: { $gt: ['$billing.reserved', 0] }, then: 'reserved' },
    ],
    default: 'not_charged',
  },
};
