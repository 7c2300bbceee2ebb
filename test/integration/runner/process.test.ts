import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIGURED_PROVIDER } from '#engine/provider-settings.ts';
import { listenOnLoopback } from '#sandbox/loopback.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob, type NewJob } from '../../support/job-builder.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const program = fileURLToPath(new URL('../../../electron/cli/runner.ts', import.meta.url));

let deployment: RunnerDeployment;
const children: ChildProcess[] = [];
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await deployment.stop();
});

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out(): string;
  err(): string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const { MONGODB_URI: _uri, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, '--artefacts', deployment.folder, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const exited = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)));
  return { child, exited, out: () => out, err: () => err };
}

function runHere(...args: readonly string[]): Running {
  return run(['--db', deployment.server.dbName, ...args], {
    MONGODB_URI: deployment.server.uri,
    RUNLEDGER_PROVIDER_URL: deployment.provider.baseUrl,
    RUNLEDGER_PROVIDER_KEY: deployment.provider.apiKey,
  });
}

/** A port that nobody listens on, in a moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function order(...jobs: readonly NewJob[]): Promise<void> {
  expectOk(await deployment.store.writer.postEntry(grant('w1', 10_000)));
  const ordered = jobs
    .map(queuedJob)
    .map((job) => ({ ...job, provider: { ...job.provider, name: CONFIGURED_PROVIDER } }));
  expectOk(await deployment.store.writer.insertJobs(ordered));
}

describe('npm run runner', () => {
  it('runs jobs, finishes what is under way at the first signal, and says what it did', async () => {
    await order({ id: 'j1', model: 'standard' }, { id: 'j2', model: 'slow' }, { id: 'j3', model: 'bad-input' });
    const running = runHere('--concurrency', '3');
    await deployment.settled('j1', 'completed');
    await deployment.reached('j2', 'running');
    running.child.kill('SIGTERM');

    expect(await running.exited).toBe(0);
    expect((await deployment.jobOf('j2')).state).toBe('completed');
    expect(running.err()).toMatch(/2 completed, 0 to be tried again, 1 failed, 0 given back/);
    const lines = running.out().trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual({
      jobId: 'j3',
      outcome: 'failed',
      class: 'input',
    });
    expect(running.err()).not.toContain(deployment.provider.apiKey);
  });

  it('finishes what is under way where the terminal that it was started from is closed', async () => {
    await order({ id: 'j1', model: 'slow' });
    const running = runHere();
    await deployment.reached('j1', 'running');
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    running.child.kill('SIGHUP');
    expect(await running.exited).toBe(0);
    expect((await deployment.jobOf('j1')).state).toBe('completed');
  });

  it('gives jobs back at the second signal and leaves without waiting for them', async () => {
    await order({ id: 'j1', model: 'timeout', priceCredits: 40 });
    const running = runHere();
    await deployment.reached('j1', 'running');
    running.child.kill('SIGTERM');
    await expect.poll(() => running.err(), { timeout: 10_000 }).toContain('Finishing what is under way');
    running.child.kill('SIGTERM');

    expect(await running.exited).toBe(0);
    expect(await deployment.jobOf('j1')).toMatchObject({ state: 'retrying', lease: null });
    expect(await deployment.ledgerOf('j1')).toEqual([['reserve', 40]]);
  });

  it('goes on with its jobs where nobody reads any more what it says', async () => {
    await order({ id: 'j1', model: 'standard' });
    const running = runHere();
    await deployment.settled('j1', 'completed');
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    await order({ id: 'j2', model: 'standard' }, { id: 'j3', model: 'standard' });
    await deployment.settled('j2', 'completed');
    await deployment.settled('j3', 'completed');
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  });

  it('listens to who has the token that it made, and ends when it is told to drain from elsewhere', async () => {
    await order({ id: 'j1', model: 'standard' });
    const port = await freePort();
    const running = runHere('--listen', String(port));
    await deployment.settled('j1', 'completed');
    const token = readFileSync(path.join(deployment.folder, 'listen-token'), 'utf8');
    const health = await fetch(`http://127.0.0.1:${port}/health`, { headers: { Authorization: `Bearer ${token}` } });
    expect(health.status).toBe(200);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await metrics.text()).toMatch(/runledger_attempts_total\{outcome="completed",.*\} 1/);
    expect(running.err()).not.toContain(token);
    const [node] = expectOk(await deployment.store.reader.listRunners()).values;
    expectOk(
      await deployment.store.writer.controlRunner(node?._id ?? '', { action: 'drain' }, { type: 'user', id: 'u1' }),
    );
    expect(await running.exited).toBe(0);
    expect(expectOk(await deployment.store.reader.listRunners()).values).toMatchObject([
      { state: 'stopped', obeyedRevision: 1 },
    ]);
  });

  it('waits for a server that is not there, says so, and leaves when told to', async () => {
    const running = run(['--uri', 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300'], {
      RUNLEDGER_PROVIDER_URL: 'http://127.0.0.1:1/v1',
    });
    await expect.poll(() => running.err(), { timeout: 30_000 }).toContain('The MongoDB server does not answer.');
    running.child.kill('SIGINT');
    expect(await running.exited).toBe(0);
  });

  it('claims no job where it could keep no output', async () => {
    await order({ id: 'j1', model: 'standard' });
    const file = path.join(deployment.folder, 'a-file');
    writeFileSync(file, '');
    const running = runHere('--artefacts', path.join(file, 'outputs'));
    expect(await running.exited).toBe(1);
    expect(running.err()).toContain(`outputs cannot be kept in ${path.join(file, 'outputs')}, ENOTDIR`);
    expect(await deployment.jobOf('j1')).toMatchObject({ state: 'queued', attempts: [] });
  });

  it('does not work on collections that lack their indexes', async () => {
    await deployment.server.client.db(deployment.server.dbName).collection('jobs').dropIndexes();
    const running = runHere();
    expect(await running.exited).toBe(1);
    expect(running.err()).toContain('lack indexes');
  });

  it.each([
    ['no server', [], {}, /no --uri and no MONGODB_URI/],
    [
      'a URI that is none',
      ['--uri', 'mongo://u:s3cret@h'],
      { RUNLEDGER_PROVIDER_URL: 'http://x/v1' },
      /not a MongoDB URI/,
    ],
    ['no provider', ['--uri', 'mongodb://127.0.0.1:1'], {}, /names a provider/],
    [
      'a provider that is no URL',
      ['--uri', 'mongodb://127.0.0.1:1'],
      { RUNLEDGER_PROVIDER_URL: 'nonsense' },
      /is not a URL/,
    ],
    ['a concurrency that is none', ['--concurrency', '0'], {}, /whole number from 1 to 1000/],
  ])('refuses %s with one sentence', async (_what, args, env, sentence) => {
    const running = run(args, env);
    expect(await running.exited).toBe(1);
    expect(running.err()).toMatch(sentence);
    expect(running.err()).not.toContain('s3cret');
  });
});
