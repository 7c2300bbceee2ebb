import { Binary, Long } from 'bson';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import type { MalformedPage } from '#cache/reader.ts';
import { digestOf } from '#cache/digest.ts';
import { subjectOf, type CacheChange } from '#cache/changes.ts';
import { toJobDocument } from '#store/parsed-changes.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { expectHealthOf, rollUpsOf, rollUpsOfFresh } from './health-recount.ts';
import {
  accountOf,
  anyJobSpec,
  entryOf,
  jobChange,
  jobIn,
  malformedChange,
  NOW_MS,
  setupCache,
  type CacheWorld,
} from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;

beforeEach(() => {
  world = setupCache();
  cache = world.open();
});
afterEach(() => world.end());

const EVERYTHING = { afterId: null, throughId: null } as const;

function apply(...changes: CacheChange[]): ReturnType<Cache['writer']['apply']> {
  return cache.writer.apply(changes, null);
}

describe('what is written', () => {
  it('stands with the position that it came with', () => {
    expectOk(cache.writer.apply([jobChange(jobIn({ id: 'j1' }))], 'p1', 5));
    expect(expectOk(cache.reader.standing())).toMatchObject({ position: 'p1', asOfMs: 5 });
    expect(expectOk(cache.reader.counts())).toMatchObject({ total: 1, byKind: { website: 1 } });
  });

  it('names the job of a ledger entry that comes without its job', () => {
    expectOk(apply(jobChange(jobIn({ id: 'j1' }))));
    const change: CacheChange = { type: 'entry', entry: entryOf('e1', { jobId: 'j1' }) };
    expect(expectOk(apply(change))).toEqual({ jobIds: ['j1'], rows: 1 });
    expect(expectOk(apply(change))).toEqual({ jobIds: [], rows: 0 });
  });

  it('is counted as changed once, however often it comes', () => {
    const change = jobChange(jobIn({ id: 'j1' }));
    expect(expectOk(apply(change))).toEqual({ jobIds: ['j1'], rows: 1 });
    expect(expectOk(apply(change, change))).toEqual({ jobIds: [], rows: 0 });
  });

  it('is undone whole where one change of the batch cannot be written', () => {
    const broken = { ...jobIn({ id: 'j2' }), attempt: -1 };
    const outcome = cache.writer.apply([jobChange(jobIn({ id: 'j1' })), jobChange(broken)], 'p1');
    expect(outcome).toMatchObject({ ok: false, error: { code: 'cache_unusable' } });
    expect(expectOk(cache.reader.standing()).position).toBeNull();
    expect(expectOk(cache.reader.counts()).total).toBe(0);
    expectOk(apply(jobChange(jobIn({ id: 'j1' }))));
    expect(expectOk(cache.reader.counts()).total).toBe(1);
  });

  it('keeps the document with every type that it came with', () => {
    const job = jobIn({ id: 'j1' });
    const big = Long.fromBigInt(2n ** 60n);
    const document = { ...job, extra: { big, nan: Number.NaN, list: [null, new Date(5)] } };
    expectOk(apply({ type: 'job', job: { type: 'job', job, document } }));
    const read = expectOk(cache.reader.job('j1'));
    expect(read).toMatchObject({
      type: 'job',
      job,
      document: { extra: { nan: Number.NaN, list: [null, new Date(5)] } },
    });
    expect(read?.document).toMatchObject({ extra: { big } });
  });

  it('moves a document between the jobs and the malformed ones as it is mended and broken', () => {
    expectOk(apply(malformedChange({ _id: 'j1', state: 'lost' })));
    expect(expectOk(cache.reader.counts())).toMatchObject({ total: 0, malformed: 1 });
    expectOk(apply(jobChange(jobIn({ id: 'j1' }))));
    expect(expectOk(cache.reader.counts())).toMatchObject({ total: 1, malformed: 0 });
    expectOk(apply(malformedChange({ _id: 'j1', state: 'lost' })));
    expect(expectOk(cache.reader.counts())).toMatchObject({ total: 0, malformed: 1 });
    expectOk(apply({ type: 'deleted', part: 'jobs', id: 'j1' }));
    expect(expectOk(cache.reader.counts())).toMatchObject({ total: 0, malformed: 0 });
  });

  it('takes an entry and an account that cannot be read out of the books and lists them', () => {
    expectOk(apply({ type: 'entry', entry: entryOf('e1') }, { type: 'account', account: accountOf('w1') }));
    expectOk(
      apply(
        { type: 'unreadable', part: 'ledger', id: 'e1', hasTextId: true, reason: 'credits: no integer' },
        { type: 'unreadable', part: 'accounts', id: 'w1', hasTextId: true, reason: 'held: missing' },
      ),
    );
    expect(expectOk(cache.reader.documentCounts())).toEqual({ jobs: 0, accounts: 0, ledger: 0 });
    expect(expectOk(cache.reader.account('w1'))).toBeNull();
    expect(expectOk(cache.reader.malformedPage(null, 10)).rows.map(({ part, id }) => [part, id])).toEqual([
      ['accounts', 'w1'],
      ['ledger', 'e1'],
    ]);
  });

  it('has no content of an id that is text where it only lists another that reads the same', () => {
    expectOk(apply({ type: 'unreadable', part: 'ledger', id: '77', hasTextId: false, reason: '_id: no text' }));
    expect(expectOk(cache.reader.contentOf('ledger', '77'))).toBeNull();
  });

  it('shows an entry that was edited by hand as it is now', () => {
    expectOk(apply({ type: 'entry', entry: entryOf('e1') }));
    expectOk(apply({ type: 'entry', entry: entryOf('e1', { credits: 7 }) }));
    expect(expectOk(cache.reader.entriesOfJob('j1')).map(({ credits }) => credits)).toEqual([7]);
    expect(expectOk(cache.reader.entriesOfGeneration('g-j1'))).toEqual([entryOf('e1', { credits: 7 })]);
  });

  it('gives the account back as it came', () => {
    const account = accountOf('w1', { held: 5, holds: { g1: { credits: 5, at: new Date(NOW_MS) } } });
    expectOk(apply({ type: 'account', account }));
    expect(expectOk(cache.reader.account('w1'))).toEqual(account);
  });
});

describe('a document with a field that the driver marks its own values by', () => {
  it.each([{ _bsontype: 'ObjectId' }, { _bsontype: 'Foo', at: new Date(NOW_MS) }, { _bsontype: 5 }, { _bsontype: '' }])(
    'is kept as it is: %j',
    (found) => {
      const options = { ...jobIn({ id: 'j1' }).input.options, found, list: [found, { deeper: found }] };
      const job = jobIn({ id: 'j1' });
      const change = jobChange({ ...job, input: { ...job.input, options } });
      const malformed = malformedChange({ _id: 'bad', ...found });
      expectOk(apply(change, malformed));
      expect(expectOk(cache.reader.job('j1'))).toMatchObject({ document: { input: { options } } });
      expect(expectOk(cache.reader.digest({ part: 'jobs', afterId: null, throughId: null }))).toEqual(
        digestOf([change, malformed]),
      );
    },
  );
});

describe('a document with a vector that contradicts itself', () => {
  it('is kept with its bytes', () => {
    // Three bits of padding behind no bits at all.
    const vector = new Binary(Buffer.from([0x10, 3]), Binary.SUBTYPE_VECTOR);
    const malformed = malformedChange({ _id: 'bad', vector });
    expectOk(apply(malformed));
    const [row] = expectOk(cache.reader.malformedPage(null, 1)).rows;
    expect(row?.document).toEqual({ _id: 'bad', vector: new Binary(vector.value()) });
    expect(expectOk(cache.reader.digest({ part: 'jobs', afterId: null, throughId: null }))).toEqual(
      digestOf([malformed]),
    );
  });
});

describe('a document whose id is another type and the same text', () => {
  const odd = malformedChange({ _id: 77, state: 'lost' });
  const job = jobChange(jobIn({ id: '77' }));
  const gone: CacheChange = { type: 'deleted', part: 'jobs', id: '77', hasTextId: false };
  const held = (): object => {
    const { total, malformed } = expectOk(cache.reader.counts());
    return { total, malformed };
  };

  it('stands beside the job of that text, and goes without it', () => {
    expectOk(apply(odd, job));
    expect(held()).toEqual({ total: 1, malformed: 1 });
    expectOk(apply(odd));
    expect(held()).toEqual({ total: 1, malformed: 1 });
    expectOk(apply(gone));
    expect(held()).toEqual({ total: 1, malformed: 0 });
  });

  it('stands beside one of that text that is no job either, whichever comes first', () => {
    const ofText = malformedChange({ _id: '77', state: 'lost' });
    const listed = (limit: number): unknown[] => {
      const ids: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: MalformedPage = expectOk(cache.reader.malformedPage(cursor === '' ? null : cursor, limit));
        ids.push(...page.rows.map(({ document }) => document?.['_id']));
        cursor = page.nextCursor;
      }
      return ids;
    };
    for (const changes of [
      [odd, ofText],
      [ofText, odd],
    ]) {
      expectOk(apply(...changes));
      expect(expectOk(cache.reader.digest({ part: 'jobs', ...EVERYTHING }))).toEqual(digestOf([ofText]));
      expect(held()).toEqual({ total: 0, malformed: 2 });
      expect(listed(1)).toEqual([77, '77']);
      expect(listed(9)).toEqual([77, '77']);
      expect(expectOk(cache.reader.job('77'))).toMatchObject({ document: { _id: '77' } });
      expectOk(apply(gone));
      expect(held()).toEqual({ total: 0, malformed: 1 });
      expect(expectOk(cache.reader.digest({ part: 'jobs', ...EVERYTHING }))).toEqual(digestOf([ofText]));
    }
    expectOk(apply({ type: 'deleted', part: 'jobs', id: '77' }));
    expect(held()).toEqual({ total: 0, malformed: 0 });
  });

  it('tells nothing of the job that a page of a snapshot brings', () => {
    expectOk(cache.writer.openSnapshot('p0'));
    expectOk(cache.writer.apply([gone], 'p1'));
    expectOk(cache.writer.applyPages([{ part: 'jobs', beforeId: null, changes: [job], isLast: true }]));
    expect(held()).toEqual({ total: 1, malformed: 0 });
  });

  it('is listed where it begins with what ends a text elsewhere', () => {
    const { _id, ...rest } = jobIn({ id: 'x' });
    expectOk(apply({ type: 'job', job: toJobDocument({ ...rest, _id: `\0${_id}` }) }));
    expect(held()).toEqual({ total: 0, malformed: 1 });
  });

  it('has an id whatever that holds', () => {
    expectOk(apply(malformedChange({ _id: { toString: 1, valueOf: 2 }, state: 'lost' })));
    expect(held()).toEqual({ total: 0, malformed: 1 });
  });
});

describe('properties', () => {
  const anyChange: fc.Arbitrary<CacheChange> = fc.oneof(
    { weight: 6, arbitrary: anyJobSpec.map((spec) => jobChange(jobIn(spec))) },
    anyJobSpec.map(({ id }) => malformedChange({ _id: id, state: 'lost' })),
    anyJobSpec.map(({ id }): CacheChange => ({ type: 'deleted', part: 'jobs', id })),
    fc
      .record({ id: fc.constantFrom('e1', 'e2', 'e3'), credits: fc.nat(3) })
      .map(({ id, credits }): CacheChange => ({ type: 'entry', entry: entryOf(id, { credits }) })),
    fc.constantFrom('e1', 'e2').map((id): CacheChange => ({ type: 'deleted', part: 'ledger', id })),
    fc.constantFrom('e1', 'w1').map((id): CacheChange => ({
      type: 'unreadable',
      part: id === 'e1' ? 'ledger' : 'accounts',
      id,
      hasTextId: true,
      reason: 'r',
    })),
    fc.nat(3).map((version): CacheChange => ({ type: 'account', account: accountOf('w1', { version }) })),
  );

  it('roll-ups equal a full recount after any sequence of changes, and rows the last change of each document', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyChange, { maxLength: 12 }), { maxLength: 8 }), (batches) => {
        const own = setupCache();
        const copy = own.open();
        const last = new Map<string, CacheChange>();
        for (const batch of batches) {
          expectOk(copy.writer.apply(batch, 'p'));
          for (const change of batch) last.set(`${subjectOf(change).part} ${subjectOf(change).id}`, change);
        }
        const standing = [...last.values()].filter(({ type }) => type !== 'deleted');
        const jobs = standing.flatMap((change) =>
          change.type === 'job' && change.job.type === 'job' ? [change.job.job] : [],
        );
        const counts = expectOk(copy.reader.counts());
        expect(counts.total).toBe(jobs.length);
        for (const [state, count] of Object.entries(counts.byState)) {
          expect(count).toBe(jobs.filter((job) => job.state === state).length);
        }
        expect(counts.malformed).toBe(
          standing.filter(
            (change) => change.type === 'unreadable' || (change.type === 'job' && change.job.type === 'malformed'),
          ).length,
        );
        expect(rollUpsOf(own.file)).toEqual(rollUpsOfFresh(jobs.map(jobChange)));
        expectHealthOf(copy.reader, jobs);
        for (const part of ['jobs', 'accounts', 'ledger'] as const) {
          const ofPart = standing.filter((change) => subjectOf(change).part === part);
          expect(expectOk(copy.reader.digest({ part, ...EVERYTHING }))).toEqual(digestOf(ofPart));
        }
        own.end();
      }),
      { numRuns: 60 },
    );
  });
});

describe('a range digest', () => {
  it('covers what is behind the first id up to and with the last', () => {
    const changes = ['a', 'b', 'c', 'd'].map((id) => jobChange(jobIn({ id })));
    expectOk(apply(...changes));
    expect(expectOk(cache.reader.digest({ part: 'jobs', afterId: 'a', throughId: 'c' }))).toEqual(
      digestOf(changes.slice(1, 3)),
    );
  });
});
