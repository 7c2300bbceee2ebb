import path from 'node:path';
import type { RunnerStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Provider } from '#runner/provider.ts';
import type { JobRunner, RunnerState } from '#runner/runner.ts';
import type { Store } from '#store/connection.ts';
import type { EngineConfig } from './messages.ts';
import { toWireError } from './window-session.ts';

/** The runner of this machine, as the application has it beside its window: off until it is begun. */
export class OwnRunner {
  readonly #config: EngineConfig;
  readonly #onStatus: (status: RunnerStatus) => void;
  #runner: JobRunner | null = null;
  #isStopped = false;

  constructor(config: EngineConfig, onStatus: (status: RunnerStatus) => void) {
    this.#config = config;
    this.#onStatus = onStatus;
  }

  /**
   * Begins to run jobs, or says by its status why it does not. Its program is loaded only now: clients of providers and readers of
   * artefacts are half of all that an engine can load, and a start that runs nothing does not wait for them.
   * @param missingIndexes those that runners need and the server lacks
   * @param demo the provider of the demonstration; null on a server of somebody's own
   */
  async begin(store: Store, missingIndexes: readonly string[], demo: Provider | null): Promise<void> {
    if (missingIndexes.length > 0) {
      // Without its indexes every claim would read the whole collection: on a production server that is harm.
      this.#refuse(appError('indexes_missing', missingIndexes.join(', ')));
      return;
    }
    const [{ configuredProviders }, { makeRunner }] = await Promise.all([
      import('./configured-providers.ts'),
      import('./make-runner.ts'),
    ]);
    if (this.#isStopped) return;
    const configured = configuredProviders(this.#config.providers);
    if (!configured.ok) {
      this.#refuse(configured.error);
      return;
    }
    const { dataDir, concurrency, version } = this.#config;
    const runner = makeRunner({
      store: store.writer,
      policies: store.policies,
      providers: demo === null ? configured.value : [...configured.value, demo],
      artefactDir: path.join(dataDir, 'artefacts'),
      concurrency,
      version,
      onStatus: (state) => this.#onStatus(toRunnerStatus(state)),
    });
    this.#runner = runner;
    this.#onStatus(toRunnerStatus(runner.status));
    runner.start();
  }

  /** Errors: `not_found` where this machine runs none. @returns how it stands then */
  control(action: 'pause' | 'resume'): Result<RunnerStatus, AppError> {
    if (this.#runner === null) return err(appError('not_found', 'this machine runs no runner'));
    if (action === 'pause') this.#runner.pause();
    else this.#runner.resume();
    return ok(toRunnerStatus(this.#runner.status));
  }

  /** A job that came in is begun at once, and not when the runner looks next. */
  poke(): void {
    this.#runner?.poke();
  }

  /** Stops at once and gives its jobs back. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#runner?.stop();
  }

  #refuse(error: AppError): void {
    this.#onStatus({ state: 'off', runnerId: null, concurrency: 0, active: 0, error: toWireError(error) });
  }
}

function toRunnerStatus(state: RunnerState): RunnerStatus {
  return { ...state, error: state.error === null ? null : toWireError(state.error) };
}
