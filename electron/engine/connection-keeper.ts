import type { ConnectionStatus } from '#contract/status.ts';
import { isSignInError, isTransient, type AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { toWireError } from './window-session.ts';

/** What is kept open: something that answers a ping and can be closed. */
export interface KeptConnection {
  readonly server: string;
  readonly hasChangeStreams: boolean;
  ping(): Promise<Result<void, AppError>>;
  close(): Promise<void>;
}

/** What a keeper needs. Waiting ends early when the signal is aborted. */
export interface KeeperOptions<Connection extends KeptConnection> {
  /** For people: hosts and database, no secret. */
  readonly label: string;
  readonly isSandbox: boolean;
  readonly open: () => Promise<Result<Connection, AppError>>;
  /** Called once, with the first connection: from then on the driver itself finds the server again. */
  readonly onOpened: (connection: Connection) => Promise<void>;
  readonly onStatus: (status: ConnectionStatus) => void;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
}

const PING_EVERY_MS = 2000;
/** The longest that a timer can wait, in milliseconds. */
const PERSON_MS_MAX = 2 ** 31 - 1;
const BACK_OFF_MS_MIN = 1000;
const BACK_OFF_MS_MAX = 30_000;

/**
 * Opens a connection, keeps trying with back-off and full jitter for as long as it takes, and tells whether the server is
 * there. A wrong address and a refused login are tried again too: the person may mend them on the server's side.
 */
export class ConnectionKeeper<Connection extends KeptConnection> {
  readonly #options: KeeperOptions<Connection>;
  readonly #stopping = new AbortController();
  /** Ends the wait between two looks. */
  #pause = new AbortController();
  #loop: Promise<void> | null = null;
  #connection: Connection | null = null;
  #status: ConnectionStatus;

  constructor(options: KeeperOptions<Connection>) {
    this.#options = options;
    this.#status = { state: 'connecting', label: options.label, isSandbox: options.isSandbox, attempt: 0 };
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The connection, null before the first time that it could be opened. */
  get connection(): Connection | null {
    return this.#connection;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once, however long it would have waited. */
  wake(): void {
    this.#pause.abort();
  }

  /** Stops trying and closes the connection. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pause.abort();
    await this.#loop;
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      this.#pause = new AbortController();
      const problem = await this.#check(failures);
      failures = problem === null ? 0 : failures + 1;
      // What only a person can do is not tried again by itself.
      const isPersons = problem !== null && isSignInError(problem) && !isTransient(problem);
      const waitMs = problem === null ? PING_EVERY_MS : isPersons ? PERSON_MS_MAX : this.#backOffMs(failures);
      if (problem !== null) this.#tellLost(problem, isPersons ? null : waitMs);
      if (!signal.aborted) await this.#options.wait(waitMs, this.#pause.signal);
    }
  }

  /** One look at the server. @returns null where it is there */
  async #check(failures: number): Promise<AppError | null> {
    if (this.#connection === null) {
      if (failures === 0) this.#tell({ state: 'connecting', ...this.#names(), attempt: failures });
      const opened = await this.#options.open();
      if (!opened.ok) return opened.error;
      if (this.#stopping.signal.aborted) {
        await opened.value.close();
        return null;
      }
      this.#connection = opened.value;
      this.#tellConnected(opened.value);
      await this.#options.onOpened(opened.value);
      return null;
    }
    const answered = await this.#connection.ping();
    if (!answered.ok) return answered.error;
    if (this.#status.state !== 'connected') this.#tellConnected(this.#connection);
    return null;
  }

  #backOffMs(failures: number): number {
    const ceiling = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(failures, 10));
    return BACK_OFF_MS_MIN + Math.floor(this.#options.random() * (ceiling - BACK_OFF_MS_MIN));
  }

  #names(): { label: string; isSandbox: boolean } {
    return { label: this.#options.label, isSandbox: this.#options.isSandbox };
  }

  #tellConnected(connection: Connection): void {
    this.#tell({
      state: 'connected',
      ...this.#names(),
      server: connection.server,
      hasChangeStreams: connection.hasChangeStreams,
      sinceMs: this.#options.now(),
    });
  }

  #tellLost(error: AppError, waitMs: number | null): void {
    this.#tell({
      state: 'disconnected',
      ...this.#names(),
      error: toWireError(error),
      nextTryAtMs: waitMs === null ? null : this.#options.now() + waitMs,
    });
  }

  #tell(status: ConnectionStatus): void {
    this.#status = status;
    this.#options.onStatus(status);
  }
}
