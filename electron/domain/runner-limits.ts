import { z } from 'zod';
import type { FullLimit } from './job-standstill.ts';
import type { Job } from './job.ts';

const countSchema = z.int().nonnegative().max(1_000_000);
const byNameSchema = z.record(z.string().min(1).max(200), countSchema).default({});

/** The most that a rate can be, of each of its numbers. */
export const RATE_MAX = {
  requestsPerMinute: 10_000_000,
  tokensPerMinute: 1_000_000_000_000,
  tokensPerRequest: 1_000_000_000,
} as const;

/** What a provider lets a customer ask of it, over the whole fleet. */
const rateSchema = z.object({
  requestsPerMinute: z.int().positive().max(RATE_MAX.requestsPerMinute).nullable().default(null),
  tokensPerMinute: z.int().positive().max(RATE_MAX.tokensPerMinute).nullable().default(null),
  /** What one request counts against `tokensPerMinute`: the model's usual use, as nothing is known before the call. */
  tokensPerRequest: z.int().positive().max(RATE_MAX.tokensPerRequest).default(1000),
});
export type ProviderRate = z.infer<typeof rateSchema>;

/**
 * Limits of a whole fleet of runners, kept on the server and obeyed by every runner within half a second of a change. A limit
 * that is not there does not limit; 0 lets nothing begin.
 */
export const runnerLimitsSchema = z.object({
  concurrency: z
    .object({
      total: countSchema.nullable().default(null),
      providers: byNameSchema,
      kinds: byNameSchema,
      /** For every workspace that has none of its own. */
      eachWorkspace: countSchema.nullable().default(null),
      workspaces: byNameSchema,
    })
    .prefault({}),
  rates: z.record(z.string().min(1).max(200), rateSchema).default({}),
});
export type RunnerLimits = z.infer<typeof runnerLimitsSchema>;

export const NO_LIMITS: RunnerLimits = runnerLimitsSchema.parse({});

/** What a limit goes by of a job. */
export interface LimitedJob {
  readonly workspaceId: string;
  readonly kind: string;
  readonly provider: string;
}

/** One limit on how many attempts may be under way at once. `name` is empty for the total. */
export interface ConcurrencyLimit {
  readonly scope: 'total' | 'provider' | 'kind' | 'workspace';
  readonly name: string;
  readonly max: number;
}

/** The concurrency limits that apply to a job. */
export function concurrencyLimitsOf({ concurrency }: RunnerLimits, job: LimitedJob): readonly ConcurrencyLimit[] {
  const own = (scope: ConcurrencyLimit['scope'], name: string, max: number | null | undefined): ConcurrencyLimit[] =>
    max === null || max === undefined ? [] : [{ scope, name, max }];
  const named = (limits: Readonly<Record<string, number>>, name: string): number | undefined =>
    Object.hasOwn(limits, name) ? limits[name] : undefined;
  return [
    ...own('total', '', concurrency.total),
    ...own('provider', job.provider, named(concurrency.providers, job.provider)),
    ...own('kind', job.kind, named(concurrency.kinds, job.kind)),
    ...own('workspace', job.workspaceId, named(concurrency.workspaces, job.workspaceId) ?? concurrency.eachWorkspace),
  ];
}

/** A bucket that is drawn from: what it holds at most, and what flows into it each minute. */
export interface Bucket {
  readonly capacity: number;
  readonly perMinute: number;
}

/** The share of a minute's limit that may be used at one stroke. */
const BURST_SHARE = 1 / 6;

/**
 * The bucket that keeps a limit a minute: what it holds and what flows in during a minute are together one more than the
 * limit, so that no span shorter than a minute, wherever it begins, sees more requests than the limit.
 */
export function bucketOf(limitPerMinute: number): Bucket {
  const capacity = Math.max(1, Math.floor(limitPerMinute * BURST_SHARE));
  return { capacity, perMinute: limitPerMinute + 1 - capacity };
}

/** A provider is left alone no longer than this, in milliseconds, whatever it asks: then somebody looks again. */
export const HELD_BACK_MS_MAX = 600_000;
/**
 * An end that lies further ahead, in milliseconds, was written by a server's clock that was set back since, and says nothing. Twice as far as
 * one can be, because the clock that it is held against is measured.
 */
export const HELD_BACK_AHEAD_MS_MAX = 2 * HELD_BACK_MS_MAX;

/** Whether a provider is to be left alone that asked for it until then. */
export function isHeldBack(until: Date | null, now: Date): boolean {
  const leftMs = until === null ? 0 : until.getTime() - now.getTime();
  return leftMs > 0 && leftMs <= HELD_BACK_AHEAD_MS_MAX;
}

/** A concurrency limit with what is known of it now. */
export interface LimitInForce extends ConcurrencyLimit {
  /** Places that runners hold, over the whole fleet. */
  readonly held: number;
  readonly holders: readonly { readonly runnerId: string; readonly count: number; readonly expiresAt: Date }[];
}

/** A provider's rate with what is known of it now. */
export interface RateInForce extends ProviderRate {
  readonly provider: string;
  /** What may be asked at once, null where that is not limited. */
  readonly requestsLeft: number | null;
  readonly tokensLeft: number | null;
  /** Until then the provider asked to be left alone (`Retry-After`), null where it did not. */
  readonly heldBackUntil: Date | null;
}

/** The limits of a deployment as they are in force. */
export interface LimitsInForce {
  readonly limits: RunnerLimits;
  readonly revision: number;
  readonly concurrency: readonly LimitInForce[];
  readonly rates: readonly RateInForce[];
  /** The server's clock. */
  readonly at: Date;
}

/** The concurrency limits that apply to a job and are full. */
export function fullLimitsOf(inForce: LimitsInForce, job: Job): readonly FullLimit[] {
  const limited = { workspaceId: job.workspaceId, kind: job.kind, provider: job.provider.name };
  return concurrencyLimitsOf(inForce.limits, limited).flatMap(({ scope, name, max }) => {
    const found = inForce.concurrency.find((one) => one.scope === scope && one.name === name);
    const active = found?.held ?? 0;
    return active >= max ? [{ scope, name, active, max }] : [];
  });
}
