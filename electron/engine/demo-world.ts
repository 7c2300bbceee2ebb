import { randomUUID } from 'node:crypto';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Provider } from '#runner/provider.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { DEMO_PROVIDER } from '#sandbox/demo/demo-jobs.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import { seedDemo, seedMalformed } from '#sandbox/demo/seed.ts';
import { demoTraffic } from '#sandbox/demo/traffic.ts';
import { hostSandbox, type HostedSandbox } from '#sandbox/worker-host.ts';
import type { Store } from '#store/connection.ts';
import { wait } from './wait.ts';

const SEEDED_JOBS = 240;
const TRAFFIC_EVERY_MS = 1500;
const DATABASE = 'runledger';
/** Prices of the demo's models, in micro-USD. */
const PRICE = { perMillionTokensIn: 150_000, perMillionTokensOut: 600_000, perImage: 20_000 };

/** What stands in for production where nothing is configured: the sandbox server, a provider, data, and customers. */
export class DemoWorld {
  readonly uri: string;
  readonly provider: Provider;
  readonly #sandbox: HostedSandbox;
  readonly #server: DemoProvider;
  readonly #stopping = new AbortController();
  #traffic: Promise<void> | null = null;

  private constructor(sandbox: HostedSandbox, server: DemoProvider) {
    this.#sandbox = sandbox;
    this.#server = server;
    this.uri = sandbox.uri;
    this.provider = openAiProvider(
      { type: 'openai', name: DEMO_PROVIDER, baseUrl: server.baseUrl, key: 'demo', prices: { '*': PRICE } },
      server.apiKey,
    );
  }

  /** Starts the sandbox server on its own thread and the provider. Error: `internal` where the server cannot start. */
  static async start(options: {
    readonly dataDir: string;
    readonly sandboxEntry: URL;
  }): Promise<Result<DemoWorld, AppError>> {
    const sandbox = await hostSandbox(options.sandboxEntry, { dataDir: options.dataDir, port: 0 });
    if (!sandbox.ok) return sandbox;
    return ok(new DemoWorld(sandbox.value, await startDemoProvider()));
  }

  /** Makes indexes; with `withData` also fills an empty database and lets new jobs arrive. */
  async prepare(store: Store, withData: boolean): Promise<Result<void, AppError>> {
    const indexes = await store.writer.createIndexes();
    if (!indexes.ok) return indexes;
    if (!withData) return ok(undefined);
    const seeded = await seedDemo({
      store: store.writer,
      jobs: SEEDED_JOBS,
      random: Math.random,
      now: new Date(),
      idPrefix: 'demo-',
    });
    if (!seeded.ok) return seeded;
    await seedMalformed(this.uri, DATABASE);
    this.#traffic ??= demoTraffic(
      {
        store: store.writer,
        random: Math.random,
        newId: () => randomUUID().slice(0, 8),
        now: () => new Date(),
        wait,
        everyMs: TRAFFIC_EVERY_MS,
      },
      this.#stopping.signal,
    );
    return ok(undefined);
  }

  /** No new jobs from here on. Idempotent. */
  async stopTraffic(): Promise<void> {
    this.#stopping.abort();
    await this.#traffic;
  }

  /** Stops everything. Idempotent. */
  async stop(): Promise<void> {
    await this.stopTraffic();
    await this.#server.stop();
    await this.#sandbox.stop();
  }
}
