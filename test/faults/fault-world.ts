import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Books } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../support/expect-ok.ts';
import type { SeededRandom } from '../support/model-random.ts';
import { openTestStore } from '../support/test-server.ts';
import { CUTS, startCuttingProxy, type CuttingProxy } from './cutting-proxy.ts';
import { KILL_POINTS, type Doom } from './doom.ts';
import { startConsoleProcess, startRunnerProcess, startServerProcess, type KillableProcess } from './processes.ts';
import { startSellingProvider, type SellingProvider } from './selling-provider.ts';
import { isAtRest } from './verdict.ts';

const SKEW_MS_MAX = 5 * 60_000;
const LEASE_MS = 1500;
/** Long enough that whoever stands still has lost every lease when it goes on. */
const FREEZE_MS = 2.2 * LEASE_MS;
/** A doomed runner dies at one of its first calls of a kind. */
const DOOM_NTH_MAX = 6;
const RUNNERS = 3;
const CONCURRENCY = 4;
/** What a runner's store sends; each is refused now and then. */
const COMMANDS = ['find', 'update', 'update', 'insert', 'hello'] as const;
/** The server gives way, steps down, conflicts, or stops. */
const ERROR_CODES = [91, 112, 189, 251, 10_107, 11_600] as const;
/** What was done to a world so far. */
export interface Deeds {
  kills: number;
  restarts: number;
  /** Runners that stood still for longer than their leases hold. */
  freezes: number;
  /** Runners that died at a named point. */
  readonly killPoints: Record<string, number>;
}

interface FaultyRunner {
  readonly process: KillableProcess;
  readonly doomedAt: string | null;
}

interface Fate {
  readonly name: string;
  readonly doom: Doom;
}

interface Server {
  readonly port: number;
  readonly options: string;
  /** Kills it and starts it again on the same data with another clock; null where the server is not ours to kill. */
  readonly restart: ((skewMs: number) => Promise<void>) | null;
  readonly stop: () => Promise<void>;
}

/** A server, a proxy before it, a provider, and runners that come and go; each is a process or a socket of its own. */
export class FaultWorld {
  readonly provider: SellingProvider;
  readonly proxy: CuttingProxy;
  readonly deeds: Deeds = { kills: 0, restarts: 0, freezes: 0, killPoints: {} };
  readonly store: Store;
  readonly #random: SeededRandom;
  readonly #server: Server;
  readonly #client: MongoClient;
  readonly #dbName: string;
  readonly #folder: string;
  readonly #mapping: JobMapping | null;
  #runners: FaultyRunner[] = [];
  readonly #thaws = new Set<Promise<void>>();

  private constructor(parts: {
    random: SeededRandom;
    server: Server;
    provider: SellingProvider;
    proxy: CuttingProxy;
    store: Store;
    client: MongoClient;
    dbName: string;
    folder: string;
    mapping: JobMapping | null;
  }) {
    this.#random = parts.random;
    this.#server = parts.server;
    this.provider = parts.provider;
    this.proxy = parts.proxy;
    this.store = parts.store;
    this.#client = parts.client;
    this.#dbName = parts.dbName;
    this.#folder = parts.folder;
    this.#mapping = parts.mapping;
  }

  /**
   * Opens a world on the server of `uri`, or on a sandbox of its own in durable mode where that is null.
   * @param mapping how its documents stand for ours; null for Runledger's own names
   */
  static async open(uri: string | null, random: SeededRandom, mapping: JobMapping | null): Promise<FaultWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'runledger-faults-'));
    const server = uri === null ? await ownServer(join(folder, 'data')) : givenServer(uri);
    const direct = `mongodb://127.0.0.1:${server.port}/${server.options}`;
    const dbName = `faults_${randomUUID().slice(0, 8)}`;
    const store = await openTestStore(direct, dbName, mapping === null ? {} : { mapping });
    expectOk(await store.writer.createIndexes());
    const [proxy, provider] = [await startCuttingProxy(server.port), await startSellingProvider(random)];
    const client = new MongoClient(direct);
    return new FaultWorld({ random, server, provider, proxy, store, client, dbName, folder, mapping });
  }

  startRunners(): void {
    while (this.#runners.length < RUNNERS) this.#runners.push(this.#startRunner());
    this.reviveRunners();
  }

  /** Starts another runner for each that has died by itself. */
  reviveRunners(): void {
    for (const [index, { process, doomedAt }] of this.#runners.entries()) {
      if (!process.isGone()) continue;
      this.deeds.kills += 1;
      const where = doomedAt ?? 'elsewhere';
      this.deeds.killPoints[where] = (this.deeds.killPoints[where] ?? 0) + 1;
      this.#runners[index] = this.#startRunner();
    }
  }

  /** A console that runs a plan over the same unreliable way as the runners. */
  startConsole(planId: string, holder: string): KillableProcess {
    const uri = `mongodb://127.0.0.1:${this.proxy.port}/${this.#server.options}`;
    return startConsoleProcess({ uri, dbName: this.#dbName, mapping: this.#mapping, planId, holder });
  }

  async killRunner(): Promise<void> {
    await this.#replaceRunner(null);
  }

  /** Kills a runner, and starts one that dies by itself at one of the twelve points. */
  async doomRunner(): Promise<void> {
    const { name, method, when } = this.#random.pick(KILL_POINTS);
    await this.#replaceRunner({ name, doom: { method, when, nth: this.#random.between(1, DOOM_NTH_MAX) } });
  }

  /** Lets a runner stand still until its leases have run out, while the others go on. */
  freezeRunner(): void {
    const { process } = this.#random.pick(this.#runners);
    process.freeze();
    this.deeds.freezes += 1;
    const thaw = delay(FREEZE_MS).then(() => {
      process.thaw();
      this.#thaws.delete(thaw);
    });
    this.#thaws.add(thaw);
  }

  async #replaceRunner(fate: Fate | null): Promise<void> {
    this.reviveRunners();
    const index = this.#random.between(0, this.#runners.length - 1);
    await this.#runners[index]?.process.kill();
    this.#runners[index] = this.#startRunner(fate);
    this.deeds.kills += 1;
  }

  cut(): void {
    this.proxy.cutNext(this.#random.pick(CUTS));
  }

  /** Kills the server, and starts it with a clock that is wrong by minutes either way. */
  async restartServer(): Promise<void> {
    if (this.#server.restart === null) return;
    await this.#server.restart(this.#drawSkewMs());
    this.deeds.restarts += 1;
  }

  /** Lets the next commands of one name fail. */
  refuse(): void {
    const name = this.#random.pick(COMMANDS);
    const code = this.#random.pick(ERROR_CODES);
    for (let times = this.#random.between(1, 3); times > 0; times -= 1) this.proxy.refuseNext(name, code);
  }

  /** Ends every fault, and puts the server's clock past every lease and delay that was given under another. */
  async makePeace(): Promise<void> {
    this.proxy.relent();
    this.provider.relent();
    await Promise.all(this.#thaws);
    await this.#server.restart?.(3 * SKEW_MS_MAX);
    this.startRunners();
  }

  /** Everything there is, as the server has it. */
  async readBooks(): Promise<Books> {
    const jobs: Job[] = [];
    for await (const document of this.store.reader.iterateJobs()) {
      if (document.type === 'malformed') throw new Error(`malformed: ${JSON.stringify(document.malformed)}`);
      jobs.push(document.job);
    }
    return {
      jobs,
      accounts: await Array.fromAsync(this.store.reader.iterateAccounts()),
      ledger: await Array.fromAsync(this.store.reader.iterateLedger()),
    };
  }

  /** Those jobs alone: whoever only waits for them is not slower for all that came before them. */
  async readJobs(ids: readonly string[]): Promise<readonly Job[]> {
    const read = await Promise.all(ids.map((id) => this.store.reader.readJob(id)));
    return read.map(expectOk).flatMap((document) => (document?.type === 'job' ? [document.job] : []));
  }

  /** True where nothing more has to happen with those jobs, or with any account. */
  async isAtRest(ids: readonly string[]): Promise<boolean> {
    const accounts = await Array.fromAsync(this.store.reader.iterateAccounts());
    return isAtRest({ jobs: await this.readJobs(ids), accounts });
  }

  /** What the runners that are alive printed of errors. */
  errors(): string {
    return this.#runners.map(({ process }) => process.errors()).join('');
  }

  async close(): Promise<void> {
    await Promise.all(this.#thaws);
    await Promise.all(this.#runners.splice(0).map(({ process }) => process.kill()));
    await this.#client.db(this.#dbName).dropDatabase();
    await this.#client.close();
    await this.store.close();
    await Promise.all([this.proxy.stop(), this.provider.stop()]);
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #startRunner(fate: Fate | null = null): FaultyRunner {
    const process = startRunnerProcess({
      uri: `mongodb://127.0.0.1:${this.proxy.port}/${this.#server.options}`,
      dbName: this.#dbName,
      mapping: this.#mapping,
      providerUrl: this.provider.baseUrl,
      artefactDir: join(this.#folder, 'artefacts'),
      skewMs: this.#drawSkewMs(),
      leaseMs: LEASE_MS,
      concurrency: CONCURRENCY,
      doom: fate?.doom ?? null,
    });
    return { process, doomedAt: fate?.name ?? null };
  }

  #drawSkewMs(): number {
    return this.#random.between(-SKEW_MS_MAX, SKEW_MS_MAX);
  }
}

async function ownServer(dataDir: string): Promise<Server> {
  let running = await startServerProcess({ dataDir, port: 0, skewMs: 0 });
  const { port } = running;
  return {
    port,
    options: '?directConnection=true',
    restart: async (skewMs) => {
      await running.kill();
      await delay(10);
      running = await startServerProcess({ dataDir, port, skewMs });
    },
    stop: () => running.kill(),
  };
}

function givenServer(uri: string): Server {
  const { port, search } = new URL(uri);
  return { port: Number(port), options: search, restart: null, stop: () => Promise.resolve() };
}
