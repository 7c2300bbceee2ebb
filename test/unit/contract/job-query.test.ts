import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobFilterSchema, type JobFilter, type Moment } from '#contract/job-views.ts';
import { parseJobQuery, printJobQuery } from '#contract/query/job-query.ts';
import { searchTermsOf } from '#contract/query/search-terms.ts';
import { splitQuery } from '#contract/query/tokens.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { jobStateSchema } from '#domain/job.ts';

const NOTHING = jobFilterSchema.parse({});

function read(query: string): Partial<JobFilter> {
  const { filter, problems } = parseJobQuery(query, 2);
  expect(problems).toEqual([]);
  const changed = Object.entries(filter).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(NOTHING[name as keyof JobFilter]),
  );
  return Object.fromEntries(changed);
}

const anyName = (length: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: length }),
    fc.constantFrom('a b', 'x,y', '"', '\\', 'state:failed', '', ' ', 'שלום', '../..', 'a"b\\"c'),
  );
const names = (length: number): fc.Arbitrary<string[]> => fc.uniqueArray(anyName(length), { maxLength: 4 });
const anyMoment: fc.Arbitrary<Moment> = fc.oneof(
  fc.record({ agoSeconds: fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom(60, 3600, 7200, 604_800)) }),
  fc.record({ atMs: fc.oneof(fc.integer({ min: 0, max: Date.UTC(9999, 0) }), fc.constant(Date.UTC(2026, 10, 24))) }),
);
const anyCredits = fc.option(fc.oneof(fc.nat(10_000), fc.constantFrom(0, 100, 5001, 9_000_000_000)));
const anyFilter: fc.Arbitrary<JobFilter> = fc.record({
  states: fc.subarray([...jobStateSchema.options]),
  kinds: names(100),
  classes: fc.subarray([...failureClassSchema.options]),
  providers: names(200),
  models: names(200),
  codes: names(100),
  creditsMin: anyCredits,
  creditsMax: anyCredits,
  since: fc.option(anyMoment),
  until: fc.option(anyMoment),
  workspaceId: fc.option(anyName(200)),
  userId: fc.option(anyName(200)),
  fingerprint: fc.option(anyName(200)),
  text: fc
    .oneof(anyName(200), fc.constantFrom('some words', '"exact words" tea', 'https://a.b/c', 'cost:x state:y'))
    // Blank words are no words: they are not printed.
    .map((text) => (text.trim() === '' ? '' : text))
    .filter((text) => text === '' || searchTermsOf(text).length > 0),
});

describe('a query of jobs', () => {
  it.each<[string, Partial<JobFilter>]>([
    ['', {}],
    ['state:failed', { states: ['failed'] }],
    ['state:failed,retrying state:failed', { states: ['failed', 'retrying'] }],
    ['State:FAILED', { states: ['failed'] }],
    ['kind:video provider:films', { kinds: ['video'], providers: ['films'] }],
    ['workspace:"two words" user:u1', { workspaceId: 'two words', userId: 'u1' }],
    ['class:rate_limit code:http_429', { classes: ['rate_limit'], codes: ['http_429'] }],
    ['cost:>50', { creditsMin: 5001 }],
    ['cost:>=50', { creditsMin: 5000 }],
    ['cost:<0.5', { creditsMax: 49 }],
    ['cost:10..50', { creditsMin: 1000, creditsMax: 5000 }],
    ['cost:12.34', { creditsMin: 1234, creditsMax: 1234 }],
    ['cost:>50 cost:>10 cost:<=80 cost:<=90', { creditsMin: 5001, creditsMax: 8000 }],
    ['cost:>50 cost:<20', { creditsMin: 5001, creditsMax: 1999 }],
    ['since:2h since:120m', { since: { agoSeconds: 7200 } }],
    ['since:2h', { since: { agoSeconds: 7200 } }],
    [
      'since:2026-11-24 until:2026-11-24T08:30Z',
      { since: { atMs: Date.UTC(2026, 10, 24) }, until: { atMs: Date.UTC(2026, 10, 24, 8, 30) } },
    ],
    ['tea "hot water" state:failed pot', { states: ['failed'], text: 'tea "hot water" pot' }],
    ['https://example.com/a', { text: 'https://example.com/a' }],
    ['text:"state:failed"', { text: 'state:failed' }],
    ['error:timeout', { text: 'error:timeout' }],
  ])('%s', (query, filter) => {
    expect(read(query)).toEqual(filter);
  });

  it.each([
    [
      'state:broken',
      'There is no state “broken”. Choose from queued, running, validating, completed, failed, retrying.',
    ],
    ['cost:>many', 'cost:>many is no amount. Write cost:>50, cost:<=20 or cost:10..50.'],
    ['cost:1.234', 'cost:1.234 is no amount. Write cost:>50, cost:<=20 or cost:10..50.'],
    ['since:yesterday', 'since:yesterday is no time. Write since:2h, since:7d or since:2026-11-24.'],
    ['since:2026-02-30', 'since:2026-02-30 is no time. Write since:2h, since:7d or since:2026-11-24.'],
    ['workspace:a workspace:b', 'Only one workspace can be asked for.'],
    ['kind:', 'kind: needs a value.'],
    ['text:', 'text: needs a value.'],
    ['text:""', 'text: needs a value.'],
    ['text:" "', 'text: needs a value.'],
    ['since:2h since:7d', 'Only one since can be asked for.'],
    ['until:2026-11-24 until:2h', 'Only one until can be asked for.'],
    ['💥👩‍👩‍👧', 'Words to search for need a letter or a digit.'],
    ['"?" -', 'Words to search for need a letter or a digit.'],
    ['text:!', 'Words to search for need a letter or a digit.'],
  ])('says what is wrong with %s, and does not restrict by it', (query, reason) => {
    const { filter, problems } = parseJobQuery(query, 2);
    expect(problems.map((problem) => problem.reason)).toEqual([reason]);
    expect({ ...filter, workspaceId: null, since: null, until: null }).toEqual(NOTHING);
  });

  it.each(['cost:>50', 'cost:>0', 'cost:<20', 'cost:10..50', 'since:2h', 'since:1w', 'since:2026-11-24'])(
    'is printed as people write it: %s',
    (query) => {
      expect(printJobQuery(parseJobQuery(query, 2).filter, 2)).toBe(query);
    },
  );

  it('that was printed is read back as the same filter', () => {
    fc.assert(
      fc.property(anyFilter, fc.integer({ min: 0, max: 4 }), (filter, creditScale) => {
        const printed = printJobQuery(filter, creditScale);
        expect(parseJobQuery(printed, creditScale)).toEqual({ filter, problems: [] });
      }),
      { numRuns: 1000 },
    );
  });

  it('of any text is a filter of the contract, and its pieces cover everything but spaces', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        'state:',
        'cost:',
        'since:',
        '"',
        ',',
        '\\',
        ' ',
        'failed',
        '>',
        '50',
        '..',
        'text:',
        'workspace:',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (query) => {
          const { filter } = parseJobQuery(query, 2);
          expect(jobFilterSchema.parse(filter)).toEqual(filter);
          const tokens = splitQuery(query);
          let at = 0;
          for (const { start, end } of tokens) {
            expect(query.slice(at, start).trim()).toBe('');
            expect(end).toBeGreaterThan(start);
            at = end;
          }
          expect(query.slice(at).trim()).toBe('');
          expect(parseJobQuery(printJobQuery(filter, 2), 2)).toEqual({ filter, problems: [] });
        },
      ),
      { numRuns: 1000 },
    );
  });
});
