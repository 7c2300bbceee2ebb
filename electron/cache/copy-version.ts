import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { readDamageNote } from './damage-note.ts';
import { OLDEST_VERSION, SCHEMA_VERSION } from './migrations.ts';
import { APPLICATION_ID } from './schema.ts';

/** The version that a copy is of. */
export function versionOf(db: Database.Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** True for a version that can be brought to this program's. */
export function isOlderVersion(version: number): boolean {
  return version >= OLDEST_VERSION && version < SCHEMA_VERSION;
}

/**
 * True where opening a copy goes through what an older version wrote, which takes minutes where it is large. False for what is opened or
 * set aside at once, and for what cannot be looked at: whoever opens it meets the same, and says so.
 */
export function isOlderCopy(file: string): boolean {
  try {
    if (readDamageNote(file) !== null || !existsSync(file) || statSync(file).size === 0) return false;
    const db = new Database(file);
    try {
      return db.pragma('application_id', { simple: true }) === APPLICATION_ID && isOlderVersion(versionOf(db));
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}
