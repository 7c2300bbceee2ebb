import { z } from 'zod';
import { ERROR_CODES } from '#domain/errors.ts';
import { jobStateSchema } from '#domain/job.ts';
import { personStatusSchema } from './person-views.ts';
import { openProfileSchema } from './profile-views.ts';

/** A time in milliseconds since 1970 UTC: dates cross the port as numbers, so that every port carries them alike. */
export const timeMsSchema = z.int();

/** An expected error as it crosses a port: a code of the catalogue and one technical line, never a stack. */
export const wireErrorSchema = z.object({ code: z.enum(ERROR_CODES), detail: z.string().max(2000).nullable() });
export type WireError = z.infer<typeof wireErrorSchema>;

/** Where the engine's data come from. `label` is safe to show: it holds no secret. */
const connectionStatusSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('connecting'),
    label: z.string(),
    isSandbox: z.boolean(),
    attempt: z.int().nonnegative(),
  }),
  z.object({
    state: z.literal('connected'),
    label: z.string(),
    isSandbox: z.boolean(),
    server: z.string(),
    hasChangeStreams: z.boolean(),
    sinceMs: timeMsSchema,
  }),
  z.object({
    state: z.literal('disconnected'),
    label: z.string(),
    isSandbox: z.boolean(),
    error: wireErrorSchema,
    nextTryAtMs: timeMsSchema.nullable(),
  }),
]);
export type ConnectionStatus = z.infer<typeof connectionStatusSchema>;

/** Whether people sign in in the browser for this connection, and whether one is waited for; no address and no token crosses the port. */
const signInStatusSchema = z.object({
  isUsed: z.boolean(),
  waiting: z
    .object({
      /** What they sign in to: hosts and database. */
      server: z.string(),
      /** Whose page it is. */
      host: z.string(),
      endsAtMs: timeMsSchema,
    })
    .nullable(),
});
export type SignInStatus = z.infer<typeof signInStatusSchema>;

/** How the offline copy is kept up, and how old it may be: nothing older than `asOfMs` is missing from it. */
export const monitorStatusSchema = z.object({
  mode: z.enum(['starting', 'snapshot', 'stream', 'polling', 'stopped']),
  asOfMs: timeMsSchema.nullable(),
  /** Jobs that came to their end and have not changed since are not in the copy; null where all are. */
  keptSinceMs: timeMsSchema.nullable(),
  snapshot: z
    .object({
      rowsDone: z.int().nonnegative(),
      rowsTotal: z.int().nonnegative(),
      rowsPerSecond: z.number().nonnegative(),
      remainingMs: z.number().nonnegative().nullable(),
      isPaused: z.boolean(),
    })
    .nullable(),
  error: wireErrorSchema.nullable(),
});
export type MonitorStatus = z.infer<typeof monitorStatusSchema>;

/** That a copy was set aside and a new one begun, in a sentence that names file and reason. */
const copyNoteSchema = z.object({ atMs: timeMsSchema, says: z.string().max(2000) });
export type CopyNote = z.infer<typeof copyNoteSchema>;

/** How far a copy that an older version wrote has been brought to the form of this one; what reads the copy is refused until it is. */
export const copyUpgradeSchema = z.object({
  jobsDone: z.int().nonnegative(),
  /** 0 while it is not known. */
  jobsTotal: z.int().nonnegative(),
  remainingMs: z.int().nonnegative().nullable(),
});
export type CopyUpgrade = z.infer<typeof copyUpgradeSchema>;

/** This machine's runner. */
export const runnerStatusSchema = z.object({
  state: z.enum(['off', 'running', 'paused', 'draining', 'stopped']),
  runnerId: z.string().nullable(),
  concurrency: z.int().nonnegative(),
  active: z.int().nonnegative(),
  error: wireErrorSchema.nullable(),
});
export type RunnerStatus = z.infer<typeof runnerStatusSchema>;

/** How many jobs the copy holds, by state, and how many documents are no jobs. */
const jobCountsSchema = z.object({
  total: z.int().nonnegative(),
  byState: z.record(jobStateSchema, z.int().nonnegative()),
  byKind: z.record(z.string(), z.int().nonnegative()),
  malformed: z.int().nonnegative(),
});
export type JobCounts = z.infer<typeof jobCountsSchema>;

/** Which redaction rules hold: null while nobody knows them, and then no text is shown. */
const redactionStatusSchema = z.object({
  version: z.int().nonnegative().nullable(),
  /** True where something is hidden from this person's role; words cannot be searched for then. */
  isHiding: z.boolean(),
});
export type RedactionStatus = z.infer<typeof redactionStatusSchema>;

/** Everything that the frame of the window shows. */
export const engineStatusSchema = z.object({
  version: z.string(),
  creditScale: z.int().min(0).max(9),
  person: personStatusSchema,
  redaction: redactionStatusSchema,
  profile: openProfileSchema,
  connection: connectionStatusSchema,
  signIn: signInStatusSchema,
  monitor: monitorStatusSchema,
  /** Null unless it happened since the program was started; the latest of them. */
  copyNote: copyNoteSchema.nullable(),
  /** Null where there is nothing to be brought anywhere. */
  copyUpgrade: copyUpgradeSchema.nullable(),
  runner: runnerStatusSchema,
  counts: jobCountsSchema,
});
export type EngineStatus = z.infer<typeof engineStatusSchema>;
