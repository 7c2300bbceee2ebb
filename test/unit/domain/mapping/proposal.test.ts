import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFields } from '#domain/fields.ts';
import { MAPPED_PARTS, nullableObjectOf } from '#domain/mapping/canonical-fields.ts';
import { coverageOf, coverageOfOurs, previewOf } from '#domain/mapping/coverage.ts';
import { jobMappingSchema, NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toOurs, toTheirs, type MappedDocument } from '#domain/mapping/mapped-documents.ts';
import { proposeCollections, proposeMapping, proposeStates } from '#domain/mapping/proposal.ts';
import { failedJob } from '../../../support/failed-job.ts';
import { queuedJob } from '../../../support/job-builder.ts';
import { foreignDocument } from '../../../support/mapping-arbitrary.ts';
import { walk, walkStep } from '../../../support/model-walk.ts';
import { SHOP_MAPPING } from '../../../support/shop-mapping.ts';

const shop = mappedCollection(SHOP_MAPPING, 'jobs');
const shopJobs = ['a', 'b', 'c'].map((id, at) => ({
  ...toTheirs(shop, { ...queuedJob({ id, priceCredits: 125 + at }) }, null),
  colour: 'red',
}));

describe('a proposed mapping', () => {
  it('finds the names, states and forms of a shop, so that every document of it is a job', () => {
    const mapping = proposeMapping(SHOP_MAPPING.collections, { jobs: shopJobs, accounts: [], ledger: [] });
    const coverage = coverageOf(mappedCollection(mapping, 'jobs'), shopJobs);
    expect(coverage.faults).toEqual([]);
    expect(coverage).toMatchObject({ documents: 3, soundDocuments: 3 });
    const pairs = mapping.fields.jobs.map(({ ours, theirs, form }) => `${ours} ${theirs} ${form.type}`);
    expect(pairs).toEqual(
      expect.arrayContaining([
        'state status same',
        'workspaceId owner.team_id same',
        'userId owner.user_id same',
        'createdAt created_at date_iso',
        'notBefore run_at date_epoch_ms',
        'billing.price cost credits_whole',
        'input.prompt prompt same',
      ]),
    );
    expect(mapping.states.queued).toEqual(['pending']);
  });

  it('finds the names, states and forms in the elements of lists too, and where a list stands', () => {
    const at = new Date('2026-11-28T09:30:00.000Z');
    const failed = failedJob({ id: 'x', workspaceId: 'w1', failureClass: 'provider', priceCredits: 250, at });
    const documents = [...shopJobs, { ...toTheirs(shop, { ...failed }, null) }];
    const mapping = proposeMapping(SHOP_MAPPING.collections, { jobs: documents, accounts: [], ledger: [] });
    const coverage = coverageOf(mappedCollection(mapping, 'jobs'), documents);
    expect(coverage.faults).toEqual([]);
    const pairs = mapping.fields.jobs.map(({ ours, theirs, form }) => `${ours} ${theirs} ${form.type}`);
    expect(pairs).toEqual(
      expect.arrayContaining([
        'history log same',
        'history[].from log[].old_status state',
        'history[].to log[].new_status state',
        'history[].at log[].logged_at date_iso',
        'history[].actor.id log[].by same',
        'attempts tries same',
        'attempts[].n tries[].no same',
        'attempts[].startedAt tries[].begun_at date_iso',
        'attempts[].endedAt tries[].ended_at date_epoch_ms',
        'attempts[].failure.message tries[].error.text same',
      ]),
    );
    expect(mapping.states.running).toEqual(['active']);
    const [to] = coverage.fields.filter(({ ours }) => ours === 'history[].to');
    const entries = 3 + failed.history.length;
    expect(to).toEqual({ ours: 'history[].to', isOptional: false, among: entries, presentShare: 1, soundShare: 1 });
  });

  it('reads all credits in one unit where any have a fraction, whatever is whole by chance', () => {
    const samples = {
      jobs: shopJobs.map((document) => ({ ...document, cost: 5 })),
      accounts: [{ _id: 'w1', balance: 12.5, held: 3, holds: {}, posting: {}, version: 1 }],
      ledger: [{ ...GRANT, credits: 20 }],
    };
    const mapping = proposeMapping(SHOP_MAPPING.collections, samples);
    const read = (part: 'jobs' | 'accounts' | 'ledger'): unknown =>
      toOurs(mappedCollection(mapping, part), samples[part][0] ?? {});
    expect(read('accounts')).toMatchObject({ available: 1250, held: 300 });
    expect(read('jobs')).toMatchObject({ billing: { price: 500, reserved: 0 } });
    expect(read('ledger')).toMatchObject({ credits: 2000 });
  });

  it('keeps Runledger’s names of states in a list that has them, whatever the documents call theirs', () => {
    const documents = shopJobs.map((document) => ({
      ...document,
      log: [{ seq: 1, old_status: null, new_status: 'queued', logged_at: '2026-11-28T09:30:00.000Z' }],
    }));
    const mapping = proposeMapping(SHOP_MAPPING.collections, { jobs: documents, accounts: [], ledger: [] });
    expect(mapping.fields.jobs).toContainEqual({
      ours: 'history[].to',
      theirs: 'log[].new_status',
      form: { type: 'same' },
    });
    expect(mapping.states.queued).toEqual(['pending']);
  });

  it('is a mapping that can be saved, whatever the documents hold', () => {
    fc.assert(
      fc.property(fc.array(foreignDocument, { maxLength: 6 }), (documents) => {
        const samples = { jobs: documents, accounts: documents, ledger: documents };
        const mapping = proposeMapping(NO_MAPPING.collections, samples);
        expect(jobMappingSchema.safeParse(mapping).error).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('pairs nothing where the documents are jobs already', () => {
    fc.assert(
      fc.property(fc.array(walkStep, { maxLength: 8 }), (steps) => {
        const samples = { jobs: [{ ...walk(steps).job }], accounts: [], ledger: [] };
        expect(proposeMapping(NO_MAPPING.collections, samples).fields).toEqual(NO_MAPPING.fields);
      }),
      { numRuns: 100 },
    );
  });

  it.each<{ names: readonly string[]; jobs: string; accounts: string; ledger: string }>([
    { names: [], jobs: 'jobs', accounts: 'credit_accounts', ledger: 'credit_ledger' },
    { names: ['jobs', 'tasks'], jobs: 'jobs', accounts: 'credit_accounts', ledger: 'credit_ledger' },
    {
      names: ['users', 'wallets', 'render_tasks', 'wallet_moves'],
      jobs: 'render_tasks',
      accounts: 'wallets',
      ledger: 'wallet_moves',
    },
  ])('takes the collections $jobs, $accounts and $ledger out of $names', ({ names, ...collections }) => {
    expect(proposeCollections(names)).toEqual(collections);
  });

  it('gives every known word to its state, the state’s own name first, and lets states without a word keep theirs', () => {
    expect(proposeStates(['aborted', 'failed', 'IN_PROGRESS', 'done', 'mauve'])).toEqual({
      ...NO_MAPPING.states,
      running: ['IN_PROGRESS'],
      completed: ['done'],
      failed: ['failed', 'aborted'],
    });
  });
});

const T0 = new Date('2026-10-01T08:00:00Z');
const GRANT = {
  _id: 'w1:grant:1',
  workspaceId: 'w1',
  jobId: null,
  generationId: null,
  attempt: null,
  type: 'grant',
  credits: 100,
  at: T0,
  actor: { type: 'user', id: 'fay' },
  reason: 'paid',
  period: '2026-10',
};
/** A document that says nothing at a path, in each element of the lists that it goes through. */
function without(
  document: MappedDocument,
  [name = '', ...more]: readonly string[],
  nothing: null | undefined,
): MappedDocument {
  const value: unknown = document[name];
  const inside = (one: unknown): unknown => (isFields(one) ? without(one, more, nothing) : one);
  const now = Array.isArray(value) ? value.map(inside) : inside(value);
  return { ...document, [name]: more.length === 0 ? nothing : now };
}

describe('what a mapping covers', () => {
  it('names each document that would be malformed, and the share of each field that is sound', () => {
    const documents = [...shopJobs, { ...shopJobs[0], _id: 'd', cost: 1.005 }];
    const coverage = coverageOf(shop, documents);
    expect(coverage).toMatchObject({ documents: 4, soundDocuments: 3, faults: [{ id: 'd', path: 'billing.price' }] });
    const price = coverage.fields.find(({ ours }) => ours === 'billing.price');
    expect(price).toEqual({ ours: 'billing.price', isOptional: false, among: 4, presentShare: 1, soundShare: 0.75 });
    expect(coverage.fields.find(({ ours }) => ours === 'failure.code')).toMatchObject({
      presentShare: 0,
      isOptional: true,
    });
  });

  it('looks at every other field also where the state means nothing', () => {
    const coverage = coverageOf(shop, [{ ...shopJobs[0], status: 'mauve', cost: 'much' }]);
    const sound = new Map(coverage.fields.map(({ ours, soundShare }) => [ours, soundShare]));
    expect(sound.get('state')).toBe(0);
    expect(sound.get('billing.price')).toBe(0);
    expect(sound.get('kind')).toBe(1);
  });

  it('counts fields of elements among all elements, and names the one that is wrong', () => {
    const [first = {}] = shopJobs;
    const entry = { seq: 1, old_status: null, new_status: 'pending', logged_at: '2026-11-28T09:30:00.000Z' };
    const whole = { ...entry, attempt: 0, by: 'sue', actor: { type: 'user' }, reason: '' };
    const document = {
      ...first,
      log: [whole, { ...whole, seq: 2, logged_at: '28.11.' }, { ...whole, seq: 3, new_status: 'mauve' }],
    };
    const coverage = coverageOf(shop, [document, { ...document, _id: 'b', log: [whole] }]);
    const sound = (ours: string) => coverage.fields.find((field) => field.ours === ours);
    expect(sound('history[].at')).toMatchObject({ among: 4, presentShare: 1, soundShare: 0.75 });
    expect(sound('history[].to')).toMatchObject({ among: 4, presentShare: 1, soundShare: 0.75 });
    expect(sound('history[].seq')).toMatchObject({ among: 4, soundShare: 1 });
    expect(sound('attempts[].n')).toMatchObject({ among: 0, soundShare: 0 });
    expect(coverage).toMatchObject({ documents: 2, soundDocuments: 1, faults: [{ id: 'a', path: 'history.1.at' }] });
  });

  it('shows the first elements of a list without what somebody wrote', () => {
    const ours = toOurs(shop, {
      ...shopJobs[0],
      log: Array.from({ length: 5 }, (_, at) => ({ seq: at + 1, new_status: 'pending', reason: 'tea' })),
    });
    const preview = previewOf('jobs', ours);
    expect(preview).toContainEqual({ path: 'history.2.to', value: 'queued' });
    expect(preview).toContainEqual({ path: 'history.2.reason', value: '(withheld)' });
    expect(preview.map(({ path }) => path)).not.toContain('history.3.to');
    expect(preview).toContainEqual({ path: 'history', value: 'a list of 5' });
  });

  it('says of each field truly whether it need say anything', () => {
    const steps = fc.sample(fc.array(walkStep, { maxLength: 12 }), { numRuns: 30, seed: 1 });
    const jobs = steps.map((taken) => ({ ...walk(taken).job }));
    const said = { blocked: { neededCredits: 1, at: T0 }, pricing: { type: 'fixed' } };
    const samples = {
      jobs: [...jobs, ...jobs.map((job) => ({ ...job, billing: { ...job.billing, ...said } }))],
      accounts: [{ _id: 'w1', available: 100, held: 0, holds: {}, posting: {}, version: 1 }],
      ledger: [GRANT, { ...GRANT, type: 'capture', jobId: 'a', generationId: 'g', attempt: 1 }],
    };
    for (const part of MAPPED_PARTS) {
      const isSound = (document: MappedDocument): boolean => coverageOfOurs(part, [document]).soundDocuments === 1;
      const sound = samples[part].filter(isSound);
      for (const { ours, isOptional } of coverageOfOurs(part, []).fields) {
        // Without one of its fields such an object is none, and without all of them it is not there.
        if (nullableObjectOf(part, ours) !== null) continue;
        const saying = sound.filter((document) =>
          coverageOfOurs(part, [document]).fields.some((field) => field.ours === ours && field.presentShare > 0),
        );
        const names = ours.split(/\[\]\.|\./);
        const mayBeSilent = saying.some(
          (document) => isSound(without(document, names, undefined)) || isSound(without(document, names, null)),
        );
        expect({ ours, isOptional, isSaid: saying.length > 0 }).toEqual({
          ours,
          isOptional: mayBeSilent,
          isSaid: true,
        });
      }
    }
  });

  it('is nothing at all of no documents', () => {
    for (const part of MAPPED_PARTS) {
      const { fields, ...coverage } = coverageOf(mappedCollection(SHOP_MAPPING, part), []);
      expect(coverage).toEqual({ documents: 0, soundDocuments: 0, faults: [] });
      expect(fields.every(({ soundShare }) => soundShare === 0)).toBe(true);
    }
  });

  it('shows a document without what a customer wrote', () => {
    const preview = previewOf('jobs', toOurs(shop, shopJobs[0] ?? {}));
    expect(preview).toContainEqual({ path: 'state', value: 'queued' });
    expect(preview).toContainEqual({ path: 'billing.price', value: '125' });
    expect(JSON.stringify(preview)).not.toContain('tea');
    expect(preview).toContainEqual({ path: 'input.prompt', value: '(withheld)' });
  });

  it('shows no words of an error where they name its cause, and no reason of an entry', () => {
    const fingerprint = 'temporary:http_503:demo/demo:no room for a page about tea';
    const failure = { class: 'temporary', code: 'http_503', message: 'no room', fingerprint };
    const job = { _id: 'a', state: 'failed', failure, attempts: [{ n: 1, failure }] };
    const entry = { _id: 'e', type: 'grant', credits: 5, reason: 'for the page about tea' };
    const preview = [...previewOf('jobs', job), ...previewOf('ledger', entry)];
    expect(preview).toContainEqual({ path: 'attempts.0.failure.fingerprint', value: '(withheld)' });
    expect(preview).toContainEqual({ path: 'failure.class', value: 'temporary' });
    expect(preview).toContainEqual({ path: 'credits', value: '5' });
    expect(JSON.stringify(preview)).not.toContain('tea');
  });
});
