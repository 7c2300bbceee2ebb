import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { HealthQuery } from '#contract/health-views.ts';
import { LIST_COLUMNS, toJobRow, type ListColumns } from '#cache/job-columns.ts';
import { SORT_COLUMNS } from '#cache/job-query.ts';
import { openCache } from '#cache/open-cache.ts';
import { encodeCursor } from '#cache/page-cursor.ts';
import type { CacheReader } from '#cache/reader.ts';
import { JOB_PAGE_ROWS, jobFilterSchema, jobSortSchema, type JobSort } from '#contract/job-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { SeededRandom } from '../worlds/seeded-random.ts';
import { benchCase, quantile, WARMING_ROUNDS, type BenchCase } from '../figures.ts';
import { BOOKS_AS_OF_MS } from './seeded-books.ts';
import { peakMemoryMb } from '../peak-memory.ts';

/**
 * Measures what a window asks, on a filled copy. Arguments: file, rounds, and how many answers are measured at least where a share of
 * all is told. Prints the cases as JSON.
 */
const [file = '', roundsText = '40', samplesText = '0'] = process.argv.slice(2);
const rounds = Number(roundsText);
const samplesMin = Number(samplesText);
/** Longer than this no question is repeated for more answers, in milliseconds. */
const SAMPLES_MS_MAX = 10_000;
const cache = expectOk(openCache({ path: file, now: () => BOOKS_AS_OF_MS }));
const plain = new Database(file, { readonly: true });
const total = expectOk(cache.reader.counts()).total;
const random = new SeededRandom(7);
const cases: BenchCase[] = [];

function timed<Value>(work: () => Value): { readonly ms: number; readonly value: Value } {
  const startedAt = performance.now();
  const value = work();
  return { ms: performance.now() - startedAt, value };
}

function measurePages(reader: CacheReader, sort: JobSort): { readonly keyset: number[]; readonly offset: number[] } {
  const column = SORT_COLUMNS[sort.column];
  const way = sort.direction === 'ascending' ? 'ASC' : 'DESC';
  const order = `${column} ${way}, id ${way}`;
  const byOffset = plain.prepare<[number, number], ListColumns>(
    `SELECT ${LIST_COLUMNS} FROM jobs ORDER BY ${order} LIMIT ? OFFSET ?`,
  );
  const keyset: number[] = [];
  const offset: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Half way down, and near the end.
    const depth = Math.floor(total * (round % 2 === 0 ? 0.5 : 0.9)) + random.between(0, Math.floor(total / 50));
    const before = byOffset.all(1, depth - 1)[0];
    if (before === undefined) throw new Error('the copy is smaller than it says');
    const cursor = encodeCursor(sort, { value: before[column], id: before.id });
    const ours = timed(() =>
      reader.jobsPage({ filter: jobFilterSchema.parse({}), sort, cursor, limit: JOB_PAGE_ROWS }),
    );
    const theirs = timed(() => byOffset.all(JOB_PAGE_ROWS, depth).map(toJobRow));
    const rows = expectOk(ours.value).rows;
    if (JSON.stringify(rows) !== JSON.stringify(theirs.value)) throw new Error(`the pages by ${order} differ`);
    if (round < WARMING_ROUNDS) continue;
    keyset.push(ours.ms);
    offset.push(theirs.ms);
  }
  return { keyset, offset };
}

const allKeyset: number[] = [];
const allOffset: number[] = [];
for (const column of jobSortSchema.shape.column.options) {
  for (const direction of jobSortSchema.shape.direction.options) {
    const { keyset, offset } = measurePages(cache.reader, { column, direction });
    allKeyset.push(...keyset);
    allOffset.push(...offset);
    cases.push(
      benchCase({
        name: `page of ${JOB_PAGE_ROWS} by ${column} ${direction}, p50 at half and nine tenths`,
        unit: 'ms',
        ours: quantile(keyset, 0.5),
        peer: quantile(offset, 0.5),
        peerName: 'OFFSET',
      }),
    );
  }
}
for (const share of [0.5, 0.95, 0.99]) {
  cases.push(
    benchCase({
      name: `page of ${JOB_PAGE_ROWS}, every order, p${share * 100}`,
      unit: 'ms',
      ours: quantile(allKeyset, share),
      peer: quantile(allOffset, share),
      peerName: 'OFFSET',
      ...(share === 0.99 ? { aim: 'p99 below 2 ms', isReached: quantile(allKeyset, share) < 2 } : {}),
    }),
  );
}

function measure(name: string, questions: readonly (() => unknown)[], limitMs: number | null): void {
  const times: number[] = [];
  const startedAt = performance.now();
  // A share of 99 in a hundred says something of hundreds of answers only; of a few it is the slowest, whoever slowed it down.
  const isEnough = (): boolean => times.length >= samplesMin || performance.now() - startedAt > SAMPLES_MS_MAX;
  for (let round = 0; round < rounds + 2 || !isEnough(); round += 1) {
    for (const question of questions) {
      const { ms } = timed(question);
      if (round >= 2) times.push(ms);
    }
  }
  for (const share of [0.5, 0.99]) {
    const aim = limitMs !== null && share === 0.99;
    cases.push(
      benchCase({
        name: `${name}, p${share * 100}`,
        unit: 'ms',
        ours: quantile(times, share),
        ...(aim ? { aim: `p99 below ${limitMs} ms`, isReached: quantile(times, share) < limitMs } : {}),
      }),
    );
  }
}

const NEWEST: JobSort = { column: 'createdAt', direction: 'descending' };
const search =
  (text: string): (() => unknown) =>
  () =>
    expectOk(
      cache.reader.jobsPage({ filter: jobFilterSchema.parse({ text }), sort: NEWEST, cursor: null, limit: 100 }),
    );
measure('search for a common word', [search('website'), search('please')], 10);
measure('search for two words and a beginning', [search('warm bak'), search('oslo tiny mus')], 10);
measure('search for a phrase', [search('"for a bakery in Oslo"'), search('"two languages"')], 10);
measure('search in a field', [search('error:quota'), search('error:"rate limit"'), search('user:"ws-0001-u1"')], 10);
measure('search for a long word that is being typed', [search('gradients'), search('photographer')], 10);
measure('search for a rare word', [search('axolotl'), search('theremin')], 10);

const filtered =
  (given: object): (() => unknown) =>
  () =>
    expectOk(
      cache.reader.jobsPage({ filter: jobFilterSchema.parse(given), sort: NEWEST, cursor: null, limit: JOB_PAGE_ROWS }),
    );
measure('first page of one state', [filtered({ states: ['failed'] }), filtered({ states: ['queued', 'running'] })], 50);
measure('first page of a workspace', [filtered({ workspaceId: 'ws-0001' }), filtered({ workspaceId: 'ws-0009' })], 50);
measure('first page of a kind and a class', [filtered({ kinds: ['video'], classes: ['provider', 'input'] })], 50);
measure(
  'counts of filters',
  [
    () => expectOk(cache.reader.countJobs(jobFilterSchema.parse({ states: ['failed'], kinds: ['image'] }))),
    () => expectOk(cache.reader.countJobs(jobFilterSchema.parse({ workspaceId: 'ws-0001' }))),
    () => expectOk(cache.reader.countJobs(jobFilterSchema.parse({ text: 'website' }))),
  ],
  50,
);

const ANY = { kind: null, provider: null, model: null, workspaceId: null };
const HOUR_MS = 3_600_000;
const health =
  (hours: number, given: Partial<HealthQuery>): (() => unknown) =>
  () =>
    expectOk(
      cache.reader.health({
        fromMs: BOOKS_AS_OF_MS - hours * HOUR_MS,
        toMs: BOOKS_AS_OF_MS,
        groupBy: null,
        filter: ANY,
        ...given,
      }),
    );
measure('health of the last hours', [health(1, {}), health(24, {}), health(24, { groupBy: 'kind' })], 10);
measure(
  'health of a week',
  [health(168, {}), health(168, { groupBy: 'provider' }), health(168, { groupBy: 'model' })],
  10,
);
measure(
  'health of ninety days',
  [health(2160, {}), health(2160, { groupBy: 'kind' }), health(2160, { filter: { ...ANY, kind: 'video' } })],
  10,
);
measure('health of a day by workspace', [health(24, { groupBy: 'workspace' })], 50);
measure('health of ninety days by workspace', [health(2160, { groupBy: 'workspace' })], 50);
measure(
  'health of ninety days by workspace, of a kind, a provider or a model',
  [{ kind: 'image' }, { provider: 'openai' }, { model: 'claude-6' }].map((of) =>
    health(2160, { groupBy: 'workspace', filter: { ...ANY, ...of } }),
  ),
  50,
);
measure('health of a workspace over ninety days', [health(2160, { filter: { ...ANY, workspaceId: 'ws-0003' } })], 50);
measure(
  'groups of failures of a week',
  [
    () =>
      expectOk(
        cache.reader.failureGroups({
          fromMs: BOOKS_AS_OF_MS - 168 * HOUR_MS,
          toMs: BOOKS_AS_OF_MS,
          workspaceId: null,
          classes: [],
          limit: 100,
        }),
      ),
  ],
  50,
);
measure(
  'groups of failures of ninety days',
  [
    () =>
      expectOk(
        cache.reader.failureGroups({
          fromMs: BOOKS_AS_OF_MS - 2160 * HOUR_MS,
          toMs: BOOKS_AS_OF_MS,
          workspaceId: null,
          classes: [],
          limit: 100,
        }),
      ),
  ],
  50,
);

const bytes = statSync(file).size;
cases.push(benchCase({ name: 'size on disk of a job with its three entries', unit: 'bytes', ours: bytes / total }));
const rssMb = peakMemoryMb();
cases.push(
  benchCase({
    name: 'memory of a process that answers queries, at most',
    unit: 'MB',
    ours: rssMb,
    aim: 'below 400 MB',
    isReached: rssMb < 400,
  }),
);
plain.close();
cache.close();
process.stdout.write(`${JSON.stringify(cases)}\n`);
