import { openCache } from '#cache/open-cache.ts';
import type { CacheChange } from '#cache/changes.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { BOOKS_AS_OF_MS, SeededBooks } from './seeded-books.ts';

/** Fills a copy with seeded books, without a server: what the queries are measured on. Arguments: file, jobs, seed. */
const [file = '', jobs = '0', seed = '1'] = process.argv.slice(2);
const cache = expectOk(openCache({ path: file, now: () => BOOKS_AS_OF_MS }));
const books = new SeededBooks(Number(jobs), Number(seed));
const startedAt = performance.now();
for (const block of books.blocks()) {
  const changes: CacheChange[] = [
    ...block.jobs.map((job): CacheChange => ({ type: 'job', job: { type: 'job', job, document: { ...job } } })),
    ...block.entries.map((entry): CacheChange => ({ type: 'entry', entry })),
  ];
  expectOk(cache.writer.apply(changes, null));
}
expectOk(
  cache.writer.apply(
    books.accounts().map((account): CacheChange => ({ type: 'account', account })),
    'filled',
    BOOKS_AS_OF_MS,
  ),
);
cache.close();
process.stdout.write(`${JSON.stringify({ fillMs: performance.now() - startedAt })}\n`);
