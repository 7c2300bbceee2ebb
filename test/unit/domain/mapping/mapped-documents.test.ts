import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJob, type Job } from '#domain/job.ts';
import { MAPPED_PARTS } from '#domain/mapping/canonical-fields.ts';
import { jobMappingSchema, NO_MAPPING, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toOurs, toTheirs } from '#domain/mapping/mapped-documents.ts';
import {
  foreignDocument,
  mappingArbitrary,
  unknownElementFieldsOf,
  withUnknownElementFields,
} from '../../../support/mapping-arbitrary.ts';
import { walk, walkStep } from '../../../support/model-walk.ts';
import { queuedJob } from '../../../support/job-builder.ts';
import { SHOP_MAPPING } from '../../../support/shop-mapping.ts';

const SHOP: JobMapping = jobMappingSchema.parse({
  ...NO_MAPPING,
  collections: { jobs: 'render_tasks', accounts: 'wallets', ledger: 'wallet_moves' },
  fields: {
    jobs: [
      { ours: 'state', theirs: 'status', form: { type: 'same' } },
      { ours: 'workspaceId', theirs: 'owner.team', form: { type: 'same' } },
      { ours: 'createdAt', theirs: 'created', form: { type: 'date_iso' } },
      { ours: 'notBefore', theirs: 'run_at', form: { type: 'date_epoch_ms' } },
      { ours: 'billing.price', theirs: 'cost', form: { type: 'credits_whole', decimals: 2 } },
      { ours: 'failure.message', theirs: 'error', form: { type: 'same' } },
    ],
    accounts: [],
    ledger: [],
  },
  states: { ...NO_MAPPING.states, queued: ['pending'], failed: ['error', 'aborted'] },
});
const jobs = mappedCollection(SHOP, 'jobs');

/** A job as the parser gives it, whatever way it went: absent and null are one where they mean the same. */
function parsedJob(document: unknown): Job {
  const parsed = parseJob(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const steps = fc.array(walkStep, { maxLength: 12 });

describe('documents through a mapping', () => {
  it('gives every document back as it was, whatever it holds, where nothing was changed', () => {
    fc.assert(
      fc.property(mappingArbitrary, fc.constantFrom(...MAPPED_PARTS), foreignDocument, (mapping, part, theirs) => {
        const collection = mappedCollection(mapping, part);
        expect(toTheirs(collection, toOurs(collection, theirs), theirs)).toEqual(theirs);
      }),
      { numRuns: 500 },
    );
  });

  it('gives every job back as it was after it was new there', () => {
    fc.assert(
      fc.property(mappingArbitrary, steps, (mapping, walked) => {
        const { job } = walk(walked);
        const collection = mappedCollection(mapping, 'jobs');
        expect(parsedJob(toOurs(collection, toTheirs(collection, { ...job }, null)))).toEqual(job);
      }),
      { numRuns: 300 },
    );
  });

  it('gives every job back as it was after it was written over any document, of which every other field stays', () => {
    fc.assert(
      fc.property(mappingArbitrary, steps, steps, foreignDocument, (mapping, first, then, other) => {
        const collection = mappedCollection(mapping, 'jobs');
        const { job } = walk(then);
        const before = { ...toTheirs(collection, { ...walk(first).job }, null), extra: other, _id: job._id };
        const after = toTheirs(collection, { ...job }, before);
        expect(parsedJob(toOurs(collection, after))).toEqual(job);
        expect(after['extra']).toEqual(other);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what nobody knows in the elements of lists, also where others are put before, between and behind them or taken out', () => {
    const places = fc.array(fc.nat(20), { maxLength: 4 });
    fc.assert(
      fc.property(mappingArbitrary, steps, places, (mapping, walked, out) => {
        const collection = mappedCollection(mapping, 'jobs');
        const { job } = walk(walked);
        const before = withUnknownElementFields(collection, toTheirs(collection, { ...job }, null));
        const changed = {
          ...job,
          history: [
            ...job.history.filter(({ seq }) => !out.includes(seq)),
            ...job.history.slice(-1).map((entry) => ({ ...entry, seq: 99 })),
          ],
          attempts: job.attempts.map((attempt) => ({ ...attempt, providerCost: 7 })),
        };
        const after = toTheirs(collection, changed, before);
        expect(parsedJob(toOurs(collection, after))).toEqual(changed);
        const isApart = collection.fields.some(({ ours, elements }) => ours === 'history' && elements !== null);
        const lost = isApart ? job.history.filter(({ seq }) => out.includes(seq)).length : 0;
        expect(unknownElementFieldsOf(after)).toBe(unknownElementFieldsOf(before) - lost);
      }),
      { numRuns: 300 },
    );
  });

  it('reads and writes elements of lists by their own names, states and forms', () => {
    const shop = mappedCollection(SHOP_MAPPING, 'jobs');
    const theirs = {
      _id: 'a',
      log: [
        {
          seq: 1,
          old_status: null,
          new_status: 'scheduled',
          logged_at: '2026-11-28T09:30:00.000Z',
          by: 'sue',
          mood: 'well',
        },
      ],
      tries: [{ no: 1, begun_at: '2026-11-28T09:30:00.000Z', ended_at: null, error: null, desk: 4 }],
    };
    const at = new Date('2026-11-28T09:30:00.000Z');
    const ours = toOurs(shop, theirs);
    expect(ours).toEqual({
      _id: 'a',
      history: [{ seq: 1, from: null, to: 'queued', at, actor: { id: 'sue' }, mood: 'well' }],
      attempts: [{ n: 1, startedAt: at, endedAt: null, desk: 4 }],
    });
    const [entry] = theirs.log;
    const next = { seq: 2, from: 'queued', to: 'running', at, actor: { id: 'r1' } };
    const written = toTheirs(
      shop,
      { ...ours, history: [{ seq: 1, from: null, to: 'queued', at, actor: { id: 'sue' } }, next] },
      theirs,
    );
    expect(written).toEqual({
      ...theirs,
      log: [
        entry,
        { seq: 2, old_status: 'pending', new_status: 'active', logged_at: '2026-11-28T09:30:00.000Z', by: 'r1' },
      ],
    });
  });

  it('leaves the names of states in a list alone where no pair says that they are other ones', () => {
    const words = { ...NO_MAPPING.states, queued: ['pending'] };
    const saved = {
      ...NO_MAPPING,
      fields: { ...NO_MAPPING.fields, jobs: [{ ours: 'history', theirs: 'log', form: { type: 'same' } }] },
      states: words,
    };
    const collection = mappedCollection(jobMappingSchema.parse(saved), 'jobs');
    expect(toOurs(collection, { _id: 'a', state: 'pending', log: [{ to: 'queued' }] })).toEqual({
      _id: 'a',
      state: 'queued',
      history: [{ to: 'queued' }],
    });
  });

  it('reads names, states, dates and credits as the mapping says', () => {
    const ours = toOurs(jobs, {
      _id: 'a',
      status: 'aborted',
      owner: { team: 'w1', seats: 4 },
      created: '2026-11-28T09:30:00.000Z',
      run_at: 5,
      cost: 12.5,
      error: 'no',
      colour: 'red',
    });
    expect(ours).toEqual({
      _id: 'a',
      state: 'failed',
      workspaceId: 'w1',
      createdAt: new Date('2026-11-28T09:30:00.000Z'),
      notBefore: new Date(5),
      billing: { price: 1250 },
      failure: { message: 'no' },
      colour: 'red',
    });
  });

  it('keeps what only looks like a field of ours out of the job, and in the document', () => {
    const theirs = { _id: 'a', status: 'pending', state: 'Bavaria', owner: { team: 'w1' }, workspaceId: 'desk 4' };
    const ours = toOurs(jobs, theirs);
    expect(ours).toEqual({ _id: 'a', state: 'queued', workspaceId: 'w1' });
    expect(toTheirs(jobs, { ...ours, state: 'running' }, theirs)).toEqual({ ...theirs, status: 'running' });
  });

  it('leaves the second name of a state as it is for as long as the state is that', () => {
    const theirs = { _id: 'a', status: 'aborted', error: 'no', attempt: 1 };
    const ours = toOurs(jobs, theirs);
    expect(toTheirs(jobs, { ...ours, attempt: 2 }, theirs)).toEqual({ ...theirs, attempt: 2 });
  });

  it.each<{ what: string; theirs: Record<string, unknown>; path: string }>([
    { what: 'a state that nobody named', theirs: { status: 'running?' }, path: 'state' },
    { what: 'a name of ours that stands for nothing there', theirs: { status: 'queued' }, path: 'state' },
    { what: 'a date written otherwise', theirs: { created: '2026-11-28 09:30' }, path: 'createdAt' },
    { what: 'a date where a text should be', theirs: { created: new Date(0) }, path: 'createdAt' },
    { what: 'a date where a number should be', theirs: { run_at: new Date(0) }, path: 'notBefore' },
    { what: 'a part of the smallest unit', theirs: { cost: 1.005 }, path: 'billing.price' },
    { what: 'an amount as text', theirs: { cost: '3' }, path: 'billing.price' },
  ])('is no job with $what', ({ theirs, path }) => {
    const sound = toTheirs(jobs, { ...queuedJob({ id: 'a' }) }, null);
    expect(parsedJob(toOurs(jobs, sound))._id).toBe('a');
    const parsed = parseJob(toOurs(jobs, { ...sound, ...theirs }));
    expect(parsed.ok ? [] : parsed.error.problems.map((problem) => problem.path)).toContain(path);
  });

  it('reads an object as absent where every field of it is null there', () => {
    expect(toOurs(jobs, { _id: 'a', status: 'pending', error: null })).toEqual({
      _id: 'a',
      state: 'queued',
      failure: null,
    });
  });
});

describe('a mapping', () => {
  const pair = (ours: string, theirs: string, type: 'same' | 'date_iso' = 'same') => ({ ours, theirs, form: { type } });
  it.each<{ what: string; change: Partial<Record<'fields' | 'states' | 'collections', unknown>> }>([
    {
      what: 'a field of ours that there is none of',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('colour', 'c')] } },
    },
    {
      what: 'a field of ours twice',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'a'), pair('kind', 'b')] } },
    },
    {
      what: 'an object and a field of it',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('input', 'a'), pair('input.prompt', 'b')] } },
    },
    {
      what: 'one field of theirs for two',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'a'), pair('userId', 'a')] } },
    },
    {
      what: 'a field of theirs that stands for its namesake',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'userId')] } },
    },
    {
      what: 'a field of theirs within another',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'a'), pair('userId', 'a.b')] } },
    },
    { what: 'a text as a date', change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'a', 'date_iso')] } } },
    {
      what: 'a field of elements outside of where its list stands',
      change: {
        fields: { ...NO_MAPPING.fields, jobs: [pair('history', 'log'), pair('history[].seq', 'history[].no')] },
      },
    },
    {
      what: 'a field of elements that there is none of',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('history[].colour', 'history[].c')] } },
    },
    {
      what: 'one field of their elements for two',
      change: {
        fields: {
          ...NO_MAPPING.fields,
          jobs: [pair('history[].seq', 'history[].no'), pair('history[].to', 'history[].no')],
        },
      },
    },
    {
      what: 'an object of elements and a field of it',
      change: {
        fields: {
          ...NO_MAPPING.fields,
          jobs: [pair('history[].actor', 'history[].who'), pair('history[].actor.id', 'history[].by')],
        },
      },
    },
    {
      what: 'the id of elements',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('history[].seq', 'history[]._id')] } },
    },
    {
      what: 'a text of elements as a date',
      change: { fields: { ...NO_MAPPING.fields, jobs: [pair('history[].reason', 'history[].why', 'date_iso')] } },
    },
    { what: 'the id', change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', '_id')] } } },
    { what: 'a path with a dollar sign', change: { fields: { ...NO_MAPPING.fields, jobs: [pair('kind', 'a.$b')] } } },
    { what: 'one name for two states', change: { states: { ...NO_MAPPING.states, failed: ['queued'] } } },
    { what: 'no name for a state', change: { states: { ...NO_MAPPING.states, failed: [] } } },
    { what: 'one collection for two', change: { collections: { ...NO_MAPPING.collections, jobs: 'credit_ledger' } } },
  ])('is refused with $what', ({ change }) => {
    expect(jobMappingSchema.safeParse({ ...NO_MAPPING, ...change }).success).toBe(false);
  });

  it('may let two fields change places', () => {
    const fields = { ...NO_MAPPING.fields, jobs: [pair('kind', 'userId'), pair('userId', 'kind')] };
    expect(jobMappingSchema.safeParse({ ...NO_MAPPING, fields }).success).toBe(true);
  });
});
