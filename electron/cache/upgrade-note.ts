import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';

const noteSchema = z.object({
  jobsDone: z.int().nonnegative(),
  jobsTotal: z.int().nonnegative(),
  /** When it was begun, and when this was said, in milliseconds since 1970. */
  beganAtMs: z.int(),
  saidAtMs: z.int(),
});
/** How far a copy of an older version has been brought to this one. */
export type UpgradeNote = z.infer<typeof noteSchema>;

function noteOf(file: string): string {
  return `${file}.upgrading`;
}

/** Says beside a copy how far its upgrade is, for other processes: what it changes in the file they see when it is done. */
export function writeUpgradeNote(file: string, note: UpgradeNote): void {
  writeFileSync(noteOf(file), JSON.stringify(note));
}

/** What was said last; null where nothing was, or it cannot be read. Whoever said it may have ended since. */
export function readUpgradeNote(file: string): UpgradeNote | null {
  try {
    const note = safeParse(noteSchema, JSON.parse(readFileSync(noteOf(file), 'utf8')));
    return note.success ? note.data : null;
  } catch {
    return null;
  }
}

/** Forgets what was said, once the file is of this version. */
export function dropUpgradeNote(file: string): void {
  rmSync(noteOf(file), { force: true });
}

/** How long an upgrade will still take by how long it took so far, in milliseconds; null while nothing is known. */
export function remainingMsOf({ jobsDone, jobsTotal, beganAtMs, saidAtMs }: UpgradeNote): number | null {
  if (jobsDone === 0) return null;
  return Math.max(0, Math.round(((jobsTotal - jobsDone) * (saidAtMs - beganAtMs)) / jobsDone));
}
