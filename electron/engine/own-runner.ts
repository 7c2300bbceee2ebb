import path from 'node:path';
import type { RunnerAction } from '#contract/runner-action.ts';
import type { RunnerStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Provider } from '#runner/provider.ts';
import type { JobRunner, RunnerState } from '#runner/runner.ts';
import type { Store } from '#store/connection.ts';
import type { configuredProviders } from './configured-providers.ts';
import { loaded } from './loaded.ts';
import type { makeRunner } from './make-runner.ts';
import type { EngineConfig } from './messages.ts';
import { toWireError } from './window-session.ts';

/** What runs jobs, as it is loaded. */
interface RunnerProgram {
  readonly configuredProviders: typeof configuredProviders;
  readonly makeRunner: typeof makeRunner;
}

/** Where jobs are run from, and by what besides the configured providers. */
interface RunnerPlace {
  readonly store: Store;
  /** Those that runners need and the server lacks. */
  readonly missingIndexes: readonly string[];
  /** The provider of the demonstration; null on a server of somebody's own. */
  readonly demo: Provider | null;
}

/** The runner of this machine, as the application has it beside its window: off until it is begun. */
export class OwnRunner {
  readonly #config: EngineConfig;
  readonly #checkEntry: URL;
  readonly #onStatus: (status: RunnerStatus) => void;
  readonly #load: () => Promise<RunnerProgram>;
  #runner: JobRunner | null = null;
  /** Where it was to run when it could not be begun; null where nothing of the kind happened. */
  #refusedAt: RunnerPlace | null = null;
  #isStopped = false;

  /** @param checkEntry the module of the threads that check schemas and pages */
  constructor(
    config: EngineConfig,
    checkEntry: URL,
    onStatus: (status: RunnerStatus) => void,
    load = loadRunnerProgram,
  ) {
    this.#config = config;
    this.#checkEntry = checkEntry;
    this.#onStatus = onStatus;
    this.#load = load;
  }

  /**
   * Begins to run jobs, or says by its status why it does not; then it is begun again by {@link control}. Its program is loaded only
   * now: clients of providers and readers of artefacts are half of all that an engine can load, and a start that runs nothing does not
   * wait for them.
   */
  async begin(place: RunnerPlace): Promise<Result<void, AppError>> {
    const begun = await this.#begin(place);
    if (!begun.ok && !this.#isStopped) {
      this.#refusedAt = place;
      this.#onStatus({ ...OFF, error: toWireError(begun.error) });
    }
    return begun;
  }

  /** What was refused for want of indexes may have them by now. */
  async #beginAgain(place: RunnerPlace): Promise<Result<void, AppError>> {
    const missing = await place.store.look.missingIndexes();
    return this.begin(missing.ok ? { ...place, missingIndexes: missing.value } : place);
  }

  async #begin({ store, missingIndexes, demo }: RunnerPlace): Promise<Result<void, AppError>> {
    // Without its indexes every claim would read the whole collection: on a production server that is harm.
    if (missingIndexes.length > 0) return err(appError('indexes_missing', missingIndexes.join(', ')));
    const program = await loaded('what runs jobs', this.#load);
    if (!program.ok) return program;
    const configured = program.value.configuredProviders(this.#config.providers);
    if (!configured.ok) return configured;
    if (this.#isStopped) return ok(undefined);
    const { dataDir, concurrency, version } = this.#config;
    const runner = program.value.makeRunner({
      store: store.writer,
      policies: store.policies,
      providers: demo === null ? configured.value : [...configured.value, demo],
      artefactDir: path.join(dataDir, 'artefacts'),
      concurrency,
      version,
      checkEntry: this.#checkEntry,
      onStatus: (state) => this.#onStatus(toRunnerStatus(state)),
    });
    this.#runner = runner;
    this.#onStatus(toRunnerStatus(runner.status));
    runner.start();
    return ok(undefined);
  }

  /**
   * Pauses, resumes, and begins again what could not be begun. Errors: `not_found` where this machine runs none, and why it
   * could not be begun.
   * @returns how it stands then
   */
  async control(action: RunnerAction): Promise<Result<RunnerStatus, AppError>> {
    const place = this.#refusedAt;
    if (place !== null && action === 'start') {
      // Taken before anything is waited for, so that who asks twice has one runner.
      this.#refusedAt = null;
      const begun = await this.#beginAgain(place);
      if (!begun.ok) return begun;
    }
    if (this.#runner === null) return err(appError('not_found', 'this machine runs no runner'));
    if (action === 'pause') this.#runner.pause();
    if (action === 'resume') this.#runner.resume();
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
}

const OFF = { state: 'off', runnerId: null, concurrency: 0, active: 0 } as const;

/** Loads what runs jobs. */
export async function loadRunnerProgram(): Promise<RunnerProgram> {
  const [{ configuredProviders }, { makeRunner }] = await Promise.all([
    import('./configured-providers.ts'),
    import('./make-runner.ts'),
  ]);
  return { configuredProviders, makeRunner };
}

function toRunnerStatus(state: RunnerState): RunnerStatus {
  return { ...state, error: state.error === null ? null : toWireError(state.error) };
}
