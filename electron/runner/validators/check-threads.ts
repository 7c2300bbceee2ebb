import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { systemCodeOf } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { validationSchema, type Validation } from '#domain/job.ts';
import { safeParse } from '#domain/safe-parse.ts';
import {
  carriedSchema,
  fromCheckThreadSchema,
  schemaVerdictSchema,
  type CheckQuestion,
  type CustomerSchema,
  type FileQuestion,
  type SchemaQuestion,
  type SchemaVerdict,
} from './check-messages.ts';
import { required, validationOf } from './checks.ts';
import { validateWebsite } from './website.ts';

/**
 * A question of a schema may take this long, in milliseconds, and one of a page or a film that long and longer by its size. Processor time, because
 * on a machine that is busy an ordinary question may be answered late, and its job has done nothing wrong.
 */
const SCHEMA_MS_MAX = 2000;
const PAGE_MS_MAX = 5000;
const PAGE_MS_MAX_PER_KB = 5;
/** The same of a film, of which only the container is read. */
const FILM_MS_MAX = 5000;
const FILM_MS_MAX_PER_MB = 100;
/** A page of no more bytes takes no time worth a thread, however it is made: 100 ms where tags are left open on purpose. */
const SMALL_PAGE_BYTES = 1024;
/** What a thread uses is looked at so often, in milliseconds. */
const LOOK_MS = 50;
/** What a thread may have of memory, in megabytes. A page of the most bytes takes most of it. */
const THREAD_MB_MAX = 1536;
/**
 * So much more it may have before the engine ends it by itself, in megabytes. The engine can end a thread only where it grows in small
 * pieces: one large one, as of a list that doubles, ends the whole process.
 */
const HEADROOM_MB = 2048;
const MB = 1024 * 1024;
/** Two, so that what is ordinary does not wait behind one that is made to take long; more would take the machine from the runner. */
const THREADS_MAX = 2;

/** How checks are made. */
export interface CheckThreadOptions {
  /** The module of a thread: `check-thread.ts` from source, its bundle in a build. */
  readonly entry: URL;
  readonly schemaMsMax?: number;
  readonly pageMsMax?: number;
  readonly filmMsMax?: number;
  readonly threadMbMax?: number;
}

/**
 * Checks what customers and models wrote on threads of its own, which are ended where something takes too long or too much memory:
 * whatever a schema or a page is, the runner's heartbeats go on.
 */
export class CheckThreads {
  readonly #options: CheckThreadOptions;
  readonly #idle: CheckThread[];
  readonly #waiting: ((thread: CheckThread) => void)[] = [];

  constructor(options: CheckThreadOptions) {
    this.#options = options;
    const { entry, threadMbMax = THREAD_MB_MAX } = options;
    this.#idle = Array.from({ length: THREADS_MAX }, () => new CheckThread(entry, threadMbMax));
  }

  /**
   * Why the schema that a job's options carry cannot be used; null where it can, where there is none, and where the signal was
   * aborted before it was known.
   */
  async problemOf(options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string | null> {
    const schema = schemaOf(options);
    if (schema === undefined || signal.aborted) return null;
    const stopped = Promise.withResolvers<null>();
    const stop = (): void => stopped.resolve(null);
    signal.addEventListener('abort', stop, { once: true });
    const judged = this.#judge({ type: 'schema', schema, text: null }, signal);
    // Who is stopped does not wait for what others have asked before.
    const verdict = await Promise.race([judged, stopped.promise]).finally(() =>
      signal.removeEventListener('abort', stop),
    );
    if (verdict?.type !== 'unusable') return null;
    return `The JSON Schema of the options cannot be used: ${verdict.reason}`.slice(0, 500);
  }

  /** Where the JSON of a text is not what the schema of the options describes; empty where it is, or there is no schema. */
  async differences(options: Readonly<Record<string, unknown>>, text: string): Promise<readonly string[]> {
    const schema = schemaOf(options);
    if (schema === undefined) return [];
    const verdict = await this.#judge({ type: 'schema', schema, text });
    if (verdict?.type === 'unusable') return [`The schema could not be checked: ${verdict.reason}`];
    return verdict?.type === 'differs' ? verdict.places : [];
  }

  /** Holds the web page in a file against its options. Rejects where the file cannot be read. */
  async website(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
    const { size } = await stat(file);
    if (size <= SMALL_PAGE_BYTES) return validateWebsite(file, options);
    const msMax = (this.#options.pageMsMax ?? PAGE_MS_MAX) + Math.round((PAGE_MS_MAX_PER_KB * size) / 1024);
    return this.#look({ type: 'website', file, options: { ...options } }, 'page', msMax);
  }

  /** Holds the film in a file against its options, on a thread whatever its size: a kilobyte can claim any number of frames. */
  async video(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
    const { size } = await stat(file);
    const msMax = (this.#options.filmMsMax ?? FILM_MS_MAX) + Math.round((FILM_MS_MAX_PER_MB * size) / 1024 / 1024);
    return this.#look({ type: 'video', file, options: { ...options } }, 'film', msMax);
  }

  /** Ends the threads that nobody asks anything. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#idle.map((thread) => thread.stop()));
  }

  /** @param what for people, what is checked */
  async #look(question: FileQuestion, what: string, msMax: number): Promise<Validation> {
    const answered = await this.#ask(question, msMax);
    if (answered?.ok === true) return validationSchema.parse(answered.value);
    const reason = answered === null ? 'it was not waited for' : answered.error;
    return validationOf([required('within_limits', false, `The ${what} could not be checked: ${reason}.`)]);
  }

  async #judge(question: SchemaQuestion, signal?: AbortSignal): Promise<SchemaVerdict | null> {
    const answered = await this.#ask(question, this.#options.schemaMsMax ?? SCHEMA_MS_MAX, signal);
    if (answered === null) return null;
    return answered.ok ? schemaVerdictSchema.parse(answered.value) : { type: 'unusable', reason: answered.error };
  }

  /** @returns the answer, or which limit it met; null where the signal was aborted before a thread was free */
  async #ask(question: CheckQuestion, msMax: number, signal?: AbortSignal): Promise<Result<unknown, string> | null> {
    const thread = this.#idle.pop() ?? (await new Promise<CheckThread>((resolve) => this.#waiting.push(resolve)));
    try {
      return signal?.aborted === true ? null : await thread.ask(question, msMax);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(thread);
      else next(thread);
    }
  }
}

/** The schema that a job's options carry; undefined where they carry none. */
export function schemaOf(options: Readonly<Record<string, unknown>>): CustomerSchema | undefined {
  const carried = safeParse(carriedSchema, options);
  return carried.success ? carried.data.schema : undefined;
}

interface Asked {
  readonly msMax: number;
  readonly answer: PromiseWithResolvers<Result<unknown, string>>;
  /** Aborted when it was answered. */
  readonly over: AbortController;
}

/** One thread, begun with its first question and again after it was ended. It is asked one thing at a time. */
class CheckThread {
  readonly #entry: URL;
  readonly #mbMax: number;
  #worker: Worker | null = null;
  #asked: Asked | null = null;

  constructor(entry: URL, mbMax: number) {
    this.#entry = entry;
    this.#mbMax = mbMax;
  }

  /**
   * @param msMax of processor time, from when the thread begins with it
   * @returns the answer, or which limit was met. Rejects where the thread failed by itself, which says nothing of what is checked.
   */
  async ask(question: CheckQuestion, msMax: number): Promise<Result<unknown, string>> {
    const answer = Promise.withResolvers<Result<unknown, string>>();
    const over = new AbortController();
    this.#asked = { msMax, answer, over };
    const worker = (this.#worker ??= this.#begin());
    worker.ref();
    worker.postMessage(question);
    try {
      return await answer.promise;
    } finally {
      this.#asked = null;
      over.abort();
      // A thread that waits for questions keeps no process alive.
      worker.unref();
    }
  }

  get #tooLarge(): string {
    return `checking it took more than ${this.#mbMax} MB of memory`;
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #begin(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: this.#mbMax + HEADROOM_MB };
    const worker = new Worker(this.#entry, { name: 'checks', resourceLimits });
    // What a thread says that was ended is about a question that has its answer.
    const isCurrent = (): boolean => this.#worker === worker;
    worker.on('message', (message: unknown) => {
      if (!isCurrent()) return;
      const said = fromCheckThreadSchema.parse(message);
      if (said.type === 'answer') this.#asked?.answer.resolve(ok(said.answer));
      else if (this.#asked !== null) void this.#watch(worker, this.#asked);
    });
    worker.on('error', (cause) => {
      if (!isCurrent()) return;
      this.#worker = null;
      const isTooLarge = systemCodeOf(cause) === 'ERR_WORKER_OUT_OF_MEMORY';
      if (isTooLarge) this.#asked?.answer.resolve(err(this.#tooLarge));
      else this.#asked?.answer.reject(cause);
    });
    worker.once('exit', () => {
      if (!isCurrent()) return;
      this.#worker = null;
      this.#asked?.answer.reject(new Error('The thread that checks ended.'));
    });
    return worker;
  }

  /** Ends the thread when it has used up its question's time, or takes too much memory. */
  async #watch(worker: Worker, asked: Asked): Promise<void> {
    const isAsked = (): boolean => this.#asked === asked && this.#worker === worker;
    try {
      const before = await worker.cpuUsage();
      while (isAsked()) {
        await delay(LOOK_MS, undefined, { signal: asked.over.signal });
        const [time, heap] = await Promise.all([worker.cpuUsage(before), worker.getHeapStatistics()]);
        const isLate = (time.user + time.system) / 1000 >= asked.msMax;
        const isLarge = heap.used_heap_size > this.#mbMax * MB;
        if (!(isLate || isLarge) || !isAsked()) continue;
        this.#worker = null;
        asked.answer.resolve(
          err(isLate ? `checking it took more than ${asked.msMax} ms of processor time` : this.#tooLarge),
        );
        void worker.terminate();
      }
    } catch (cause) {
      // Answered, or of a thread that has ended, which is told by its own events.
      const isOver = asked.over.signal.aborted;
      const hasEnded = systemCodeOf(cause) === 'ERR_WORKER_NOT_RUNNING';
      if (!isOver && !hasEnded) throw cause;
    }
  }
}
