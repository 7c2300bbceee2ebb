import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { keptOf } from './copy-scope.ts';
import { encodeDocument } from './document-encoding.ts';
import { searchTextOf, toJobColumns } from './job-columns.ts';
import { JobTextIndex } from './job-text-index.ts';
import { toCachedDocument } from './parsed-documents.ts';
import { JOBS_TEXT_SQL } from './schema.ts';
import { attemptSql } from './sqlite-errors.ts';

/** Jobs that are rewritten in one transaction. */
const REWRITTEN_AT_ONCE = 500;
/** How long it waits for a reader that is in the way of the last step, in milliseconds: books are read in one go. */
const BUSY_MS = 60_000;

/**
 * Takes prompts out of a copy: out of documents, rows, search index and malformed documents, so that no byte of them is left in the
 * file, its log, or a file that was set aside. From its beginning nothing with a prompt is written any more; where it is cut off,
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
      db.exec('UPDATE standing SET is_wiping = 0');
    } finally {
      db.close();
    }
    dropAsides(file);
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

function rewrite(db: Database.Database, onProgress: (jobs: number) => void): void {
  const page = db.prepare<[number, number], { num: number; document: Buffer }>(
    'SELECT num, document FROM job_documents WHERE num > ? ORDER BY num LIMIT ?',
  );
  const setDocument = db.prepare<[Buffer, number]>('UPDATE job_documents SET document = ? WHERE num = ?');
  const setColumns = db.prepare<[string, string | null, string, number]>(
    'UPDATE jobs SET prompt_start = ?, failure_message = ?, text_hash = ? WHERE num = ?',
  );
  const emptyColumns = db.prepare<[number]>(
    "UPDATE jobs SET prompt_start = '', text_hash = '', failure_message = iif(failure_class IS NULL, NULL, '') WHERE num = ?",
  );
  const index = new JobTextIndex(db);
  let done = 0;
  const rewritePage = db.transaction((rows: readonly { num: number; document: Buffer }[]) => {
    for (const { num, document } of rows) {
      const kept = keptOf(toCachedDocument(document), { keptSinceMs: null, keepsPrompts: false });
      // Rows of the list were jobs when they were written, by a schema that may have been another: then nothing of it stays.
      if (kept?.type !== 'job') {
        setDocument.run(encodeDocument({}), num);
        emptyColumns.run(num);
        continue;
      }
      const text = searchTextOf(kept.job);
      const columns = toJobColumns(kept.job, text);
      setDocument.run(encodeDocument(kept.document), num);
      setColumns.run(columns.prompt_start, columns.failure_message, columns.text_hash, num);
      index.insert(num, text);
    }
    index.flush();
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

/** What was set aside is a copy too, with every prompt in it. */
function dropAsides(file: string): void {
  const folder = path.dirname(file);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${path.basename(file)}.set-aside-`)) rmSync(path.join(folder, name), { force: true });
  }
}
