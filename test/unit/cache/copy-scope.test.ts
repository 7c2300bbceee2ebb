import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CACHED_PARTS } from '#cache/changes.ts';
import { keptOf } from '#cache/copy-scope.ts';
import { contentDigestOf } from '#cache/digest.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { fingerprintOf } from '#domain/failure.ts';
import type { Job } from '#domain/job.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { rollUpsOf } from './health-recount.ts';
import {
  entryOf,
  jobChange,
  jobIn,
  malformedChange,
  NOW_MS,
  setupCache,
  type CacheWorld,
} from '../../support/cache-world.ts';

const DAY_MS = 86_400_000;
const SECRET = 'marzipan-lighthouse';
let world: CacheWorld;

beforeEach(() => {
  world = setupCache();
});
afterEach(() => world.end());

/** The names of files in the copy's folder that hold a text anywhere. */
function filesWith(text: string): string[] {
  return readdirSync(world.folder).filter((name) => readFileSync(path.join(world.folder, name)).includes(text));
}

const page = (text: string) =>
  ({
    filter: jobFilterSchema.parse({ text }),
    sort: { column: 'createdAt', direction: 'descending' },
    cursor: null,
    limit: 10,
  }) as const;

describe('a copy that keeps no prompts', () => {
  function secretJobs(): readonly Job[] {
    return Array.from({ length: 40 }, (_, n) => {
      const failureMessage = `refused: Draw a ${SECRET} at night, variation ${n}`;
      const failure = { class: 'policy', code: 'content_refusal', message: failureMessage } as const;
      const job = jobIn({
        id: `job-${n}`,
        prompt: `Draw a ${SECRET} at night, variation ${n}`,
        state: 'failed',
        failureMessage,
        fingerprint: fingerprintOf(failure, 'demo', `demo-${n % 2}`),
      });
      // A message may quote a part of the prompt, or an option, and in other letters.
      const history = job.history.map((entry) => ({ ...entry, reason: `no ${SECRET.toUpperCase()} here` }));
      return { ...job, history, input: { ...job.input, options: { style: SECRET, seconds: 8 } } };
    });
  }

  it('is not done while a reader holds the pages that prompts stand in', () => {
    const { writer } = world.open();
    expectOk(writer.apply(secretJobs().map(jobChange), 'p1'));
    const reading = new Database(world.file, { readonly: true });
    reading.exec('BEGIN; SELECT count(*) FROM jobs');
    expect(withholdPrompts(world.file, undefined, 50)).toMatchObject({ ok: false, error: { code: 'timed_out' } });
    expect(filesWith(SECRET)).not.toEqual([]);
    expect(expectOk(writer.standing())).toMatchObject({ isWiping: true, scope: { keepsPrompts: false } });
    reading.close();
    expectOk(withholdPrompts(world.file));
    expect(filesWith(SECRET)).toEqual([]);
    expect(expectOk(writer.standing()).isWiping).toBe(false);
  });

  it('is not done while a copy that was set aside, with its prompts, could not be deleted', () => {
    const { writer } = world.open();
    // As a file that another program holds, on a system that deletes none of those.
    mkdirSync(`${world.file}.set-aside-2026`);
    expect(() => withholdPrompts(world.file)).toThrow('set-aside-2026');
    expect(expectOk(writer.standing()).isWiping).toBe(true);
  });

  it('has no byte of one left in any of its files, whatever it held before', () => {
    const { writer } = world.open();
    expectOk(writer.apply(secretJobs().map(jobChange), 'p1'));
    expectOk(writer.apply([malformedChange({ _id: 'odd', input: SECRET })], 'p2'));
    // Changed and deleted once more, so that pages and log hold what stands in no row any more.
    expectOk(
      writer.apply(
        secretJobs()
          .slice(0, 20)
          .map((job) => jobChange({ ...job, version: 7 })),
        'p3',
      ),
    );
    expectOk(writer.apply([{ type: 'deleted', part: 'jobs', id: 'job-3' }], 'p4'));
    writeFileSync(`${world.file}.set-aside-2026`, `an older copy with ${SECRET}`);
    expect(filesWith(SECRET)).not.toEqual([]);
    const told: number[] = [];
    expectOk(withholdPrompts(world.file, (jobs) => told.push(jobs)));
    expect(filesWith(SECRET)).toEqual([]);
    expect(filesWith('marzipan')).toEqual([]);
    expect(filesWith('MARZIPAN')).toEqual([]);
    expect(told.at(-1)).toBe(39);
    const { reader } = world.open();
    expect(expectOk(reader.standing())).toMatchObject({
      scope: { keepsPrompts: false },
      isWiping: false,
      position: 'p4',
    });
    expect(expectOk(reader.jobsPage(page('marzipan'))).rows).toEqual([]);
    expect(expectOk(reader.jobsPage(page('job-7'))).rows).toHaveLength(1);
    expect(expectOk(reader.jobsPage(page('variation'))).rows).toEqual([]);
    expect(expectOk(reader.counts()).total).toBe(39);
  });

  it('leaves no other copy of the same database behind, which another mapping made, and leaves those of others', () => {
    const [own, sameBefore, other] = ['copy', 'before', 'other'].map((name) =>
      path.join(world.folder, `${name}.sqlite`),
    );
    for (const [file, source] of [
      [own, 'localhost/one'],
      [sameBefore, 'localhost/one'],
      [other, 'localhost/two'],
    ] as const) {
      const cache = world.open({ path: file ?? '', source });
      expectOk(cache.writer.apply(secretJobs().map(jobChange), 'p1'));
      cache.close();
    }
    writeFileSync(`${sameBefore}.set-aside-2026`, SECRET);
    writeFileSync(path.join(world.folder, 'notes.sqlite'), SECRET);
    expectOk(withholdPrompts(world.file));
    expect(filesWith(SECRET)).toEqual(['notes.sqlite', 'other.sqlite']);
  });

  it('takes none in again from the stream, from polls or from a snapshot', () => {
    const cache = world.open();
    expectOk(withholdPrompts(world.file));
    const [one, two, three] = secretJobs().map(jobChange);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three jobs');
    expectOk(cache.writer.apply([one], 'p1'));
    expectOk(cache.writer.applyRead([two], null));
    expectOk(cache.writer.openSnapshot('p2'));
    expectOk(cache.writer.applyPages([{ part: 'jobs', beforeId: null, changes: [three], isLast: true }]));
    const kept = expectOk(cache.reader.job('job-2'));
    expect(kept?.type === 'job' && kept.job.input).toMatchObject({ prompt: '', options: { style: '', seconds: 8 } });
    cache.close();
    expect(filesWith(SECRET)).toEqual([]);
  });

  it('says that it is being wiped until it is, so that a wipe that was cut off is begun anew', () => {
    const cache = world.open();
    expectOk(cache.writer.apply(secretJobs().map(jobChange), 'p1'));
    // The process dies in the middle: here the progress of the first page throws.
    expect(() =>
      withholdPrompts(world.file, () => {
        throw new Error('killed');
      }),
    ).toThrow('killed');
    expect(expectOk(cache.writer.standing())).toMatchObject({ isWiping: true, scope: { keepsPrompts: false } });
    expectOk(withholdPrompts(world.file));
    cache.close();
    expect(filesWith(SECRET)).toEqual([]);
    expect(expectOk(world.open().reader.jobsPage(page('job-7'))).rows).toHaveLength(1);
  });

  it('groups failures by what is left of their messages, and counts them as if it had never known more', () => {
    const { writer, reader } = world.open();
    expectOk(writer.apply(secretJobs().map(jobChange), 'p1'));
    expectOk(withholdPrompts(world.file));
    const asked = { fromMs: 0, toMs: NOW_MS, workspaceId: null, classes: [], limit: 10 };
    const groups = expectOk(reader.failureGroups(asked)).groups.map(({ fingerprint, failedJobs }) => [
      fingerprint,
      failedJobs,
    ]);
    const words = 'refused: ⟦redacted: not kept⟧';
    expect(groups).toEqual([
      [`policy:content_refusal:demo/demo-0:${words}`, 20],
      [`policy:content_refusal:demo/demo-1:${words}`, 20],
    ]);
    const counted = rollUpsOf(world.file);
    const other = setupCache();
    const { writer: fresh } = other.open();
    expectOk(withholdPrompts(other.file));
    expectOk(fresh.apply(secretJobs().map(jobChange), 'p1'));
    expect(rollUpsOf(other.file)).toEqual(counted);
    other.end();
  });

  it('keeps a fingerprint that quotes nothing, and no word of one that is made in another way', () => {
    const scope = { keptSinceMs: null, keepsPrompts: false };
    const keptFingerprint = (fingerprint: string, failureMessage: string): string | undefined => {
      const job = jobIn({ id: 'a', state: 'failed', prompt: 'Draw 3 cats, 4 dogs', fingerprint, failureMessage });
      const kept = keptOf({ type: 'job', job, document: { ...job } }, scope);
      return kept?.type === 'job' ? kept.job.failure?.fingerprint : undefined;
    };
    expect(keptFingerprint('timeout:t:demo/m:no answer', 'no answer')).toBe('timeout:t:demo/m:no answer');
    expect(keptFingerprint('draw-cats-dogs', 'no: draw 3 cats, 4 dogs')).toBe('no: ⟦redacted: not kept⟧');
    expect(keptFingerprint('policy:p:demo/m:Draw <n> cats, <n> dogs', 'Draw 3 cats, 4 dogs')).toBe(
      'policy:p:demo/m:⟦redacted: not kept⟧',
    );
  });

  it('keeps a job whose message grows beyond its length where marks are longer than the prompt', () => {
    const scope = { keptSinceMs: null, keepsPrompts: false };
    const failureMessage = 'A fox: '.repeat(600).slice(0, 4000);
    const job = jobIn({ id: 'a', state: 'failed', prompt: 'A fox', failureMessage });
    const kept = keptOf({ type: 'job', job, document: { ...job } }, scope);
    expect(kept?.type).toBe('job');
    expect(JSON.stringify(kept)).not.toContain('A fox');
  });

  it('keeps no field that is none of a job, wherever a product writes it, because it may repeat what was asked for', () => {
    const job = jobIn({ id: 'a', prompt: SECRET, startedAtMs: NOW_MS });
    const document = {
      ...job,
      request: { messages: [{ content: SECRET }] },
      input: { ...job.input, negativePrompt: SECRET },
      attempts: job.attempts.map((attempt) => ({ ...attempt, request: SECRET })),
    };
    const kept = keptOf({ type: 'job', job, document }, { keptSinceMs: null, keepsPrompts: false });
    expect(kept?.document).toEqual({ ...job, input: { prompt: '', options: {}, hash: job.input.hash } });
  });

  it('has the digest of what the server holds without its prompts', () => {
    const cache = world.open();
    expectOk(withholdPrompts(world.file));
    const [change] = secretJobs().map(jobChange);
    if (change === undefined) throw new Error('one job');
    expectOk(cache.writer.apply([change], 'p1'));
    const { scope } = expectOk(cache.writer.standing());
    expect(expectOk(cache.reader.contentOf('jobs', 'job-0'))).toBe(contentDigestOf(change, scope));
    expect(contentDigestOf(change)).not.toBe(contentDigestOf(change, scope));
  });
});

describe('a window of what is kept', () => {
  it('drops the jobs that ended longest ago first, and never one that is not at its end', () => {
    const { writer, reader } = world.open();
    const days = [1, 5, 40, 80, 90].map((n) =>
      jobIn({
        id: `ended-${n}`,
        state: 'completed',
        createdAtMs: NOW_MS - 100 * DAY_MS,
        updatedAtMs: NOW_MS - n * DAY_MS,
      }),
    );
    const open = jobIn({ id: 'open', state: 'retrying', createdAtMs: NOW_MS - 100 * DAY_MS });
    const malformed = malformedChange({ _id: 'bad', state: 'completed', updatedAt: new Date(NOW_MS - 60 * DAY_MS) });
    expectOk(writer.apply([...days, open].map(jobChange), null));
    expectOk(writer.apply([malformed, { type: 'entry', entry: entryOf('e1', { jobId: 'ended-90' }) }], null));
    const since = NOW_MS - 30 * DAY_MS;
    const first = expectOk(writer.keepSince(since, 1));
    expect(first).toMatchObject({ jobIds: ['ended-90'], isDone: false });
    // What is said of the window is true at each step.
    expect(expectOk(writer.standing()).scope.keptSinceMs).toBe(NOW_MS - 80 * DAY_MS);
    const steps = [expectOk(writer.keepSince(since, 1)), expectOk(writer.keepSince(since, 1))];
    expect(steps.map(({ isDone }) => isDone)).toEqual([false, true]);
    expect(expectOk(writer.standing()).scope.keptSinceMs).toBe(since);
    const rows = expectOk(reader.jobsPage(page(''))).rows.map(({ id }) => id);
    expect(rows.toSorted()).toEqual(['ended-1', 'ended-5', 'open']);
    expect(expectOk(reader.counts())).toMatchObject({ total: 3, malformed: 0 });
    // The ledger stays whole.
    expect(expectOk(reader.entriesOfJob('ended-90'))).toHaveLength(1);
  });

  it.each([
    ['came after prompts were left out', true],
    ['had its document taken out with the prompts', false],
  ])('drops a malformed document that %s', (_, isWithheldBefore) => {
    const { writer, reader } = world.open();
    if (isWithheldBefore) expectOk(withholdPrompts(world.file));
    const ended = { state: 'completed', updatedAt: new Date(NOW_MS - 60 * DAY_MS) };
    expectOk(
      writer.apply(
        [
          malformedChange({ _id: 'ended', ...ended }),
          malformedChange({ _id: 77, ...ended }),
          malformedChange({ _id: 'open', ...ended, state: 'running' }),
          malformedChange({ _id: 'late', ...ended, updatedAt: new Date(NOW_MS) }),
          malformedChange({ _id: 'mended', ...ended }),
          malformedChange({ _id: 'mended', ...ended, state: 'queued' }),
        ],
        'p1',
      ),
    );
    if (!isWithheldBefore) expectOk(withholdPrompts(world.file));
    expectOk(writer.keepSince(NOW_MS - 30 * DAY_MS, 100));
    expect(expectOk(reader.malformedPage(null, 10)).rows.map(({ id }) => id)).toEqual(['late', 'mended', 'open']);
  });

  it('is void from the moment that it is to hold what it left out, jobs or prompts', () => {
    const { writer } = world.open();
    const complete = (): void => {
      expectOk(writer.openSnapshot('p1'));
      for (const part of CACHED_PARTS) {
        expectOk(writer.applyPages([{ part, beforeId: null, changes: [], isLast: true }]));
      }
      expect(expectOk(writer.standing())).toMatchObject({ isComplete: true, position: 'p1' });
    };
    complete();
    expectOk(writer.keepSince(NOW_MS, 100));
    expect(expectOk(writer.standing()).isComplete).toBe(true);
    expectOk(writer.keepSince(NOW_MS - DAY_MS, 0));
    expect(expectOk(writer.standing())).toMatchObject({ isComplete: false, position: null });
    complete();
    expectOk(writer.keepPrompts());
    expect(expectOk(writer.standing())).toMatchObject({ isComplete: false, position: null });
  });

  it('drops jobs of one instant together, however many they are', () => {
    const { writer } = world.open();
    const at = NOW_MS - 50 * DAY_MS;
    const jobs = Array.from({ length: 12 }, (_, n) => jobIn({ id: `j${n}`, state: 'completed', createdAtMs: at }));
    expectOk(writer.apply(jobs.map(jobChange), null));
    expect(expectOk(writer.keepSince(NOW_MS, 5)).jobIds).toHaveLength(12);
  });

  it('takes a job in again that changes, and leaves out what the stream brings from outside', () => {
    const { writer, reader } = world.open();
    expectOk(writer.keepSince(NOW_MS - DAY_MS, 100));
    const old = jobIn({ id: 'old', state: 'failed', createdAtMs: NOW_MS - 9 * DAY_MS });
    expectOk(writer.apply([jobChange(old)], null));
    expect(expectOk(reader.counts()).total).toBe(0);
    expectOk(writer.apply([jobChange({ ...old, updatedAt: new Date(NOW_MS), version: 9 })], null));
    expect(expectOk(reader.counts()).total).toBe(1);
  });

  it('gives room on the disk back', () => {
    const { writer } = world.open();
    const jobs = Array.from({ length: 600 }, (_, n) =>
      jobIn({ id: `j${n}`, state: 'completed', prompt: `${n} `.repeat(1000), createdAtMs: NOW_MS - 50 * DAY_MS + n }),
    );
    expectOk(writer.apply(jobs.map(jobChange), null));
    const full = expectOk(writer.size());
    for (let isDone = false; !isDone;) ({ isDone } = expectOk(writer.keepSince(NOW_MS, 100)));
    expectOk(writer.giveBack(100_000));
    const left = expectOk(writer.size());
    expect(left.usedBytes).toBeLessThan(full.usedBytes / 2);
    expect(left.fileBytes).toBeLessThan(full.fileBytes / 2);
  });
});

describe('a job whose document keeps no history', () => {
  const bare = (spec: Parameters<typeof jobIn>[0]): Job => ({ ...jobIn(spec), history: [] });

  it('gets one of what was seen of it, with how sure it is', () => {
    let nowMs = NOW_MS;
    const { writer, reader } = world.open({ now: () => nowMs });
    const createdAtMs = NOW_MS - 60_000;
    expectOk(writer.apply([jobChange(bare({ id: 'a', createdAtMs }))], 'p1', NOW_MS - 100));
    nowMs += 5000;
    expectOk(writer.apply([jobChange(bare({ id: 'a', state: 'running', version: 2, createdAtMs }))], 'p2', nowMs));
    // Progress is no change of state.
    expectOk(
      writer.apply([jobChange({ ...bare({ id: 'a', state: 'running', version: 3, createdAtMs }), priority: 5 })], 'p3'),
    );
    nowMs += 3000;
    expectOk(writer.apply([jobChange(bare({ id: 'a', state: 'completed', version: 4, createdAtMs }))], 'p4'));
    expect(expectOk(reader.observedOf('a'))).toEqual([
      { seq: 1, from: null, to: 'queued', afterMs: createdAtMs, seenMs: NOW_MS },
      { seq: 2, from: 'queued', to: 'running', afterMs: NOW_MS, seenMs: NOW_MS + 5000 },
      { seq: 3, from: 'running', to: 'completed', afterMs: NOW_MS + 5000, seenMs: NOW_MS + 8000 },
    ]);
    expectOk(writer.apply([{ type: 'deleted', part: 'jobs', id: 'a' }], 'p5'));
    expect(expectOk(reader.observedOf('a'))).toEqual([]);
  });

  it('is not said to have changed within no time where the clock went back meanwhile', () => {
    const { writer, reader } = world.open();
    writer.tellTime(NOW_MS + 60_000);
    expectOk(writer.apply([jobChange(bare({ id: 'a' }))], 'p1', NOW_MS + 60_000));
    writer.tellTime(NOW_MS);
    expectOk(writer.apply([jobChange(bare({ id: 'a', state: 'running', version: 2 }))], 'p2'));
    expect(expectOk(reader.observedOf('a'))[1]).toMatchObject({ to: 'running', afterMs: null, seenMs: NOW_MS });
  });

  it('was not seen to go back where the stream brings what a page of a snapshot had already', () => {
    const { writer, reader } = world.open();
    const queued = jobChange(bare({ id: 'a', updatedAtMs: NOW_MS - 10 }));
    const running = jobChange(bare({ id: 'a', state: 'running', version: 2, updatedAtMs: NOW_MS - 5 }));
    expectOk(writer.openSnapshot('p0'));
    expectOk(writer.applyPages([{ part: 'jobs', beforeId: null, changes: [running], isLast: true }]));
    expectOk(writer.apply([queued], 'p1'));
    expectOk(writer.apply([running], 'p2'));
    expect(expectOk(reader.observedOf('a')).map(({ from, to }) => [from, to])).toEqual([[null, 'running']]);
  });

  it('one that keeps its own history leaves none here', () => {
    const { writer, reader } = world.open();
    expectOk(writer.apply([jobChange(jobIn({ id: 'a' }))], 'p1'));
    expectOk(writer.apply([jobChange(jobIn({ id: 'a', state: 'running', version: 2 }))], 'p2'));
    expect(expectOk(reader.observedOf('a'))).toEqual([]);
  });

  it('a column that lacks its text still satisfies every constraint of the file', () => {
    const { writer } = world.open();
    expectOk(writer.apply([jobChange(bare({ id: 'a', state: 'failed' }))], 'p1'));
    expectOk(withholdPrompts(world.file));
    const db = new Database(world.file, { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  });
});
