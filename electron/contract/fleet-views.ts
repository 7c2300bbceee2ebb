import { z } from 'zod';
import { actorSchema } from '#domain/ledger.ts';
import { runnerLimitsSchema } from '#domain/runner-limits.ts';
import { CONCURRENCY_MAX, runnerStateSchema } from '#domain/runner-node.ts';
import { malformedRecordSchema } from './malformed-record.ts';
import { timeMsSchema } from './status.ts';

/** A runner as it announced itself, wherever it runs. Times are the server's. */
export const fleetRunnerSchema = z
  .object({
    id: z.string(),
    host: z.string(),
    pid: z.int(),
    version: z.string(),
    state: runnerStateSchema,
    /** False where it has ended, or was not heard of for too long. */
    isLive: z.boolean(),
    concurrency: z.int(),
    active: z.int(),
    /** Empty where a runner of an earlier version does not say. */
    providers: z.array(z.string()).readonly(),
    kinds: z.array(z.string()).readonly(),
    load: z.object({ perCore: z.number(), memoryBytes: z.int() }).readonly().nullable(),
    /** What was wished of it last; `isObeyed` is false until it has taken it up. */
    wish: z
      .object({
        state: z.enum(['running', 'paused', 'draining']).nullable(),
        concurrency: z.int().nullable(),
        by: actorSchema,
        atMs: timeMsSchema,
        isObeyed: z.boolean(),
      })
      .readonly()
      .nullable(),
    startedAtMs: timeMsSchema,
    heartbeatAtMs: timeMsSchema,
  })
  .readonly();
export type FleetRunner = z.infer<typeof fleetRunnerSchema>;

/** Every runner that is known, those that live first, and those that cannot be read. */
export const fleetViewSchema = z
  .object({
    runners: z.array(fleetRunnerSchema).readonly(),
    malformed: z.array(malformedRecordSchema).readonly(),
    serverNowMs: timeMsSchema,
  })
  .readonly();
export type FleetView = z.infer<typeof fleetViewSchema>;

/** What limits a fleet, and what is left of it now. Times are the server's. */
export const fleetLimitsSchema = z
  .object({
    /** As they are configured; a change names the revision that it was made of. */
    limits: runnerLimitsSchema,
    revision: z.int().nonnegative(),
    /** Of every concurrency limit that runners hold places of. */
    held: z
      .array(
        z
          .object({
            scope: z.enum(['total', 'provider', 'kind', 'workspace']),
            name: z.string(),
            held: z.int(),
            max: z.int(),
          })
          .readonly(),
      )
      .readonly(),
    /** Of every provider that has a rate, or asked to be left alone. */
    rates: z
      .array(
        z
          .object({
            provider: z.string(),
            requestsLeft: z.int().nullable(),
            tokensLeft: z.int().nullable(),
            heldBackUntilMs: timeMsSchema.nullable(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();
export type FleetLimitsView = z.infer<typeof fleetLimitsSchema>;

/** What somebody wishes of a runner. */
export const fleetWishSchema = z.discriminatedUnion('action', [
  z.object({ action: z.enum(['pause', 'resume', 'drain']) }),
  z.object({ action: z.literal('scale'), concurrency: z.int().min(1).max(CONCURRENCY_MAX) }),
]);
export type FleetWish = z.infer<typeof fleetWishSchema>;
