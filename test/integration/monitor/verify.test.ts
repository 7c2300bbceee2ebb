import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dataFilesOf } from '#engine/data-files.ts';
import { verifyCopy, type VerifyReport } from '#monitor/verify-copy.ts';
import type { Store } from '#store/connection.ts';
import { labelOf } from '#store/server-address.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { runProgram } from '../../support/run-program.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { untilSame, untilTimed } from './copy-check.ts';
import { setupCopy, waitFor, type MonitoredCopy } from '../../support/monitored-copy.ts';

const doctor = fileURLToPath(new URL('../../../electron/cli/doctor/doctor.ts', import.meta.url));
const reportSchema = z.object({
  checks: z.array(z.object({ name: z.string(), level: z.string(), says: z.string(), todo: z.string().nullable() })),
});

let server: TestServer;
let store: Store;
let dataDir: string;
let copy: MonitoredCopy;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  store = await server.openEmptied();
  expectOk(await store.writer.createIndexes());
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-verify-'));
  const { copyFile } = dataFilesOf(dataDir, expectOk(labelOf(server.uri, server.dbName)));
  mkdirSync(path.dirname(copyFile), { recursive: true });
  copy = setupCopy(copyFile);
  expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  const jobs = Array.from({ length: 60 }, (_, n) => queuedJob({ id: `job-${String(n).padStart(5, '0')}` }));
  expectOk(await store.writer.insertJobs(jobs));
  const monitor = copy.start(store.changes);
  await untilSame(copy.cache, store.changes);
  await untilTimed(copy.cache);
  await monitor.stop();
});
afterEach(async () => {
  await copy.end();
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function verify(onProgress?: (documents: number) => void): Promise<VerifyReport> {
  const { signal } = new AbortController();
  const { reader } = copy.cache;
  return expectOk(
    await verifyCopy({
      changes: store.changes,
      reader,
      wait: waitFor,
      signal,
      rangeRows: 25,
      ...(onProgress && { onProgress }),
    }),
  );
}

interface Diagnosis {
  readonly status: number | null;
  readonly checks: readonly z.infer<typeof reportSchema>['checks'][number][];
}

/** Runs the doctor beside this process, in which the server may be. */
async function runDoctor(uri: string, ...more: readonly string[]): Promise<Diagnosis> {
  const args = ['--uri', uri, '--db', server.dbName, '--data-dir', dataDir, '--json', ...more];
  const { status, stdout } = await runProgram(doctor, args);
  return { status, checks: reportSchema.parse(JSON.parse(stdout)).checks };
}

function said({ checks }: Diagnosis, name: string): string {
  const check = checks.find((one) => one.name === name);
  return `${check?.level ?? 'none'}: ${check?.says ?? ''}`;
}

describe('verifying a copy', () => {
  it('finds nothing where nothing differs, over several ranges, and so does the doctor', async () => {
    expect(await verify()).toMatchObject({
      documents: 62,
      differencesTotal: 0,
      differences: [],
      newer: 0,
      ranges: 5,
    });
    const diagnosis = await runDoctor(server.uri, '--verify');
    expect(said(diagnosis, 'verify')).toMatch(/^ok: 62 documents compared in 3 ranges, nothing differs$/);
    expect(said(diagnosis, 'copy')).toMatch(/^ok: 60 jobs, 1 ledger entry, 1 account/);
    expect(diagnosis.status).toBe(0);
  });

  it('tells after each range how many documents were compared', async () => {
    const told: number[] = [];
    await verify((documents) => told.push(documents));
    expect(told).toHaveLength(5);
    expect(told).toEqual(told.toSorted((left, right) => left - right));
    expect(told.at(-1)).toBe(62);
  });

  it('names what the copy lacks, has too much, and holds otherwise', async () => {
    const db = new Database(copy.file);
    db.exec(`DELETE FROM jobs WHERE id = 'job-00007';
      UPDATE job_documents SET document = (SELECT document FROM job_documents JOIN jobs USING (num) WHERE id = 'job-00001')
        WHERE num = (SELECT num FROM jobs WHERE id = 'job-00050');
      UPDATE ledger SET credits = 5;
      INSERT INTO accounts SELECT 'w0', available, held, version, document FROM accounts WHERE id = 'w1';`);
    db.close();
    const report = await verify();
    expect(report.differences.toSorted((left, right) => (left.id < right.id ? -1 : 1))).toEqual([
      { part: 'ledger', id: 'grant-w1:grant:1', type: 'differs' },
      { part: 'jobs', id: 'job-00007', type: 'missing' },
      { part: 'jobs', id: 'job-00050', type: 'differs' },
      { part: 'accounts', id: 'w0', type: 'extra' },
    ]);
    const diagnosis = await runDoctor(server.uri, '--verify');
    expect(said(diagnosis, 'verify')).toMatch(/4 differ:[^]*missing jobs job-00007/);
    expect(diagnosis.status).toBe(3);
  });

  it('does not take for a difference what changed on the server since the copy was last kept', async () => {
    await server.client
      .db(server.dbName)
      .collection<{ _id: string }>('jobs')
      .updateOne({ _id: 'job-00011' }, [{ $set: { priority: 5, updatedAt: { $add: ['$$NOW', 3_600_000] } } }]);
    expect(await verify()).toMatchObject({ differencesTotal: 0, newer: 1 });
  });

  it('names what is not the same and of which nothing tells when it changed, as a warning', async () => {
    const db = new Database(copy.file);
    db.exec("UPDATE standing SET position = NULL; DELETE FROM accounts WHERE id = 'w1'");
    db.close();
    const diagnosis = await runDoctor(server.uri, '--verify');
    expect(said(diagnosis, 'verify')).toMatch(
      /^warning: 62 documents compared in 3 ranges, nothing differs for certain; 1 is not the same[^]*\n {2}missing accounts w1$/,
    );
    expect(diagnosis.status).toBe(0);
  });

  it('is not done without being asked for, and writes nothing', async () => {
    const diagnosis = await runDoctor(server.uri);
    const names = diagnosis.checks.map(({ name }) => name);
    expect(names).toContain('copy');
    expect(names).not.toContain('verify');
    expect(diagnosis.status).toBe(0);
  });

  it('is skipped by the doctor where the server is away, which is the fault that is told', async () => {
    const diagnosis = await runDoctor('mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200', '--verify');
    const needServer = diagnosis.checks.filter(({ name }) => name !== 'runtime' && name !== 'disk');
    expect(needServer.map(({ name, level }) => [name, level])).toEqual([
      ['server', 'error'],
      ['privileges', 'skipped'],
      ['indexes', 'skipped'],
      ['clock', 'skipped'],
      ['oplog', 'skipped'],
      ['documents', 'skipped'],
      ['mapping', 'skipped'],
      ['copy', 'skipped'],
      ['verify', 'skipped'],
    ]);
    expect(diagnosis.status).toBe(3);
  });
});
