import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArtefactFolder } from '#runner/artefacts.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { runProgram } from '../../support/run-program.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));

let server: TestServer;
let root: string;
beforeAll(async () => {
  server = await startTestServer();
  root = mkdtempSync(path.join(tmpdir(), 'artefacts-'));
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await server.stop();
});

async function artefacts(
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly report: unknown }> {
  const all = ['artefacts', '--uri', server.uri, '--db', server.dbName, '--json', '--artefacts', root, ...args];
  const { status, stdout } = await runProgram(program, all);
  return { status, report: JSON.parse(stdout) as unknown };
}

it('what attempts have left behind is listed, and removed where that is asked for', async () => {
  const store = await server.openStore();
  const job = queuedJob({ id: 'j1' });
  expectOk(await store.writer.insertJobs([{ ...job, attempt: 1 }]));
  const folder = new ArtefactFolder(root);
  for (const jobId of ['j1', 'elsewhere']) {
    const { generationId } = job.billing;
    const writer = await folder.create({ jobId, generationId, attempt: 1, mime: 'text/html', extension: 'html' });
    const { uri } = await writer.keep();
    utimesSync(folder.fileOf(uri) ?? '', new Date(0), new Date(0));
  }
  const found = { needed: 0, young: 0, left: [{ bytes: 0 }], unknown: 1 };
  expect(await artefacts()).toMatchObject({ status: 3, report: { ...found, removed: 0, isDryRun: true } });
  expect(await artefacts('--remove')).toMatchObject({ status: 0, report: { ...found, removed: 1, isDryRun: false } });
  expect(await artefacts()).toMatchObject({ status: 0, report: { left: [], unknown: 1 } });
  expect(readdirSync(root, { recursive: true }).filter((name) => String(name).endsWith('.html'))).toHaveLength(1);
});
