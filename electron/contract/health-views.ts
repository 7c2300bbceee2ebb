import { z } from 'zod';
import { creditsSchema } from '#domain/credits.ts';
import { HEALTH_COUNTERS, type HealthCounter } from '#domain/health/health-facts.ts';
import { jobRowSchema } from './job-views.ts';
import { timeMsSchema } from './status.ts';

/** What health is divided by. */
export const healthGroupSchema = z.enum(['kind', 'provider', 'model', 'workspace']);
export type HealthGroup = z.infer<typeof healthGroupSchema>;

const nameSchema = z.string().max(300).nullable().default(null);

/** Restricts health to some jobs; null does not restrict. */
const healthFilterSchema = z
  .object({ kind: nameSchema, provider: nameSchema, model: nameSchema, workspaceId: nameSchema })
  .readonly();
export type HealthFilter = z.infer<typeof healthFilterSchema>;

export const healthQuerySchema = z
  .object({
    /** Both are widened to whole buckets. */
    fromMs: timeMsSchema,
    toMs: timeMsSchema,
    /** Null for no groups. */
    groupBy: healthGroupSchema.nullable(),
    filter: healthFilterSchema,
  })
  .readonly();
export type HealthQuery = z.infer<typeof healthQuerySchema>;

/** Quantiles of durations in milliseconds, off by less than a tenth; null where there was none. */
const durationFiguresSchema = z
  .object({
    count: z.int(),
    p50Ms: z.number().nullable(),
    p95Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
  })
  .readonly();
export type DurationFigures = z.infer<typeof durationFiguresSchema>;

/** Figures of a time: each job counts where it arrived, first started and ended. Credits in the smallest unit. */
const healthFiguresSchema = z
  .object({
    // Object.fromEntries forgets the names that it was given (microsoft/TypeScript#35745).
    ...(Object.fromEntries(HEALTH_COUNTERS.map((name) => [name, z.number()])) as Record<HealthCounter, z.ZodNumber>),
    /** Completed of completed and failed, 0 to 1; null where there was neither. Cancelled jobs do not count. */
    successRate: z.number().nullable(),
    /** Attempts of the jobs that ended for each one that was completed; null where none was. */
    attemptsPerCompleted: z.number().nullable(),
    /** From creation to the first start. */
    queueTime: durationFiguresSchema,
    /** From creation to completion. */
    finishTime: durationFiguresSchema,
  })
  .readonly();
export type HealthFigures = z.infer<typeof healthFiguresSchema>;

/** What waits and what is in flight, as the copy stands now. */
const queueFiguresSchema = z
  .object({
    queued: z.int(),
    retrying: z.int(),
    running: z.int(),
    validating: z.int(),
    /** Since when the longest waiting queued job could have been begun; null where none waits. */
    oldestReadySinceMs: timeMsSchema.nullable(),
  })
  .readonly();
export type QueueFigures = z.infer<typeof queueFiguresSchema>;

/** Figures of one bucket. */
const healthPointSchema = z.object({ fromMs: timeMsSchema, figures: healthFiguresSchema }).readonly();
export type HealthPoint = z.infer<typeof healthPointSchema>;

/** A group with its figures; `queue` is of the last moment, whatever time is asked for. */
const healthGroupRowSchema = z
  .object({ key: z.string(), figures: healthFiguresSchema, queue: queueFiguresSchema })
  .readonly();
export type HealthGroupRow = z.infer<typeof healthGroupRowSchema>;

export const healthViewSchema = z
  .object({
    /** What the points and figures cover: whole buckets. */
    fromMs: timeMsSchema,
    toMs: timeMsSchema,
    /** The length of a bucket: five minutes, an hour or a day, by the time asked for. Buckets begin in UTC. */
    bucketMs: z.int().positive(),
    figures: healthFiguresSchema,
    /** The same of the time of the same length just before. */
    before: healthFiguresSchema,
    /** Of the last moment, whatever time is asked for. */
    queue: queueFiguresSchema,
    /** One for every bucket, also empty ones, oldest first. */
    points: z.array(healthPointSchema).readonly(),
    /** Groups with the most jobs first; empty without `groupBy`. */
    groups: z.array(healthGroupRowSchema).readonly(),
  })
  .readonly();
export type HealthView = z.infer<typeof healthViewSchema>;

/** What happened to a job in a time: that is what a mark of a chart counts. */
export const healthMomentSchema = z.enum(['arrived', 'started', 'completed', 'failed', 'cancelled', 'ended']);
export type HealthMoment = z.infer<typeof healthMomentSchema>;

export const healthJobsQuerySchema = z
  .object({
    fromMs: timeMsSchema,
    /** Not included. */
    toMs: timeMsSchema,
    moment: healthMomentSchema,
    filter: healthFilterSchema,
  })
  .readonly();
export type HealthJobsQuery = z.infer<typeof healthJobsQuerySchema>;

/** The jobs behind a mark, oldest moment first. */
export const healthJobsSchema = z
  .object({
    jobs: z
      .array(
        z
          .object({
            row: jobRowSchema,
            /** When it happened. */
            atMs: timeMsSchema,
            queueMs: z.number().nullable(),
            finishMs: z.number().nullable(),
            earnedCredits: z.int(),
            lostCredits: creditsSchema,
          })
          .readonly(),
      )
      .readonly(),
    /** False where there are more, or where looking stopped at a limit. */
    isWhole: z.boolean(),
  })
  .readonly();
export type HealthJobs = z.infer<typeof healthJobsSchema>;
