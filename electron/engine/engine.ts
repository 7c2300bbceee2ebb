import path from 'node:path';
import type { ReaderThreads } from '#cache/threads/reader-threads.ts';
import { openOwnFile, type OwnFile } from '#cache/own/open-own-file.ts';
import type { AlertNotice } from '#console/alerts/alert-desk.ts';
import { DeskHost } from '#console/reconciliation/desk-host.ts';
import { JobDesk } from '#console/retry/job-desk.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import type { EngineStatus } from '#contract/status.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import { DEFAULT_FINANCE_LIMITS } from '#domain/reconciliation/limits.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { labelOf } from '#store/server-address.ts';
import type { SignIn } from '#store/sign-in.ts';
import { attach, type AttachedStore } from './attach.ts';
import { AlertWatch } from './alert-watch.ts';
import { ConsoleAudit } from './console-audit.ts';
import { ConnectionKeeper } from './connection-keeper.ts';
import { createConnectionLog } from './connection-log.ts';
import { dataFilesOf, type DataFiles } from './data-files.ts';
import type { DemoWorld } from './demo-world.ts';
import { createFailedHandlers, createHandlers } from './handlers.ts';
import type { DoctorParts } from './handlers/doctor-handlers.ts';
import type { Handlers } from './handlers/handler.ts';
import type { EngineConfig, PreviewsAllowed } from './messages.ts';
import { missingSecretOf, openedConfig, openProfileOf } from './opened-config.ts';
import type { PageEntries } from '#monitor/threads/page-thread-host.ts';
import { OfflineCopy } from './offline-copy.ts';
import { OpenWindows } from './open-windows.ts';
import { loaded } from './loaded.ts';
import { OwnRunner } from './own-runner.ts';
import { PersonBoard } from './person-board.ts';
import { PlanHost } from './plan-host.ts';
import type { EnginePort } from './port.ts';
import { closeToOthers } from './private-files.ts';
import { RedactionBoard } from './redaction/redaction-board.ts';
import { NO_SHELL, type Shell } from './shell-link.ts';
import { PersonSignIn } from './sign-in/person-sign-in.ts';
import { sourceOf } from './source-label.ts';
import { StatusBoard } from './status-board.ts';
import { systemName } from './system-name.ts';
import { wait } from './wait.ts';
import { toWireError } from './window-session.ts';

/** What the connection to the sandbox is called. */
const SANDBOX_LABEL = 'Sandbox server';

/** What an engine needs of the process that runs it. */
export interface EngineOptions {
  readonly config: EngineConfig;
  /** The module of the sandbox's worker thread. */
  readonly sandboxEntry: URL;
  /** The module of the worker thread of reconciliation. */
  readonly deskEntry: URL;
  /** The module of the threads that read the offline copy. */
  readonly readerEntry: URL;
  /** The module of the thread that takes prompts out of the copy. */
  readonly withholdEntry: URL;
  /** The module of the thread that brings a copy of an older version to this one. */
  readonly upgradeEntry: URL;
  /** The modules of the threads that write a snapshot into the copy. */
  readonly pageEntries: PageEntries;
  /** The module of the threads that check what the runner receives. */
  readonly checkEntry: URL;
  /** Tells somebody on the desktop; left out where there is none. */
  readonly notify?: (notice: AlertNotice) => void;
  /** Tells which artefacts windows may be served from now on; left out where nobody serves any. */
  readonly onPreviews?: (allowed: PreviewsAllowed) => void;
  readonly log: (line: string, cause?: unknown) => void;
  /** The desktop around it; left out where there is none. */
  readonly shell?: Shell;
}

/**
 * Everything behind the windows in one process: connection, offline copy, monitor, runner, and in the demonstration the
 * sandbox server. What is cached is answered from the first moment; the rest follows the server's coming and going.
 */
export class Engine {
  readonly #options: EngineOptions;
  /** A label of deployment and database, no secret: what the copy and everything else on this machine is about. */
  readonly #source: string;
  readonly #files: DataFiles;
  readonly #board: StatusBoard;
  readonly #person: PersonBoard;
  readonly #redaction: RedactionBoard;
  readonly #runner: OwnRunner;
  readonly #signIns: PersonSignIn;
  readonly #windows = new OpenWindows();
  #copy: OfflineCopy | null = null;
  #own: Result<OwnFile, AppError> | null = null;
  #demo: DemoWorld | null = null;
  #connection: ConnectionKeeper<AttachedStore> | null = null;
  #desk: JobDesk | null = null;
  #plans: PlanHost | null = null;
  #reconciliation: DeskHost | null = null;
  #alerts: AlertWatch | null = null;
  #store: Store | null = null;
  #audit: ConsoleAudit | null = null;
  #stopped: Promise<void> | null = null;
  /** Why it could not start; windows are served all the same, so that they can say it. */
  #failure: AppError | null = null;

  constructor(options: EngineOptions) {
    const config = openedConfig(options.config);
    this.#options = { ...options, config };
    this.#source = sourceOf(config);
    this.#files = dataFilesOf(config.dataDir, this.#source, config.mapping);
    const { log } = options;
    this.#person = new PersonBoard({
      fallbackName: this.#fallbackName(),
      isReadOnly: config.isReadOnly,
      memoryFile: this.#files.personFile,
      onChange: (person) => {
        // Another role sees through other rules.
        this.#board.set({ person, redaction: this.#redaction.status });
        this.#tellPreviews();
        this.#copy?.reconsiderPrompts();
      },
      log,
    });
    this.#redaction = new RedactionBoard({
      role: () => this.#person.status.role,
      memoryFile: this.#files.redactionFile,
      onChange: (redaction) => {
        this.#board.set({ redaction });
        this.#tellPreviews();
        this.#copy?.reconsiderPrompts();
      },
      log,
    });
    this.#board = new StatusBoard(config.version, openProfileOf(options.config), this.#person.status, (status) => {
      this.#windows.publish({ name: 'status.changed', status });
    });
    this.#signIns = new PersonSignIn({
      shell: options.shell ?? NO_SHELL,
      onChange: (signIn) => this.#board.set({ signIn }),
      onBegin: () => this.#connection?.wake(),
      now: Date.now,
    });
    this.#runner = new OwnRunner(config, options.checkEntry, (runner) => this.#board.set({ runner }));
  }

  /**
   * Opens the offline copy and begins to look for the server. Errors, which each window shows too: `uri_invalid`, `disk_full`,
   * `cache_unusable`, and where the sandbox server cannot start `internal`.
   */
  async start(): Promise<Result<void, AppError>> {
    const started = await this.#start();
    if (!started.ok) {
      this.#failure = started.error;
      const { config } = this.#options;
      const label = config.mongodbUri === null ? SANDBOX_LABEL : this.#source;
      const isSandbox = config.mongodbUri === null;
      const error = toWireError(started.error);
      this.#board.set({ connection: { state: 'disconnected', label, isSandbox, error, nextTryAtMs: null } });
    }
    return started;
  }

  async #start(): Promise<Result<void, AppError>> {
    const { config, log } = this.#options;
    closeToOthers(config.dataDir, log);
    this.#openAudit();
    this.#board.set({ redaction: this.#redaction.status });
    this.#tellPreviews();
    const hasSecrets = missingSecretOf(config);
    if (!hasSecrets.ok) return hasSecrets;
    const uri = await this.#serverUri();
    if (!uri.ok) return uri;
    const isSandbox = config.mongodbUri === null;
    const label = isSandbox ? ok(SANDBOX_LABEL) : labelOf(uri.value, config.dbName);
    if (!label.ok) return label;
    const signIn = this.#signIns.forConnection(config, uri.value, label.value);
    const opened = this.#openCopy();
    if (!opened.ok) return opened;
    const { copy, own } = opened.value;
    this.#copy = copy;
    this.#own = own;
    this.#reconciliation = this.#openReconciliation(uri.value, signIn);
    this.#alerts = this.#watchAlerts(own, copy.readers, this.#reconciliation);
    const tellTerminal = createConnectionLog(log);
    this.#connection = new ConnectionKeeper<AttachedStore>({
      label: label.value,
      isSandbox,
      open: () =>
        attach({
          uri: uri.value,
          dbName: config.dbName,
          appName: 'Runledger',
          isReadOnly: config.isReadOnly,
          mapping: config.mapping,
          signIn,
        }),
      onOpened: (connection) => this.#begin(connection.store, copy),
      onStatus: (connection) => {
        this.#board.set({ connection });
        tellTerminal(connection);
        // What was recorded while it was away could not be sent then.
        if (connection.state === 'connected') void this.#audit?.send();
      },
      wait,
      random: Math.random,
      now: Date.now,
    });
    this.#board.set({ connection: this.#connection.status });
    this.#connection.start();
    return ok(undefined);
  }

  /** What every window is told of connection, copy, runner and person. */
  get status(): EngineStatus {
    return this.#board.current;
  }

  /** How it is set up. */
  get config(): EngineConfig {
    return this.#options.config;
  }

  /** Serves a window over its port until the window closes it. */
  connect(port: EnginePort): void {
    const handlers = this.#handlers();
    if (handlers === null) {
      port.close();
      return;
    }
    const context = {
      handlers,
      person: () => ({ ...this.#person.status, actor: this.#person.actor }),
      lens: () => (this.#failure === null ? this.#redaction.lens() : null),
      audit: this.#audit?.trail ?? null,
      log: this.#options.log,
    };
    this.#windows.serve(port, context, { name: 'status.changed', status: this.#board.current });
  }

  #handlers(): Handlers | null {
    const status = (): EngineStatus => this.#board.current;
    const profiles = {
      shell: this.#options.shell ?? NO_SHELL,
      fallbackName: this.#fallbackName(),
      signIns: this.#signIns,
    };
    const doctor = this.#doctorParts(profiles.shell);
    if (this.#failure !== null) return createFailedHandlers(this.#failure, status, { profiles, doctor });
    const copy = this.#copy;
    const alerts = this.#alerts;
    if (copy === null || alerts === null) return null;
    if (this.#reconciliation === null || this.#own === null) return null;
    return createHandlers({
      copy: (signal) => copy.readers.for(signal),
      keeper: copy.keeper,
      status,
      controlRunner: (action) => this.#runner.control(action),
      desk: () => this.#desk,
      plans: () => this.#plans,
      exportFolder: this.#files.exportFolder,
      artefactDir: path.join(this.#options.config.dataDir, 'artefacts'),
      reconciliation: this.#reconciliation,
      own: this.#own,
      profiles,
      alerts: alerts.desk,
      doctor,
      person: this.#person,
      redaction: this.#redaction,
      auditFile: this.#audit?.file ?? null,
      store: () => this.#connectedStore(),
      now: Date.now,
    });
  }

  #doctorParts(shell: Shell): DoctorParts {
    const { config } = this.#options;
    return {
      shell,
      store: () => this.#connectedStore(),
      status: () => this.#board.current,
      dataDir: config.dataDir,
      copyFile: this.#files.copyFile,
      metInCopy: (error) => this.#copy?.keeper.met(error),
      now: Date.now,
    };
  }

  /** What to call who sits here where the server does not say it. */
  #fallbackName(): string {
    return this.#options.config.personName ?? systemName();
  }

  /** Lets the runner finish what it may, hands the rest back, and closes everything. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    // Whoever waits for a person would wait for minutes.
    this.#signIns.stop();
    await this.#demo?.stopTraffic();
    await this.#alerts?.stop();
    await this.#reconciliation?.stop();
    await this.#plans?.stop();
    await this.#runner.stop();
    await this.#copy?.keeper.stop();
    this.#person.stop();
    this.#redaction.stop();
    // While the server is away each attempt waits for it; what is not sent now is sent by the next start.
    if (this.#board.current.connection.state === 'connected') await this.#audit?.send();
    await this.#connection?.stop();
    await this.#demo?.stop();
    this.#windows.close();
    await this.#copy?.close();
    if (this.#own?.ok === true) this.#own.value.close();
    this.#audit?.close();
  }

  /** The configured server's address, or that of a sandbox server started for the purpose. */
  async #serverUri(): Promise<Result<string, AppError>> {
    const { config, sandboxEntry } = this.#options;
    if (config.mongodbUri !== null) return ok(config.mongodbUri);
    const program = await loaded('the demonstration', () => import('./demo-world.ts'));
    if (!program.ok) return program;
    const demo = await program.value.DemoWorld.start({ dataDir: path.join(config.dataDir, 'sandbox'), sandboxEntry });
    if (!demo.ok) return demo;
    this.#demo = demo.value;
    return ok(demo.value.uri);
  }

  #openCopy(): ReturnType<typeof OfflineCopy.open> {
    const { readerEntry, withholdEntry, upgradeEntry, pageEntries, log } = this.#options;
    return OfflineCopy.open(
      {
        file: this.#files.copyFile,
        source: this.#source,
        readerEntry,
        withholdEntry,
        upgradeEntry,
        pageEntries,
        mayKeepPrompts: () => (this.#person.isKnown ? !this.#redaction.hidesPrompts : null),
        onCounts: (counts) => this.#board.set({ counts }),
        onChange: (jobIds) => this.#jobsChanged(jobIds),
        onStatus: (monitor) => this.#board.set({ monitor }),
        onTask: (task) => this.#windows.publish({ name: 'copy.task', task }),
        onUpgrade: (copyUpgrade) => this.#board.set({ copyUpgrade }),
        onNote: (copyNote) => this.#board.set({ copyNote }),
        onError: (error) => {
          this.#board.set({ monitor: { ...this.#board.current.monitor, error: toWireError(error) } });
        },
        log,
      },
      () => this.#openOwn(),
    );
  }

  /** Without it everything else works: whoever asks for a view or a draft is told why there is none. */
  #openOwn(): Result<OwnFile, AppError> {
    const { log } = this.#options;
    const own = openOwnFile({ path: this.#files.ownFile, source: this.#source, now: Date.now });
    if (!own.ok) log(explainError(own.error), own.error.cause);
    else if (own.value.note !== null) log(own.value.note);
    return own;
  }

  /** Without an audit nothing that must be recorded is done; what only shows lists goes on. */
  #openAudit(): void {
    const { config, log } = this.#options;
    const audit = ConsoleAudit.open({
      path: this.#files.auditFile,
      server: () => (config.isReadOnly ? null : (this.#store?.audit ?? null)),
      version: config.version,
      person: () => this.#person.audited,
      onUnsent: (error) => {
        if (error.code !== 'server_unreachable') log('the audit could not be sent to the server', error);
      },
      log,
    });
    if (audit.ok) this.#audit = audit.value;
    else log('the audit could not be opened', audit.error);
  }

  #openReconciliation(uri: string, signIn: SignIn | null): DeskHost {
    const { config, deskEntry, log } = this.#options;
    const { copyFile, runFolder, exportFolder } = this.#files;
    return new DeskHost({
      entry: deskEntry,
      settings: {
        copyFile,
        folder: runFolder,
        exportFolder,
        uri,
        dbName: config.dbName,
        isReadOnly: config.isReadOnly,
        mapping: config.mapping,
        limits: config.financeLimits ?? DEFAULT_FINANCE_LIMITS,
        signIn: signIn === null ? null : { allowedHosts: signIn.allowedHosts },
      },
      askSignIn: () => signIn?.newClient() ?? null,
      // The books are read by a thread of their own, from the same file.
      onUnusable: (error) => this.#copy?.keeper.met(error),
      onState: (state) => {
        this.#alerts?.reconciled(state);
        this.#windows.publish({ name: 'reconciliation.changed', state });
      },
      hidden: () => this.#redaction.rules(),
      log,
    });
  }

  #watchAlerts(own: Result<OwnFile, AppError>, readers: ReaderThreads, reconciliation: DeskHost): AlertWatch {
    return new AlertWatch({
      own,
      copy: (signal) => readers.for(signal),
      store: () => this.#connectedStore(),
      reconciliation: () => reconciliation.state(),
      notify: (notice) => this.#options.notify?.(notice),
      onChange: () => this.#windows.publish({ name: 'alerts.changed' }),
      log: this.#options.log,
    });
  }

  get #isStopping(): boolean {
    return this.#stopped !== null;
  }

  #connectedStore(): Store | null {
    return this.#board.current.connection.state === 'connected' ? this.#store : null;
  }

  async #begin(store: Store, copy: OfflineCopy): Promise<void> {
    const { config, log } = this.#options;
    let missingIndexes = store.missingIndexes;
    if (this.#demo !== null) {
      const prepared = await this.#demo.prepare(store, config.isDemo);
      if (prepared.ok) missingIndexes = [];
      else log('the demonstration could not be prepared', prepared.error);
    }
    // What is stopped already would be begun anew behind it, and nobody would stop it a second time.
    if (this.#isStopping) return;
    this.#store = store;
    await this.#person.attach(store.people);
    if (this.#isStopping) return;
    await this.#redaction.attach(store.redaction);
    if (this.#isStopping) return;
    if (config.profile !== null) {
      const { server } = store.reader.topology;
      this.#audit?.attached(config.profile, { isReadOnly: config.isReadOnly, server });
    }
    void this.#audit?.send();
    this.#desk = new JobDesk({
      reader: store.reader,
      writer: store.writer,
      cache: copy.readers.for(),
      policies: store.policies,
      lens: () => this.#redaction.lens(),
    });
    this.#plans = new PlanHost({ store, log });
    void this.#plans.keepUp(() => (refusalOf('plans.run', this.#person.status) === null ? this.#person.actor : null));
    // Not waited for: what the copy has to go through first may take minutes, and the runner needs none of it.
    void copy.follow(store.changes);
    if (config.withRunner && !config.isReadOnly) {
      await this.#runner.begin({ store, missingIndexes, demo: this.#demo?.provider ?? null });
    }
  }

  #tellPreviews(): void {
    this.#options.onPreviews?.(this.#redaction.previewsFor(this.#person.status.access));
  }

  #jobsChanged(jobIds: readonly string[]): void {
    this.#windows.publish({ name: 'jobs.changed', jobIds: [...jobIds], hasMore: jobIds.length === 0 });
    this.#runner.poke();
  }
}
