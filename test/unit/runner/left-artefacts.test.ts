import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobSchema, type Job, type Output } from '#domain/job.ts';
import { ArtefactFolder } from '#runner/artefacts.ts';
import { sortArtefacts, type SortedArtefacts } from '#runner/left-artefacts.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { runningJob } from '../../support/running-job.ts';

let root: string;
let folder: ArtefactFolder;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'left-artefacts-'));
  folder = new ArtefactFolder(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const NOW = new Date('2026-10-03T08:00:00Z');
const GENERATION = runningJob([]).billing.generationId;
const failure = { class: 'temporary', code: 'lease_expired', message: 'm', fingerprint: 'f', at: NOW };

/** Keeps the artefact of an attempt, two days old. */
async function keep(attempt: number, jobId = 'j1', generationId = GENERATION): Promise<Output> {
  const writer = await folder.create({ jobId, generationId, attempt, mime: 'text/html', extension: 'html' });
  await writer.write(Buffer.from('tea'));
  const output = await writer.keep();
  const twoDaysAgo = new Date(NOW.getTime() - 2 * 86_400_000);
  utimesSync(folder.fileOf(output.uri) ?? '', twoDaysAgo, twoDaysAgo);
  return output;
}

/** The running job that was attempted before as often as is said, in another state. */
function inState(earlier: number, fields: object): Job {
  return jobSchema.parse({ ...runningJob(Array<string>(earlier).fill('order')), lease: null, ...fields });
}

function sort(...jobs: readonly Job[]): Promise<SortedArtefacts> {
  const iterateJobs = async function* () {
    for (const job of jobs) yield await Promise.resolve({ type: 'job', job, document: {} } as const);
  };
  const { signal } = new AbortController();
  return sortArtefacts(folder, { iterateJobs }, { ageMsMin: 86_400_000, now: NOW, signal });
}

function left({ left: some }: SortedArtefacts): readonly string[] {
  return some.map(({ uri }) => uri);
}

describe('an artefact is left behind', () => {
  it('where another attempt made the output', async () => {
    const [first, second] = [await keep(1), await keep(2)];
    const sorted = await sort(inState(1, { state: 'completed', output: second }));
    expect(left(sorted)).toEqual([first.uri]);
    expect(sorted).toMatchObject({ needed: 1, young: 0, unknown: [] });
  });

  it.each([
    ['a later attempt is under way', () => runningJob(['order-1'])],
    ['the job failed', () => inState(0, { state: 'failed', failure })],
    ['it is to be tried again', () => inState(0, { state: 'retrying', failure })],
    [
      'it was begun anew',
      () => inState(0, { state: 'queued', billing: { ...runningJob([]).billing, generationId: 'g-new' } }),
    ],
  ])('where %s', async (_when, job) => {
    const { uri } = await keep(1);
    expect(left(await sort(job()))).toEqual([uri]);
  });

  it('and is removed, and nothing else', async () => {
    const [first, second] = [await keep(1), await keep(2)];
    const [artefact] = (await sort(inState(1, { state: 'completed', output: second }))).left;
    if (artefact === undefined) throw new Error('one is left behind');
    await folder.remove(artefact);
    expect([first, second].map(({ uri }) => existsSync(folder.fileOf(uri) ?? ''))).toEqual([false, true]);
  });
});

describe('an artefact is not left behind', () => {
  it.each([
    ['its attempt is under way', 1, () => runningJob([])],
    ['the job does not know its attempt', 2, () => inState(0, { state: 'failed', failure })],
  ])('where %s', async (_when, attempt, job) => {
    await keep(attempt);
    expect(await sort(job())).toMatchObject({ needed: 1, left: [], unknown: [] });
  });

  it('where it is young', async () => {
    const { uri } = await keep(1);
    utimesSync(folder.fileOf(uri) ?? '', NOW, NOW);
    expect(await sort(inState(0, { state: 'failed', failure }))).toMatchObject({ young: 1, left: [] });
  });

  it('where no job is known that it is of', async () => {
    const { uri } = await keep(1, 'elsewhere');
    const sorted = await sort(queuedJob({ id: 'j1' }));
    expect(left(sorted)).toEqual([]);
    expect(sorted.unknown).toMatchObject([{ uri }]);
  });
});
