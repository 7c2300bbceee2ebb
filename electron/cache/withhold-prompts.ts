import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { AppError } from '#domain/errors.ts';
import { fingerprintWith } from '#domain/failure.ts';
import type { Result } from '#domain/result.ts';
import { keptOf } from './copy-scope.ts';
import { encodeDocument } from './document-encoding.ts';
import { ROLLED_UP_COLUMNS, searchTextOf, toJobColumns, type RolledUpJob } from './job-columns.ts';
import { JobTextIndex } from './job-text-index.ts';
import { toCachedDocument } from './parsed-documents.ts';
import { RollUps } from './roll-ups.ts';
import { APPLICATION_ID, JOBS_TEXT_SQL } from './schema.ts';
import { attemptSql } from './sqlite-errors.ts';

/** Jobs that are rewritten in one transaction. */
const REWRITTEN_AT_ONCE = 500;
/** How long it waits for a reader that is in the way of the last step, in milliseconds: books are read in one go. */
const BUSY_MS = 60_000;

/**
 * Takes prompts out of a copy: out of documents, rows, search index and malformed documents, so that no byte of them is left in the
 * file, its log, a file that was set aside, or a copy of the same database by another mapping, which goes. From its beginning nothing with a prompt is written any more; where it is cut off,
 * the copy says that it is being wiped, and it is begun anew. Nobody may write to the copy meanwhile; it may be read.
 * Takes seconds on a large copy. Errors: those of the copy; `timed_out` where a reader held the old pages until the end, which stay.
 * @param onProgress jobs rewritten so far
 * @param busyMs for tests, which have no time to wait for a reader
 */
export function withholdPrompts(
  file: string,
  onProgress: (jobs: number) => void = () => undefined,
  busyMs = BUSY_MS,
): Result<void, AppError> {
  return attemptSql(() => {
    const db = new Database(file, { timeout: busyMs });
    try {
      begin(db);
      rewrite(db, onProgress);
      // Pages that were given up hold what they held until the file is written anew. The temporary file belongs on the disk.
      db.pragma('temp_store = FILE');
      db.exec('VACUUM');
      writeBack(db);
      // Before it says that it is done: whatever ends it here begins it anew.
      dropOthers(file, sourceIn(db));
      db.exec('UPDATE standing SET is_wiping = 0');
    } finally {
      db.close();
    }
  });
}

/** SQLite tells in its answer, and with no error, that a reader was in the way: then the file and its log hold what they held. */
function writeBack(db: Database.Database): void {
  const isHeld = db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) !== 0;
  if (isHeld) throw new Database.SqliteError('a reader holds pages with prompts', 'SQLITE_BUSY');
}

function begin(db: Database.Database): void {
  db.transaction(() => {
    db.exec(`
      UPDATE standing SET keeps_prompts = 0, is_wiping = 1;
      DROP TABLE jobs_text;
      ${JOBS_TEXT_SQL}
      UPDATE malformed SET document = NULL WHERE part = 'jobs'`);
  }).immediate();
}

interface StandingRow extends RolledUpJob {
  readonly num: number;
}

function rewrite(db: Database.Database, onProgress: (jobs: number) => void): void {
  const page = db.prepare<[number, number], StandingRow>(
    `SELECT num, ${ROLLED_UP_COLUMNS.join(', ')} FROM jobs WHERE num > ? ORDER BY num LIMIT ?`,
  );
  // One by one: five hundred documents as large as one may be are more than a process can hold.
  const documentOf = db.prepare<[number], { document: Buffer }>('SELECT document FROM job_documents WHERE num = ?');
  const setDocument = db.prepare<[Buffer, number]>('UPDATE job_documents SET document = ? WHERE num = ?');
  const setColumns = db.prepare<[string, string | null, string, number]>(
    'UPDATE jobs SET prompt_start = ?, failure_message = ?, text_hash = ? WHERE num = ?',
  );
  const setFingerprint = db.prepare<[string | null, number]>('UPDATE jobs SET fingerprint = ? WHERE num = ?');
  const rollUps = new RollUps(db);
  const moveTo = (row: StandingRow, fingerprint: string | null): void => {
    if (fingerprint === row.fingerprint) return;
    setFingerprint.run(fingerprint, row.num);
    rollUps.remove(row);
    rollUps.add({ ...row, fingerprint });
  };
  const index = new JobTextIndex(db);
  let done = 0;
  const rewritePage = db.transaction((rows: readonly StandingRow[]) => {
    for (const row of rows) {
      const { num } = row;
      const stored = documentOf.get(num);
      const kept =
        stored === undefined
          ? null
          : keptOf(toCachedDocument(stored.document), { keptSinceMs: null, keepsPrompts: false });
      // Rows of the list were jobs when they were written, by a schema that may have been another: then nothing of it stays.
      if (kept?.type !== 'job') {
        setDocument.run(encodeDocument({}), num);
        setColumns.run('', row.failure_class === null ? null : '', '', num);
        moveTo(row, row.fingerprint === null ? null : fingerprintWith('', row.fingerprint));
        continue;
      }
      const text = searchTextOf(kept.job);
      const columns = toJobColumns(kept.job, text);
      setDocument.run(encodeDocument(kept.document), num);
      setColumns.run(columns.prompt_start, columns.failure_message, columns.text_hash, num);
      moveTo(row, columns.fingerprint);
      index.insert(num, text);
    }
    index.flush();
    rollUps.flush();
  });
  for (let after = Number.MIN_SAFE_INTEGER; ;) {
    const rows = page.all(after, REWRITTEN_AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return;
    rewritePage.immediate(rows);
    after = last.num;
    done += rows.length;
    onProgress(done);
  }
}

/** What was set aside is a copy too, with every prompt in it, and so is what was copied of the same database by another mapping. */
function dropOthers(file: string, source: string | null): void {
  const folder = path.dirname(file);
  const own = path.basename(file);
  const names = readdirSync(folder);
  const isOther = (name: string): boolean =>
    name.endsWith('.sqlite') && name !== own && source !== null && sourceOf(path.join(folder, name)) === source;
  const begins = [`${own}.set-aside-`, ...names.filter(isOther)];
  for (const name of names) {
    if (begins.some((begin) => name.startsWith(begin))) rmSync(path.join(folder, name), { force: true });
  }
}

/** What a copy is of; null where it does not say so, or is none. */
function sourceOf(file: string): string | null {
  let db: Database.Database | null = null;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) return null;
    return sourceIn(db);
  } catch (cause) {
    if (cause instanceof Database.SqliteError) return null;
    throw cause;
  } finally {
    db?.close();
  }
}

function sourceIn(db: Database.Database): string | null {
  return db.prepare<[], string | null>('SELECT source FROM standing').pluck().get() ?? null;
}
