import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import type { Books } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import { makeRunner } from '#engine/make-runner.ts';
import type { JobRunner } from '#runner/runner.ts';
import type { Provider } from '#runner/provider.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from './expect-ok.ts';
import { grant, queuedJob, type NewJob } from './job-builder.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Long enough for a job that is tried several times on a busy machine, in milliseconds. */
const WAIT = { timeout: 60_000, interval: 50 };

/** A page that passes every check. */
export const PAGE = new TextEncoder().encode(
  '<!doctype html><html lang="en"><head><title>Tea</title></head><body><main><p>Tea</p></main></body></html>',
);

/** A server with indexes and a provider that is really called, and what a test does with both. */
export class RunnerDeployment {
  readonly server: TestServer;
  readonly provider: DemoProvider;
  readonly store: Store;
  readonly folder: string;
  readonly #runners: JobRunner[] = [];

  private constructor(parts: { server: TestServer; provider: DemoProvider; store: Store; folder: string }) {
    this.server = parts.server;
    this.provider = parts.provider;
    this.store = parts.store;
    this.folder = parts.folder;
  }

  /** @param way where the store finds the server of that address, as by way of a proxy; the server itself unless told */
  static async start(
    way: (serverUri: string) => Promise<string> = (uri) => Promise.resolve(uri),
  ): Promise<RunnerDeployment> {
    const server = await startTestServer();
    const store = await server.openStore({ uri: await way(server.uri) });
    expectOk(await store.writer.createIndexes());
    const provider = await startDemoProvider({ slowMs: 5000 });
    const folder = mkdtempSync(path.join(tmpdir(), 'runledger-runner-'));
    return new RunnerDeployment({ server, provider, store, folder });
  }

  /** Starts a runner in this process; `stop` ends it. */
  startRunner(
    options: {
      readonly concurrency?: number;
      readonly providers?: readonly Provider[];
      readonly leaseMs?: number;
    } = {},
  ): JobRunner {
    const { baseUrl, apiKey } = this.provider;
    const runner = makeRunner({
      store: this.store.writer,
      policies: this.store.policies,
      providers: options.providers ?? [openAiProvider({ type: 'openai', name: 'demo', baseUrl, key: 'demo' }, apiKey)],
      artefactDir: path.join(this.folder, 'artefacts'),
      concurrency: options.concurrency ?? 4,
      version: 'test',
      ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    });
    this.#runners.push(runner);
    runner.start();
    return runner;
  }

  /** Gives a workspace credits and orders jobs in it. */
  async order(workspaceId: string, credits: number, jobs: readonly NewJob[]): Promise<void> {
    if (credits > 0) expectOk(await this.store.writer.postEntry(grant(workspaceId, credits)));
    expectOk(await this.store.writer.insertJobs(jobs.map((job) => queuedJob({ workspaceId, ...job }))));
  }

  async jobOf(id: string): Promise<Job> {
    const found = expectOk(await this.store.reader.readJob(id));
    if (found?.type !== 'job') throw new Error(`${id} is no job`);
    return found.job;
  }

  /** Waits until a job stands in a state with nothing owed to the ledger. */
  async settled(id: string, state: Job['state']): Promise<Job> {
    return vi.waitFor(async () => {
      const job = await this.jobOf(id);
      if (job.state !== state || job.billing.pending.length > 0) throw new Error(`${id} is ${job.state}`);
      return job;
    }, WAIT);
  }

  /** Waits until a job is in a state, settled or not. */
  async reached(id: string, state: Job['state']): Promise<Job> {
    return vi.waitFor(async () => {
      const job = await this.jobOf(id);
      if (job.state !== state) throw new Error(`${id} is ${job.state}`);
      return job;
    }, WAIT);
  }

  /** What the ledger says of a job, in order: type and credits. */
  async ledgerOf(jobId: string): Promise<readonly (readonly [string, number])[]> {
    const { ledger } = await this.readBooks();
    return ledger
      .filter((entry) => entry.jobId === jobId)
      .toSorted((a, b) => a.at.getTime() - b.at.getTime())
      .map(({ type, credits }) => [type, credits] as const);
  }

  readBooks(): Promise<Books> {
    return readBooks(this.store.reader);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    await this.provider.stop();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
