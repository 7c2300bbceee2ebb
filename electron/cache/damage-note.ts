import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/** The most of a reason that is kept, in characters. */
const REASON_MAX = 300;

function noteOf(file: string): string {
  return `${file}.damaged`;
}

/**
 * Notes beside a copy that it is damaged, so that whoever opens it next sets it aside. On the disk when it returns: a crash right
 * after it must not bring the file back. Throws what the file system throws.
 */
export function writeDamageNote(file: string, reason: string): void {
  const handle = openSync(noteOf(file), 'w');
  try {
    writeSync(handle, reason.slice(0, REASON_MAX));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  // Windows opens no folders, and has its file systems keep their own names.
  if (process.platform !== 'win32') syncFolder(path.dirname(file));
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What was noted of a copy; null where nothing was. A note that a crash left empty is one too. */
export function readDamageNote(file: string): string | null {
  return existsSync(noteOf(file)) ? readFileSync(noteOf(file), 'utf8').slice(0, REASON_MAX) : null;
}

/** Forgets what was noted, once the file is no longer where it was. */
export function dropDamageNote(file: string): void {
  rmSync(noteOf(file), { force: true });
}
