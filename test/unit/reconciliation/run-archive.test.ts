import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { besideOf, RunArchive, RUNS_MAX } from '#console/reconciliation/run-archive.ts';
import { encodeRun, type RunRecord } from '#console/reconciliation/run-record.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { requestOfWorld } from '../../bench/worlds/world-request.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runledger-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function makeRun(): Promise<RunRecord> {
  const { world } = makeSeededWorld(4, { jobs: 60, workspaces: 3 }, FAULTS);
  const finished = await runReconciliation(storeOfWorld(world, 1), requestOfWorld(world));
  return expectOk(finished).record;
}

/** The same run of another moment. */
function at(record: RunRecord, minute: number): RunRecord {
  return { ...record, asOfMs: AS_OF_MS + minute };
}

const NOTHING_BESIDE = { copyAsOfMs: null, lostMemory: [] };

describe('the archive of runs', () => {
  it('gives back each run whole, to the byte, with how it stood to the one before', async () => {
    const archive = new RunArchive(folder);
    const record = await makeRun();
    const [first, ...others] = record.findings;
    if (first === undefined) throw new Error('the run found nothing');
    const compared = { new: others, stillOpen: [], solved: [first] };
    const { runId } = expectOk(
      await archive.add({
        record,
        beside: besideOf(record, { copyAsOfMs: 7, lostMemory: ['seen-entries.cols'] }, compared),
      }),
    );
    const opened = expectOk(await new RunArchive(folder).open(runId));
    expect(opened === null ? '' : encodeRun(opened.record)).toBe(encodeRun(record));
    expect(opened?.beside).toEqual(besideOf(record, { copyAsOfMs: 7, lostMemory: ['seen-entries.cols'] }, compared));
  });

  it('lists runs newest first, each once', async () => {
    const archive = new RunArchive(folder);
    const record = await makeRun();
    for (const minute of [1, 2, 2]) {
      expectOk(await archive.add({ record: at(record, minute), beside: besideOf(record, NOTHING_BESIDE, null) }));
    }
    expect(expectOk(await archive.list()).map(({ asOfMs }) => asOfMs - AS_OF_MS)).toEqual([2, 1]);
  });

  it('says that runs could not be listed, and not that one could not be stored', async () => {
    await writeFile(path.join(folder, 'runs'), 'no folder');
    expect(await new RunArchive(folder).list()).toMatchObject({
      error: { code: 'internal', detail: 'the runs could not be listed: ENOTDIR' },
    });
  });

  it('lists the runs from their files where the index is damaged', async () => {
    const archive = new RunArchive(folder);
    const record = await makeRun();
    for (const minute of [1, 3, 2]) {
      expectOk(await archive.add({ record: at(record, minute), beside: besideOf(record, NOTHING_BESIDE, null) }));
    }
    await writeFile(path.join(folder, 'runs', 'index.json'), '[{');
    expect(expectOk(await archive.list()).map(({ asOfMs }) => asOfMs - AS_OF_MS)).toEqual([3, 2, 1]);
    expectOk(await archive.add({ record: at(record, 4), beside: besideOf(record, NOTHING_BESIDE, null) }));
    expect(expectOk(await archive.list())).toHaveLength(4);
  });

  it('deletes the oldest run once there are too many, and no other file', async () => {
    const archive = new RunArchive(folder);
    const record = { ...(await makeRun()), findings: [] };
    const add = async (minute: number): Promise<string> =>
      expectOk(await archive.add({ record: at(record, minute), beside: besideOf(record, NOTHING_BESIDE, null) })).runId;
    const oldest = await add(0);
    const runs = path.join(folder, 'runs');
    await writeFile(path.join(runs, 'notes.txt'), 'mine');
    for (let minute = 1; minute <= RUNS_MAX; minute += 1) await add(minute);
    expect(expectOk(await archive.list())).toHaveLength(RUNS_MAX);
    expect(expectOk(await archive.open(oldest))).toBeNull();
    expect(await readdir(runs)).toContain('notes.txt');
    expect((await readdir(runs)).filter((name) => name.startsWith('run-'))).toHaveLength(RUNS_MAX);
  });

  it('knows no run by a name that is a path', async () => {
    expect(expectOk(await new RunArchive(folder).open('../../etc/passwd'))).toBeNull();
  });
});
