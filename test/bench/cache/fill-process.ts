import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import { openCache } from '#cache/open-cache.ts';
import type { CacheChange } from '#cache/changes.ts';
import { jobSchema } from '#domain/job.ts';
import { ledgerEntrySchema } from '#domain/ledger.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { BOOKS_AS_OF_MS, SeededBooks, type BooksBlock } from './seeded-books.ts';

const blockSchema = z.object({ jobs: z.array(jobSchema), entries: z.array(ledgerEntrySchema) });

/**
 * Fills a copy with seeded books, without a server: what the queries are measured on. Arguments: file, jobs, seed. The newest come
 * first, as a snapshot brings them: the other way round every page of the file would be left half empty.
 */
const [file = '', jobs = '0', seed = '1'] = process.argv.slice(2);
const books = new SeededBooks(Number(jobs), Number(seed));
const spool = spoolOf(books.blocks());
const cache = expectOk(openCache({ path: file, now: () => BOOKS_AS_OF_MS }));
const startedAt = performance.now();
for (const block of spool) {
  const changes: CacheChange[] = [
    ...block.jobs
      .toReversed()
      .map((job): CacheChange => ({ type: 'job', job: { type: 'job', job, document: { ...job } } })),
    ...block.entries.toReversed().map((entry): CacheChange => ({ type: 'entry', entry })),
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

/** Blocks the last one first; until then they stand in a file, because a million jobs would not fit into memory. */
function* spoolOf(blocks: Iterable<BooksBlock>): Iterable<BooksBlock> {
  const path = `${file}.spool`;
  const handle = openSync(path, 'w+');
  const places: { readonly at: number; readonly bytes: number }[] = [];
  let at = 0;
  for (const block of blocks) {
    const bytes = serialize(block);
    writeSync(handle, bytes, 0, bytes.length, at);
    places.push({ at, bytes: bytes.length });
    at += bytes.length;
  }
  for (const place of places.toReversed()) {
    const bytes = Buffer.alloc(place.bytes);
    readSync(handle, bytes, 0, place.bytes, place.at);
    yield blockSchema.parse(deserialize(bytes));
  }
  closeSync(handle);
  rmSync(path);
}
