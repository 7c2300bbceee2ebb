import { z } from 'zod';
import { timeMsSchema } from './status.ts';

/** The limits within which a window of what is kept can be set. */
export const KEPT_DAYS_MAX = 3650;
export const COPY_BYTES_MIN = 50_000_000;

/** What of the server's jobs the copy on this machine keeps. Accounts and ledger are always whole. */
export const copySettingsSchema = z.object({
  /** Jobs at their end that have not changed for longer are not kept; null keeps them however old they are. */
  keptDays: z.int().min(1).max(KEPT_DAYS_MAX).nullable(),
  /** The most that the copy should take on the disk; the jobs that ended longest ago go first. Null does not restrict. */
  bytesMax: z.int().min(COPY_BYTES_MIN).nullable(),
  /** False leaves prompts and texts of options out, and wipes what was kept of them. */
  keepsPrompts: z.boolean(),
});
export type CopySettings = z.infer<typeof copySettingsSchema>;

/** A task on the whole copy that takes a while. */
export const copyTaskSchema = z.object({
  type: z.enum(['verify', 'wipe']),
  /** Documents looked at or rewritten so far. */
  done: z.int().nonnegative(),
  total: z.int().nonnegative(),
});
export type CopyTask = z.infer<typeof copyTaskSchema>;

/** The copy on this machine. */
export const copyViewSchema = z.object({
  settings: copySettingsSchema,
  /** What of the file holds something, and all of it, in bytes. */
  usedBytes: z.int().nonnegative(),
  fileBytes: z.int().nonnegative(),
  documents: z.object({
    jobs: z.int().nonnegative(),
    accounts: z.int().nonnegative(),
    ledger: z.int().nonnegative(),
    malformed: z.int().nonnegative(),
  }),
  isComplete: z.boolean(),
  /** False also while a wipe is still to come to its end. */
  keepsPrompts: z.boolean(),
  /** False where this person sees no prompts: then none are kept, whatever the settings say. */
  mayKeepPrompts: z.boolean(),
  /** The last comparison with the server since the program was started. */
  verified: z.object({ atMs: timeMsSchema, differences: z.int().nonnegative() }).nullable(),
});
export type CopyView = z.infer<typeof copyViewSchema>;
