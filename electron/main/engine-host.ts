import {
  MessageChannelMain,
  utilityProcess,
  type MessagePortMain,
  type UtilityProcess,
  type WebContents,
} from 'electron';
import { systemCodeOf } from '#domain/errors.ts';
import { PORT_CHANNEL } from '#contract/wire.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { engineMessageSchema, type EngineConfig, type PreviewsAllowed } from '#engine/messages.ts';
import { ENGINE_FLAGS } from '#engine/process-flags.ts';
import type { ShellAnswer } from '#engine/shell-asks.ts';
import type { Notice } from './notifications.ts';
import { restartDelayMs } from './back-off.ts';
import { OpenAsks } from './open-asks.ts';
import type { OpenAsk } from './profiles/shell-answers.ts';
import { WholeLines } from './whole-lines.ts';

/** What the host of the engine needs. */
export interface EngineHostOptions {
  /** Absolute path of the engine's bundle. */
  readonly entry: string;
  readonly config: EngineConfig;
  /** Answers what the engine asks of the desktop. */
  readonly answer: (ask: OpenAsk) => Promise<ShellAnswer>;
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** Called when the engine wants somebody to be told. */
  readonly onNotice: (notice: Notice) => void;
  /** Called with a port of the shell's own to each engine that starts, and with null when it has gone. */
  readonly onPort: (port: MessagePortMain | null) => void;
}

/** An engine that ran for this long counts as having started well. */
const STEADY_MS = 30_000;
/** How long the engine may take to stop before it is killed, in milliseconds. */
const STOP_MS_MAX = 8000;
/** How long after that an engine which does not even listen to its end is ended all the same. */
const KILL_MS = 2000;

/**
 * Runs the engine in a process of its own, hands each window a port to it, and starts it again with back-off when it dies;
 * what it owed stands in MongoDB or SQLite.
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #windows = new Set<WebContents>();
  #config: EngineConfig;
  #process: UtilityProcess | null = null;
  #startedAt = 0;
  #failures = 0;
  #restart: NodeJS.Timeout | null = null;
  /** Why no engine is to be started now: it is being restarted, or the application ends. */
  #stopping: 'to restart' | 'for good' | null = null;
  #previews: PreviewsAllowed = 'none';

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** How the engine runs now, or will when it is started. */
  get config(): EngineConfig {
    return this.#config;
  }

  /** Which artefacts the engine that runs lets windows be served; none while there is no engine. */
  get previews(): PreviewsAllowed {
    return this.#previews;
  }

  start(): void {
    if (this.#process !== null || this.#stopping !== null) return;
    this.#startedAt = this.#options.now();
    const child = utilityProcess.fork(this.#options.entry, [], {
      serviceName: 'Runledger engine',
      stdio: 'pipe',
      execArgv: [...ENGINE_FLAGS],
    });
    this.#process = child;
    const asks = new OpenAsks(this.#options.answer);
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new WholeLines(this.#options.log);
      stream?.on('data', (chunk: Buffer) => lines.take(chunk));
      stream?.on('end', () => lines.end());
    }
    child.on('message', (message: unknown) => this.#receive(child, asks, message));
    // Without a listener the event would be thrown in main. Its report is not told: the whole environment stands in it.
    child.on('error', (type, location) =>
      this.#options.log(`the engine met what it cannot survive: ${type}, ${location}`),
    );
    child.on('exit', (code) => {
      asks.withdrawAll();
      this.#exited(child, code);
    });
    child.postMessage({ type: 'init', config: this.#config });
    for (const contents of this.#windows) this.#handPort(contents, child);
    this.#options.onPort(connectTo(child));
  }

  /** Gives a window a port, now and after each restart, until it is gone. */
  connect(contents: WebContents): void {
    if (!this.#windows.has(contents)) {
      this.#windows.add(contents);
      contents.once('destroyed', () => this.#windows.delete(contents));
    }
    if (this.#process !== null) this.#handPort(contents, this.#process);
  }

  /** Asks the engine to finish what it is doing and waits for it, within bounds. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = 'for good';
    await this.#end();
  }

  /**
   * Stops the engine in good order and starts it with another configuration; windows get new ports by themselves. Of several that are
   * asked for while one engine still stops, the last is started; none where the application has begun to end.
   */
  async restart(config: EngineConfig): Promise<void> {
    if (this.#stopping === 'for good') return;
    this.#config = config;
    if (this.#stopping === 'to restart') return;
    this.#stopping = 'to restart';
    await this.#end();
    if (this.#wasEnded()) return;
    this.#stopping = null;
    this.#process = null;
    this.#failures = 0;
    this.#tellLost();
    this.start();
  }

  /** True where the application has begun to end, also while something was waited for. */
  #wasEnded(): boolean {
    return this.#stopping === 'for good';
  }

  async #end(): Promise<void> {
    if (this.#restart !== null) clearTimeout(this.#restart);
    const child = this.#process;
    if (child === null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.postMessage({ type: 'stop' });
    const timer = setTimeout(() => child.kill(), STOP_MS_MAX);
    // What does not hear that either would keep the application from ever ending; what it owed stands in MongoDB or SQLite.
    const last = setTimeout(() => killNow(child), STOP_MS_MAX + KILL_MS);
    await exited;
    clearTimeout(timer);
    clearTimeout(last);
  }

  #handPort(contents: WebContents, child: UtilityProcess): void {
    if (contents.isDestroyed()) return;
    contents.postMessage(PORT_CHANNEL, { type: 'connected' }, [connectTo(child)]);
  }

  #receive(child: UtilityProcess, asks: OpenAsks, raw: unknown): void {
    const message = safeParse(engineMessageSchema, raw);
    if (!message.success) this.#options.log('the engine sent a message that is none of the contract');
    else if (message.data.type === 'fatal')
      this.#options.log(`engine: ${message.data.error.code} ${message.data.error.detail ?? ''}`);
    else if (message.data.type === 'ask') {
      const { id, name, params } = message.data;
      // A person may take their time to answer; an engine that has ended meanwhile hears nothing of it.
      const failed = (cause: unknown): ShellAnswer => {
        this.#options.log(`the desktop failed at ${name}: ${String(cause)}`);
        return { ok: false, error: { code: 'internal', detail: name } };
      };
      void asks
        .answer(id, name, params)
        .catch(failed)
        .then((answer) => {
          if (this.#process === child) child.postMessage({ type: 'answer', id, answer });
        });
    } else if (message.data.type === 'withdraw') asks.withdraw(message.data.id);
    else if (message.data.type === 'previews') this.#previews = message.data.allowed;
    else if (message.data.type === 'notify') this.#options.onNotice(message.data);
  }

  #exited(child: UtilityProcess, code: number): void {
    if (this.#process !== child) return;
    this.#process = null;
    if (this.#stopping !== null) return;
    this.#tellLost();
    this.#config = { ...this.#config, opensSignIn: false };
    this.#failures = this.#options.now() - this.#startedAt > STEADY_MS ? 1 : this.#failures + 1;
    const delayMs = restartDelayMs(this.#failures);
    this.#options.log(`the engine ended with code ${code}; it is started again in ${delayMs} ms`);
    this.#restart = setTimeout(() => this.start(), delayMs);
  }

  #tellLost(): void {
    this.#previews = 'none';
    this.#options.onPort(null);
    for (const contents of this.#windows) {
      if (!contents.isDestroyed()) contents.postMessage(PORT_CHANNEL, { type: 'lost' }, []);
    }
  }
}

function killNow(child: UtilityProcess): void {
  try {
    if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
  } catch (cause) {
    // It has ended by itself in this very moment.
    if (systemCodeOf(cause) !== 'ESRCH') throw cause;
  }
}

/** @returns our end of a new port to an engine */
function connectTo(child: UtilityProcess): MessagePortMain {
  const { port1, port2 } = new MessageChannelMain();
  child.postMessage({ type: 'connect' }, [port1]);
  return port2;
}
