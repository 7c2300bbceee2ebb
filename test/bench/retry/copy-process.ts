import { existsSync } from 'node:fs';
import { CACHED_PARTS, type CacheChange } from '#cache/changes.ts';
import { openCache } from '#cache/open-cache.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { BOOKS_AS_OF_MS, SeededBooks, type BooksBlock } from '../cache/seeded-books.ts';
import { outageOf } from './outage.ts';

/**
 * Fills a copy with seeded books and the jobs of an outage, in a process of its own so that its memory is not measured. One that is
 * there already is only said to be up to date. Arguments: file, jobs of the books, jobs of the outage, moment in milliseconds.
 */
const [file = '', books = '0', outage = '0', asOf = '0'] = process.argv.slice(2);
const isFilled = existsSync(file);
const cache = expectOk(openCache({ path: file, now: () => BOOKS_AS_OF_MS }));
if (!isFilled) {
  // A snapshot of nothing makes the copy complete; everything else then comes as changes.
  expectOk(cache.writer.openSnapshot(null));
  for (const part of CACHED_PARTS) {
    expectOk(cache.writer.applyPages([{ part, beforeId: null, changes: [], isLast: true }]));
  }
  const seeded = new SeededBooks(Number(books), 1);
  for (const block of seeded.blocks()) apply(block);
  for (const block of outageOf(Number(outage))) apply(block);
  const accounts = seeded.accounts().map((account): CacheChange => ({ type: 'account', account }));
  expectOk(cache.writer.apply(accounts, null));
}
expectOk(cache.writer.apply([], 'filled', Number(asOf)));
cache.close();

function apply({ jobs, entries }: BooksBlock): void {
  const changes: CacheChange[] = [
    ...jobs.map((job): CacheChange => ({ type: 'job', job: { type: 'job', job, document: { ...job } } })),
    ...entries.map((entry): CacheChange => ({ type: 'entry', entry })),
  ];
  expectOk(cache.writer.apply(changes, null));
}
