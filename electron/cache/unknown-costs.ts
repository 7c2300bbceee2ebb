import type { Database } from 'better-sqlite3';
import { healthFactsOf } from '#domain/health/health-facts.ts';
import { ROLLED_UP_COLUMNS, type RolledUpJob } from './job-columns.ts';
import { toCachedDocument } from './parsed-documents.ts';
import { RollUps } from './roll-ups.ts';

/** How many rows are read at once; their documents are read one by one, because each may be of 16 MiB. */
const READ_ROWS = 2000;

/**
 * Finds the jobs that cost more than is known in a copy whose rows and roll-ups say of none that it does. Belongs into a transaction.
 * Throws for a document that is damaged, and what is thrown by who is told.
 * @param tell hears how many jobs have been read
 */
export function fillUnknownCosts(db: Database, tell: (jobsRead: number) => void): void {
  const page = db.prepare<[number], RolledUpJob & { readonly num: number }>(
    `SELECT num, ${ROLLED_UP_COLUMNS.join(', ')} FROM jobs WHERE num > ? ORDER BY num LIMIT ${READ_ROWS}`,
  );
  const mark = db.prepare<[number]>('UPDATE jobs SET is_cost_unknown = 1 WHERE num = ?');
  const isUnknown = unknownCostReader(db);
  const rollUps = new RollUps(db);
  let after = Number.MIN_SAFE_INTEGER;
  let read = 0;
  for (;;) {
    const rows = page.all(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const { num, ...row } of rows) {
      if (!isUnknown(num)) continue;
      mark.run(num);
      rollUps.remove(row);
      rollUps.add({ ...row, is_cost_unknown: 1 });
    }
    rollUps.flush();
    after = last.num;
    read += rows.length;
    tell(read);
  }
}

function unknownCostReader(db: Database): (num: number) => boolean {
  const one = db.prepare<[number], { document: Buffer }>('SELECT document FROM job_documents WHERE num = ?');
  return (num) => {
    const stored = one.get(num);
    if (stored === undefined) return false;
    const found = toCachedDocument(stored.document);
    // Rows of the list were jobs when they were written, by a schema that may have been another.
    return found.type === 'job' && healthFactsOf(found.job).isCostUnknown;
  };
}
