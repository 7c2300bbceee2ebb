import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheChange } from '#cache/changes.ts';
import { toFtsQuery } from '#cache/search-query.ts';
import { WordsBeginning } from '#cache/words-beginning.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

/** More words with one beginning than are looked for one by one. */
const MANY = Array.from({ length: 12 }, (_, n) => `lighthouse${n}`);
const WORDS = 'photograph Photographs photographer photographé photo a of http://photographs lighthouses'.split(' ');
const anyWord = fc.constantFrom(...MANY, ...WORDS);
const anyPrompt = fc.array(anyWord, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));
// prettier-ignore
const TYPED = [
  'photograp', 'photograph', 'photographers', 'Photographer*', 'a photograph', '"of a" photograp', 'photograp* lighthou', 'photographé',
  'lighthou', 'lighthouse1', '"photographé lighthouse1', 'photographé-lighthouse1', 'prompt:photograp', 'error:photograp', 'http://photogr', 'photograp ', 'photograpx', 'photogra:phs',
];
const anyTyped = fc.constantFrom(...TYPED);

function setup(prompts: readonly string[]): CacheWorld {
  const world = setupCache();
  const jobs = prompts.map((prompt, n) =>
    jobIn({ id: `j${n}`, prompt, createdAtMs: NOW_MS - n * 1000, state: 'failed', failureMessage: 'photographs' }),
  );
  expectOk(world.open().writer.apply(jobs.map(jobChange), null));
  return world;
}

/** What FTS5 itself finds with the beginning. */
function foundByFts(file: string, text: string): ReadonlySet<number> {
  const db = new Database(file, { readonly: true });
  const nums = db
    .prepare<[string | null], { id: string }>(
      'SELECT id FROM jobs JOIN (SELECT rowid AS hit FROM jobs_text WHERE jobs_text MATCH ?) ON num = hit',
    )
    .all(toFtsQuery(text))
    .map(({ id }) => Number(id.slice(1)));
  db.close();
  return new Set(nums);
}

function foundByUs(world: CacheWorld, text: string): ReadonlySet<number> {
  const { reader } = world.open();
  const filter = jobFilterSchema.parse({ text });
  const sort = { column: 'createdAt', direction: 'descending' } as const;
  const { rows } = expectOk(reader.jobsPage({ filter, sort, cursor: null, limit: 100 }));
  expect(expectOk(reader.countJobs(filter)).count).toBe(rows.length);
  return new Set(rows.map(({ id }) => Number(id.slice(1))));
}

describe('a long word that is being typed', () => {
  it('finds what its beginning finds, however many words have it', () => {
    fc.assert(
      fc.property(
        fc.array(anyPrompt, { minLength: 1, maxLength: 12 }),
        fc.array(anyTyped, { minLength: 4, maxLength: 4 }),
        fc.nat(11),
        (prompts, typed, deleted) => {
          const world = setup(prompts);
          const gone: CacheChange = { type: 'deleted', part: 'jobs', id: `j${deleted}` };
          expectOk(world.open().writer.apply([gone], null));
          for (const text of typed) expect(foundByUs(world, text)).toEqual(foundByFts(world.file, text));
          world.end();
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['each word that begins so', 'photograp', ['photograph', 'photographer']],
    ['none where nothing begins so', 'photographic', []],
    ['nothing for a beginning that has an index', 'photogr', null],
    ['nothing for one of too many words', 'lighthou', null],
  ])('is taken for %s', (_, beginning, words) => {
    const world = setup([`photograph Photographer photo ${MANY.join(' ')}`]);
    const db = new Database(world.file, { readonly: true });
    const read = new WordsBeginning(db).read(beginning);
    // The message of each failure has a word of its own.
    expect(read?.filter((word) => word !== 'photographs') ?? null).toEqual(words);
    db.close();
    world.end();
  });

  it('is looked for in the index that stands, also where it was built anew meanwhile', () => {
    const world = setup(['a photographer']);
    const { reader } = world.open();
    const filter = jobFilterSchema.parse({ text: 'prompt:photograp' });
    expect(expectOk(reader.countJobs(filter)).count).toBe(1);
    expectOk(withholdPrompts(world.file));
    expect(expectOk(reader.countJobs(filter)).count).toBe(0);
    expect(expectOk(reader.countJobs(jobFilterSchema.parse({ text: 'error:photograp' }))).count).toBe(1);
    world.end();
  });
});
