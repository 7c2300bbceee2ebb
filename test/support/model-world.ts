import { MongoNetworkError, MongoServerError } from 'mongodb';
import { ModelDeployment } from './model-collections.ts';
import type { Gate } from './model-driver.ts';
import type { SeededRandom } from './model-random.ts';
import { openModelStore } from './model-store.ts';

/** What the network and the machines do to one call of the driver, by probability. */
export interface FaultRates {
  /** The connection is cut before the server has the call. */
  readonly cutBefore: number;
  /** The server does it, and the reply is lost. */
  readonly cutAfter: number;
  /** The call arrives twice; the second reply is the one that is seen. */
  readonly twice: number;
  /** The server refuses it for a reason that passes (a write conflict, a step-down). */
  readonly refused: number;
  /** The process dies before its call reaches the server, or while the reply is on its way. */
  readonly crash: number;
  /** The server's clock is set, by up to ten minutes either way. */
  readonly clock: number;
}

export const NO_FAULTS: FaultRates = { cutBefore: 0, cutAfter: 0, twice: 0, refused: 0, crash: 0, clock: 0 };

/** The codes of the errors that a server gives while it changes its mind: shut-down, write conflict, step-down. */
const REFUSALS = [91, 112, 189, 11_600];

/** A process of the world: its store, its clock, and nothing that outlives a crash. */
export interface ModelProcess {
  readonly name: string;
  readonly store: ReturnType<typeof openModelStore>;
  /** The world's time, in milliseconds; no clock that is set changes it. */
  readonly monotonicMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
  /** Runs something beside; what it throws is a bug and ends the run. */
  readonly also: (task: () => Promise<void>) => void;
}

interface PendingCall {
  readonly process: Life;
  readonly operation: string;
  readonly apply: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Timer {
  readonly process: Life;
  readonly atMs: number;
  readonly resolve: () => void;
}

/** One life of a process; a crash ends it, and whatever it still awaits never comes. */
interface Life {
  readonly name: string;
  readonly main: (process: ModelProcess) => Promise<void>;
  readonly restarts: boolean;
  isDead: boolean;
}

/**
 * A deployment and the processes on it, in one thread and under one seed: which call reaches the server next, what is lost,
 * who crashes and how the clocks run are all drawn from it. The processes run the program's own code.
 */
export class ModelWorld {
  readonly deployment: ModelDeployment;
  readonly random: SeededRandom;
  faults: FaultRates;
  /** What happened, newest last; printed for a run that failed. */
  readonly log: string[] = [];
  /** How many calls of each operation reached the server. */
  readonly calls = new Map<string, number>();
  readonly #failures: unknown[] = [];
  readonly #calls: PendingCall[] = [];
  readonly #timers: Timer[] = [];
  #running = 0;
  #ids = 0;
  #lives = 0;
  #nowMs = 0;

  constructor(random: SeededRandom, faults: FaultRates, startsAt: Date) {
    this.random = random;
    this.faults = faults;
    this.deployment = new ModelDeployment(startsAt.getTime());
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Processes that have not come to their end. */
  get running(): number {
    return this.#running;
  }

  /** Starts a process. One that `restarts` comes back some seconds after a crash, with nothing but what the server has. */
  spawn(name: string, main: Life['main'], options: { readonly restarts: boolean } = { restarts: false }): void {
    const life: Life = { name: `${name}.${(this.#lives += 1)}`, main, isDead: false, ...options };
    this.#running += 1;
    this.#run(life, async () => {
      await main(this.#processOf(life));
      this.#end(life);
    });
  }

  /** Lets one thing happen. @returns false where nothing is left to happen. Throws what a process threw. */
  async step(): Promise<boolean> {
    const hasCalls = this.#calls.length > 0;
    const isTimersTurn = this.#timers.length > 0 && (!hasCalls || this.random.chance(0.15));
    if (!hasCalls && !isTimersTurn) return false;
    if (isTimersTurn) this.#fireTimer();
    else this.#makeCall();
    // Whatever the reply set in motion runs until every process awaits the world again.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failures.length > 0) throw this.#failures[0];
    return true;
  }

  #processOf(life: Life): ModelProcess {
    const monotonicMs = (): number => this.#nowMs;
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        if (!life.isDead) this.#timers.push({ process: life, atMs: this.#nowMs + ms, resolve });
      });
    const gate: Gate = (operation, apply) =>
      new Promise((resolve, reject) => {
        if (life.isDead) return;
        this.#calls.push({ process: life, operation, apply, resolve: resolve as (value: unknown) => void, reject });
      });
    const newId = (): string => `id-${(this.#ids += 1)}`;
    const store = openModelStore(this.deployment, { gate, newId, random: this.random.next, wait, monotonicMs });
    return { name: life.name, store, monotonicMs, wait, also: (task) => this.#run(life, task) };
  }

  #run(life: Life, task: () => Promise<void>): void {
    task().catch((cause: unknown) => {
      if (!life.isDead) this.#failures.push(cause);
    });
  }

  #makeCall(): void {
    const call = this.#calls.splice(this.random.between(0, this.#calls.length - 1), 1)[0];
    if (call === undefined) return;
    const fault = this.#drawFault();
    this.calls.set(call.operation, (this.calls.get(call.operation) ?? 0) + 1);
    this.#note(`${call.process.name} ${call.operation}${fault === null ? '' : ` (${fault})`}`);
    switch (fault) {
      case null:
        return this.#answer(call);
      case 'cutBefore':
        return call.reject(new MongoNetworkError('the connection was cut'));
      case 'cutAfter':
        applyUnseen(call);
        return call.reject(new MongoNetworkError('the connection was cut'));
      case 'twice':
        applyUnseen(call);
        return this.#answer(call);
      case 'refused':
        return call.reject(new MongoServerError({ message: 'not now', code: this.random.pick(REFUSALS) }));
      case 'crash':
        if (this.random.chance(0.5)) applyUnseen(call);
        return this.#crash(call.process);
      case 'clock':
        this.deployment.nowMs += this.random.between(-600_000, 600_000);
        return this.#answer(call);
    }
  }

  #answer(call: PendingCall): void {
    try {
      call.resolve(call.apply());
    } catch (cause) {
      call.reject(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  #drawFault(): keyof FaultRates | null {
    let drawn = this.random.next();
    for (const name of Object.keys(this.faults) as (keyof FaultRates)[]) {
      drawn -= this.faults[name];
      if (drawn < 0) return name;
    }
    return null;
  }

  #fireTimer(): void {
    const earliest = this.#timers.reduce((first, timer) => (timer.atMs < first.atMs ? timer : first));
    this.#timers.splice(this.#timers.indexOf(earliest), 1);
    const passedMs = Math.max(0, earliest.atMs - this.#nowMs);
    this.#nowMs += passedMs;
    this.deployment.nowMs += passedMs;
    earliest.resolve();
  }

  #crash(life: Life): void {
    this.#end(life);
    life.isDead = true;
    for (const list of [this.#calls, this.#timers]) {
      for (let at = list.length - 1; at >= 0; at -= 1) if (list[at]?.process === life) list.splice(at, 1);
    }
    if (!life.restarts) return;
    const name = life.name.split('.')[0] ?? life.name;
    const resolve = (): void => this.spawn(name, life.main, { restarts: true });
    const keeper: Life = { ...life, name: 'keeper', isDead: false };
    this.#timers.push({ process: keeper, atMs: this.#nowMs + this.random.between(0, 20_000), resolve });
  }

  #end(life: Life): void {
    if (!life.isDead) this.#running -= 1;
  }

  #note(line: string): void {
    this.log.push(`${String(this.#nowMs).padStart(8)} ${line}`);
    if (this.log.length > LOG_LINES_MAX) this.log.splice(0, LOG_LINES_MAX / 2);
  }
}

const LOG_LINES_MAX = 2000;

/** The server does it, or refuses it; nobody learns which. */
function applyUnseen(call: PendingCall): void {
  try {
    call.apply();
  } catch (cause) {
    if (!(cause instanceof MongoServerError)) throw cause;
  }
}
