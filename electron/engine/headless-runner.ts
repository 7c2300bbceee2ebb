import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { AttemptOutcome } from '#runner/attempt.ts';
import type { Provider } from '#runner/provider.ts';
import type { JobRunner } from '#runner/runner.ts';
import { isSignedIn, labelOf } from '#store/server-address.ts';
import { attach, type AttachedStore, type AttachOptions } from './attach.ts';
import { createConnectionLog } from './connection-log.ts';
import { ConnectionKeeper } from './connection-keeper.ts';
import { RunnerListener, type ListenerOptions } from './listener/listener.ts';
import { RunnerMetrics } from './listener/metrics.ts';
import { makeRunner } from './make-runner.ts';
import { wait } from './wait.ts';

/** How to run a runner without a window. */
export interface HeadlessRunnerOptions extends Omit<AttachOptions, 'appName'> {
  readonly concurrency: number;
  readonly providers: readonly Provider[];
  /** Absolute. */
  readonly artefactDir: string;
  readonly version: string;
  /** One line for people; it holds no secret, prompt or output. */
  readonly log: (line: string) => void;
  /** An attempt has ended. */
  readonly onOutcome: (jobId: string, outcome: AttemptOutcome) => void;
  /** Null listens to nobody. */
  readonly listen: ListenSettings | null;
}

/** Where a runner tells of itself, and who may hear it. */
export interface ListenSettings extends Pick<ListenerOptions, 'port' | 'host' | 'token' | 'callbacks'> {}

/** A runner that waits for its server, works until it is told to stop, and finds a lost server again by itself. */
export class HeadlessRunner {
  readonly #options: HeadlessRunnerOptions;
  readonly #refused = Promise.withResolvers<AppError>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #metrics: RunnerMetrics;
  #listener: RunnerListener | null = null;
  #store: AttachedStore['store'] | null = null;
  #keeper: ConnectionKeeper<AttachedStore> | null = null;
  #runner: JobRunner | null = null;
  #isStopping = false;
  #lastError: AppError['code'] | null = null;

  constructor(options: HeadlessRunnerOptions) {
    this.#options = options;
    this.#metrics = new RunnerMetrics(
      () => this.#runner?.status ?? null,
      () => this.#isConnected,
    );
  }

  /** Settles where the runner cannot work on what it found, with `indexes_missing`; otherwise it stays pending. */
  get refused(): Promise<AppError> {
    return this.#refused.promise;
  }

  /** Settles when the runner has ended because somebody wished so from elsewhere. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get #isConnected(): boolean {
    return this.#keeper?.status.state === 'connected';
  }

  /**
   * Begins to look for the server and, as soon as it is there, to work. Errors: `uri_invalid`, `sign_in_needed`, and `invalid_request` where the
   * port to listen on is not to be had.
   */
  async start(): Promise<Result<void, AppError>> {
    const { uri, dbName, mapping, log } = this.#options;
    const label = labelOf(uri, dbName);
    if (!label.ok) return label;
    // Nobody sits before a runner, today or when its sign-in has ended.
    if (isSignedIn(uri)) return err(appError('sign_in_needed', 'a runner cannot'));
    this.#keeper = new ConnectionKeeper<AttachedStore>({
      label: label.value,
      isSandbox: false,
      open: () => attach({ uri, dbName, mapping, appName: 'Runledger runner' }),
      onOpened: (connection) => Promise.resolve(this.#begin(connection)),
      onStatus: createConnectionLog(log),
      wait,
      random: Math.random,
      now: Date.now,
    });
    const listening = await this.#listen();
    if (!listening.ok) return listening;
    this.#keeper.start();
    return ok(undefined);
  }

  /** Claims nothing more, lets attempts under way finish, and closes the connection. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    await this.#runner?.drain();
    await this.#listener?.stop();
    await this.#keeper?.stop();
  }

  /** Cuts attempts under way off, gives their jobs back and closes the connection; also while it drains. */
  async leave(): Promise<void> {
    this.#isStopping = true;
    await this.#runner?.stop();
    await this.#listener?.stop();
    await this.#keeper?.stop();
  }

  async #listen(): Promise<Result<void, AppError>> {
    const { listen, log } = this.#options;
    if (listen === null) return ok(undefined);
    this.#listener = new RunnerListener({
      ...listen,
      status: () => this.#runner?.status ?? null,
      isConnected: () => this.#isConnected,
      metrics: this.#metrics,
      changes: () => (this.#isConnected ? (this.#store?.changes ?? null) : null),
      wait,
    });
    const port = await this.#listener.start();
    if (!port.ok) return port;
    log(`Listening on http://${listen.host}:${port.value}: /health, /metrics and /events, with the bearer token.`);
    return ok(undefined);
  }

  #begin({ store }: AttachedStore): void {
    if (this.#isStopping) return;
    if (store.missingIndexes.length > 0) {
      // Without its indexes every claim would read the whole collection: on a production server that is harm.
      this.#refused.resolve(appError('indexes_missing', store.missingIndexes.join(', ')));
      return;
    }
    this.#store = store;
    const { log, onOutcome, listen: _listen, ...settings } = this.#options;
    this.#runner = makeRunner({
      ...settings,
      store: store.writer,
      policies: store.policies,
      onOutcome: (job, outcome, durationMs) => {
        this.#metrics.ended(job, outcome, durationMs);
        onOutcome(job._id, outcome);
      },
      onStatus: ({ state, error }) => {
        if (state === 'stopped') this.#ended.resolve();
        if (error !== null && error.code !== this.#lastError)
          log(`The last call failed: ${error.code}. It is repeated.`);
        this.#lastError = error?.code ?? null;
      },
    });
    this.#runner.start();
    const { runnerId, concurrency } = this.#runner.status;
    log(`Running jobs as ${runnerId}, at most ${concurrency} at once.`);
  }
}
