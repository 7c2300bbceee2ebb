import type { Document } from 'mongodb';
import { z } from 'zod';
import {
  bucketOf,
  HELD_BACK_AHEAD_MS_MAX,
  runnerLimitsSchema,
  type ConcurrencyLimit,
  type ProviderRate,
} from '#domain/runner-limits.ts';
import { literal } from './change-update.ts';

export const LIMITS_COLLECTION = 'runner_limits';
export const CONFIG_ID = 'config';
/**
 * Where the ids of the configuration and of all rates lie, and none of the places that are held: of those there may be as many as
 * workspaces. `:` is followed by `;`.
 */
export const CONFIG_AND_RATE_IDS = { $gte: CONFIG_ID, $lt: 'rate;' } as const;

/** What is configured. */
export const configSchema = z.object({
  _id: z.literal(CONFIG_ID),
  type: z.literal('config'),
  revision: z.int().nonnegative(),
  limits: runnerLimitsSchema,
});

/** Who holds how many places of a concurrency limit, and until when. */
export const slotsSchema = z.object({
  _id: z.string(),
  type: z.literal('slots'),
  scope: z.enum(['total', 'provider', 'kind', 'workspace']),
  name: z.string(),
  holders: z.array(z.object({ runnerId: z.string(), count: z.number(), expiresAt: z.date() })),
});

/** What is left of a provider's rate. */
export const rateDocumentSchema = z.object({
  _id: z.string(),
  type: z.literal('rate'),
  provider: z.string(),
  requests: z.number().optional(),
  tokens: z.number().optional(),
  at: z.date().optional(),
  granted: z.number().optional(),
  heldBackUntil: z.date().nullish(),
});

const LONG_AGO = new Date(0);
/**
 * A bucket that was filled further ahead than this, in milliseconds, was so by a clock that was set back since: it is filled from now on, or
 * its provider would be asked nothing until that clock's time has come.
 */
const FILLED_AHEAD_MS_MAX = 60_000;
/** What the domain's `isHeldBack` goes by, on the server's own clock. */
const HELD_BACK_UNTIL: Document = { $ifNull: ['$heldBackUntil', LONG_AGO] };
const HELD_BACK_LATEST: Document = { $add: ['$$NOW', HELD_BACK_AHEAD_MS_MAX] };
/** Stands for a rate that is not limited. */
const UNLIMITED = 1_000_000_000;

/** The id of the document whose places a concurrency limit is leased by. */
export function slotsId({ scope, name }: Pick<ConcurrencyLimit, 'scope' | 'name'>): string {
  return `slots:${scope}:${name}`;
}

/** The id of the document that holds the bucket of a provider's rate. */
export function rateId(provider: string): string {
  return `rate:${provider}`;
}

/** What one runner asks of one concurrency limit. */
export interface SlotWish {
  readonly limit: ConcurrencyLimit;
  readonly runnerId: string;
  /** Attempts under way: they are counted whatever the limit says. */
  readonly active: number;
  /** Places wanted, with those under way. */
  readonly wanted: number;
  readonly ttlMs: number;
  /** Grows with each wish of a runner: of two that are under way at once, the later one counts, whichever comes first. */
  readonly turn: number;
}

/**
 * Gives a runner as many places as the others leave. Places are leased: a runner that is not heard of gives them back by dying.
 */
export function slotPipeline({ limit, runnerId, active, wanted, ttlMs, turn }: SlotWish): Document[] {
  const isLive = { $gt: ['$$one.expiresAt', '$$NOW'] };
  const isOwn = { $eq: ['$$one.runnerId', literal(runnerId)] };
  const isLater = { $gt: [{ $ifNull: ['$$one.turn', 0] }, turn] };
  const which = (...conditions: Document[]): Document => ({
    $filter: { input: { $ifNull: ['$holders', []] }, as: 'one', cond: { $and: [isLive, ...conditions] } },
  });
  const count = { $max: [active, { $min: [wanted, { $subtract: [limit.max, { $sum: '$$others.count' }] }] }] };
  const own = { runnerId: literal(runnerId), count, expiresAt: { $add: ['$$NOW', ttlMs] }, turn };
  const holders = {
    $let: {
      vars: { others: which({ $not: [isOwn] }), later: which(isOwn, isLater) },
      in: { $concatArrays: ['$$others', { $cond: [{ $eq: ['$$later', []] }, [own], '$$later'] }] },
    },
  };
  return [{ $set: { type: 'slots', scope: limit.scope, name: literal(limit.name), holders } }];
}

/**
 * Draws permits for up to that many requests of a provider, on the server's clock; none while it is to be left alone.
 * @param usedBeyond tokens that earlier requests took beyond what was counted for them, less where they took less
 */
export function drawPipeline(provider: string, rate: ProviderRate, wanted: number, usedBeyond: number): Document[] {
  const requests = rate.requestsPerMinute === null ? null : bucketOf(rate.requestsPerMinute);
  const tokens = rate.tokensPerMinute === null ? null : bucketOf(rate.tokensPerMinute);
  const requestCapacity = requests?.capacity ?? UNLIMITED;
  // A bucket that one request overflows would never let it through.
  const tokenCapacity = tokens === null ? UNLIMITED : Math.max(tokens.capacity, rate.tokensPerRequest);
  // A clock that was set back must not fill a bucket twice.
  const elapsedMs = {
    $min: [60_000, { $max: [0, { $subtract: ['$$NOW', { $ifNull: ['$at', LONG_AGO] }] }] }],
  };
  const filled = (field: string, capacity: number, perMinute: number): Document => ({
    $min: [
      capacity,
      { $add: [{ $ifNull: [`$${field}`, capacity] }, { $divide: [{ $multiply: [elapsedMs, perMinute] }, 60_000] }] },
    ],
  });
  const isSetBack = { $gt: [{ $ifNull: ['$at', LONG_AGO] }, { $add: ['$$NOW', FILLED_AHEAD_MS_MAX] }] };
  const isHeldBack = { $and: [{ $gt: [HELD_BACK_UNTIL, '$$NOW'] }, { $lte: [HELD_BACK_UNTIL, HELD_BACK_LATEST] }] };
  const affordable = { $min: [wanted, '$requests', { $divide: ['$tokens', rate.tokensPerRequest] }] };
  return [
    {
      $set: {
        type: 'rate',
        provider: literal(provider),
        requests: filled('requests', requestCapacity, requests?.perMinute ?? UNLIMITED),
        tokens: {
          $min: [
            tokenCapacity,
            // Whatever a provider says that one request took, in a minute or two it is asked again.
            {
              $max: [
                -(rate.tokensPerMinute ?? UNLIMITED),
                { $subtract: [filled('tokens', tokenCapacity, tokens?.perMinute ?? UNLIMITED), usedBeyond] },
              ],
            },
          ],
        },
        at: { $cond: [isSetBack, '$$NOW', { $max: [{ $ifNull: ['$at', LONG_AGO] }, '$$NOW'] }] },
      },
    },
    { $set: { granted: { $cond: [isHeldBack, 0, { $max: [0, { $floor: affordable }] }] } } },
    {
      $set: {
        requests: { $subtract: ['$requests', '$granted'] },
        tokens: { $subtract: ['$tokens', { $multiply: ['$granted', rate.tokensPerRequest] }] },
      },
    },
  ];
}

/** A provider that asked to be left alone is, by every runner, until the latest time that anybody was told. */
export function holdBackPipeline(provider: string, forMs: number): Document[] {
  const until = { $add: ['$$NOW', forMs] };
  const known = { $cond: [{ $lte: [HELD_BACK_UNTIL, HELD_BACK_LATEST] }, HELD_BACK_UNTIL, LONG_AGO] };
  return [
    {
      $set: {
        type: 'rate',
        provider: literal(provider),
        heldBackUntil: { $max: [known, until] },
      },
    },
  ];
}
