import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJob, type Job } from '#domain/job.ts';
import { applyChange, planChange, type JobEvent } from '#domain/transition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { walk, walkStep } from '../../support/model-walk.ts';

const NOW = new Date('2026-10-01T09:00:00Z');

function after(job: Job, event: JobEvent): Job {
  const context = { actor: { type: 'runner', id: 'r1' }, reason: 'test', policyVersion: 1 } as const;
  const changed = applyChange(job, expectOk(planChange(job, event, context)), NOW);
  if (changed === null) throw new Error('the guard does not hold');
  return changed;
}

const running = after(queuedJob({ id: 'j1' }), { type: 'claim', runnerId: 'r1', leaseMs: 60_000 });

function problemPaths(document: unknown): readonly string[] {
  const parsed = parseJob(document);
  return parsed.ok ? [] : parsed.error.problems.map((problem) => problem.path);
}

/** The document with one field replaced, by its path. */
function withField(document: object, path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(document) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() ?? '';
  let parent = copy;
  for (const name of names) parent = parent[name] as Record<string, unknown>;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe('parsing a document of the job collection', () => {
  it('takes every job that changes can make', () => {
    fc.assert(
      fc.property(fc.array(walkStep, { maxLength: 15 }), (steps) => {
        const { job } = walk(steps);
        expect(parseJob(job)).toEqual({ ok: true, value: job });
      }),
    );
  });

  it.each<{ path: string; value: unknown }>([
    { path: '_id', value: '' },
    { path: '_id', value: 7 },
    { path: 'kind', value: null },
    { path: 'workspaceId', value: '' },
    { path: 'userId', value: 7 },
    { path: 'state', value: 'done' },
    { path: 'state', value: undefined },
    { path: 'version', value: 1.5 },
    { path: 'version', value: -1 },
    { path: 'attempt', value: '1' },
    { path: 'maxAttempts', value: 0 },
    { path: 'maxAttempts', value: 101 },
    { path: 'priority', value: Number.NaN },
    { path: 'notBefore', value: '2026-10-01' },
    { path: 'notBefore', value: new Date(Number.NaN) },
    { path: 'createdAt', value: undefined },
    { path: 'updatedAt', value: 0 },
    { path: 'input', value: undefined },
    { path: 'input.prompt', value: 42 },
    { path: 'input.prompt', value: 'x'.repeat(1_000_001) },
    { path: 'input.options', value: [] },
    { path: 'input.hash', value: '' },
    { path: 'provider', value: null },
    { path: 'provider.name', value: '' },
    { path: 'provider.model', value: undefined },
    { path: 'provider.acceptanceId', value: {} },
    { path: 'lease', value: null },
    { path: 'lease.token', value: 0 },
    { path: 'lease.expiresAt', value: 'soon' },
    { path: 'leaseToken', value: 2 ** 53 },
    { path: 'progress', value: 1 },
    { path: 'history', value: {} },
    { path: 'history.0.seq', value: 0 },
    { path: 'history.0.to', value: 'gone' },
    { path: 'history.0.actor.type', value: 'god' },
    { path: 'attempts', value: 'none' },
    { path: 'attempts.0.n', value: 0 },
    { path: 'attempts.0.generationId', value: 'a.b' },
    { path: 'attempts.0.providerCost', value: 0.1 },
    { path: 'billing', value: undefined },
    { path: 'billing.status', value: 'paid' },
    { path: 'billing.generationId', value: '$g' },
    { path: 'billing.price', value: 9.99 },
    { path: 'billing.price', value: -1 },
    { path: 'billing.reserved', value: null },
    { path: 'billing.captured', value: '0' },
    { path: 'billing.refunded', value: Number.POSITIVE_INFINITY },
    { path: 'billing.pending', value: null },
    { path: 'output', value: {} },
    { path: 'failure', value: {} },
  ])('refuses $path = $value with that path', ({ path, value }) => {
    expect(problemPaths(withField(running, path, value))).toContain(path);
  });

  it.each<{ document: unknown }>([
    { document: null },
    { document: 7 },
    { document: 'job' },
    { document: [] },
    { document: {} },
  ])('refuses $document without throwing', ({ document }) => {
    expect(parseJob(document)).toMatchObject({ ok: false, error: { id: '(no _id)' } });
  });

  it.each<{ case: string; id: unknown; text: string }>([
    { case: 'a number', id: 7, text: '7' },
    { case: 'a document', id: { a: 1 }, text: '{"a":1}' },
    {
      case: 'a document that hides how it becomes text',
      id: { toString: 1, valueOf: 1 },
      text: '{"toString":1,"valueOf":1}',
    },
    { case: 'a document without a prototype', id: Object.assign(Object.create(null), { a: 1 }), text: '{"a":1}' },
    { case: 'a long text', id: 'x'.repeat(500), text: 'x'.repeat(200) },
    { case: 'null', id: null, text: 'null' },
  ])('names a document whose _id is $case', ({ id, text }) => {
    expect(parseJob({ _id: id })).toMatchObject({ ok: false, error: { id: text } });
  });

  it('names the place of a length that compares with nothing', () => {
    const parsed = parseJob({ ...running, provider: { ...running.provider, name: { length: { toString: 1 } } } });
    expect(parsed.ok ? [] : parsed.error.problems.map((one) => one.path)).toEqual(['provider.name.length']);
  });

  it('tells at most twenty problems, each with a path and a reason', () => {
    const broken = { ...running, history: Array.from({ length: 100 }, () => ({ seq: 'x' })) };
    const parsed = parseJob(broken);
    expect(parsed.ok ? [] : parsed.error.problems).toHaveLength(20);
    expect(parsed.ok || parsed.error.problems.every((one) => one.path !== '' && one.reason !== '')).toBe(true);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withDate: true, withMap: true, maxDepth: 4 }), (anything) => {
        expect(parseJob(anything).ok).toBe(false);
        expect(parseJob({ ...running, billing: anything }).ok).toBe(false);
        expect(parseJob({ ...running, _id: anything })).toHaveProperty('ok');
      }),
    );
  });

  it.each<{ state: Job['state']; field: string }>([
    { state: 'queued', field: 'lease' },
    { state: 'running', field: 'output' },
    { state: 'completed', field: 'lease' },
    { state: 'failed', field: 'lease' },
    { state: 'retrying', field: 'lease' },
  ])('a $state job cannot have what another state has ($field)', ({ state, field }) => {
    const lease = running.lease;
    const output = { uri: 'a', mime: 'b', bytes: 1, sha256: 'a'.repeat(64) };
    const failure = { class: 'temporary', code: 'c', message: '', fingerprint: 'f', at: NOW };
    const document = {
      ...running,
      state,
      lease: state === 'running' || field === 'lease' ? lease : null,
      output: state === 'completed' || field === 'output' ? output : null,
      failure: state === 'failed' || state === 'retrying' ? failure : null,
    };
    expect(problemPaths(document)).toEqual([field]);
  });
});
