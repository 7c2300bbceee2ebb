import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobFilterSchema } from '#contract/job-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, setupCache } from '../../support/cache-world.ts';

function searchIds(text: string): string[] {
  const world = setupCache();
  const cache = world.open();
  const jobs = [
    jobIn({ id: 'job-1a2b', prompt: 'A landing page about green tea', state: 'completed' }),
    jobIn({ id: 'job-9z', prompt: 'Green cars, fast tea', userId: 'anna@example.org' }),
    jobIn({ id: 'job-3', state: 'failed', failureMessage: 'Timeout after 30 s', prompt: 'Ünïcode café' }),
  ];
  expectOk(cache.writer.apply(jobs.map(jobChange), null));
  const page = expectOk(
    cache.reader.jobsPage({
      filter: jobFilterSchema.parse({ text }),
      sort: { column: 'createdAt', direction: 'ascending' },
      cursor: null,
      limit: 10,
    }),
  );
  world.end();
  return page.rows.map(({ id }) => id);
}

describe('a search', () => {
  it.each([
    ['words in any order', 'tea green', ['job-1a2b', 'job-9z']],
    ['a phrase', '"green tea"', ['job-1a2b']],
    ['the beginning of the last word', 'gre', ['job-1a2b', 'job-9z']],
    ['a beginning that is marked', 'lan* tea', ['job-1a2b']],
    ['no beginning where the last word is finished by a space', 'gre ', []],
    ['an id with punctuation', 'job-1a2b', ['job-1a2b']],
    ['a user', 'anna@example.org', ['job-9z']],
    ['one field only', 'error:timeout', ['job-3']],
    ['not in another field', 'prompt:timeout', []],
    ['a phrase in a field', 'error:"after 30"', ['job-3']],
    ['a reference to an output', 'artefact://job-1a2b.html', ['job-1a2b']],
    ['words across fields', 'job-3 timeout', ['job-3']],
    ['without accents', 'unicode cafe', ['job-3']],
    ['everything where nothing is typed', '  ', ['job-1a2b', 'job-3', 'job-9z']],
    ['no operator', 'green NOT tea', []],
    ['no column filter of a foreign name', 'kind:website', []],
  ])('finds %s', (_, text, ids) => {
    expect(searchIds(text)).toEqual(ids);
  });

  it('is a valid query whatever is typed', () => {
    const world = setupCache();
    const cache = world.open();
    expectOk(cache.writer.apply([jobChange(jobIn({ id: 'j1' }))], null));
    const typed = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .array(fc.constantFrom('"', '*', ':', '(', ')', 'AND', 'prompt:', '-', '^', '{', ' ', 'a', '\0', 'NEAR'), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(typed, (text) => {
        expect(cache.reader.countJobs(jobFilterSchema.parse({ text }))).toMatchObject({ ok: true });
      }),
      { numRuns: 500 },
    );
    world.end();
  });
});
