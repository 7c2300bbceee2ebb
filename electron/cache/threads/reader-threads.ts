import { Worker } from 'node:worker_threads';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CopyReader, ReaderMethod } from '../copy-reader.ts';
import { unpackDocument, unpackMalformed, type PackedMalformedPage } from './carried-documents.ts';
import { READER_METHODS } from './reader-methods.ts';
import { fromReaderSchema, type FromReader, type ReaderSettings, type ToReader } from './reader-messages.ts';

export interface ReaderThreadsOptions {
  /** The thread's module: `reader-thread.ts` from source, its bundle in a build. */
  readonly entry: URL;
  /** The file of the copy; it has to stand before anything is asked. */
  readonly file: string;
  /**
   * How many threads at most; two where nothing is said, so that a slow question does not hold up a quick one. Another one is begun when a
   * question has waited: at the start of the program there is nothing slow, and a thread costs a tenth of a second of processor time.
   */
  readonly threads?: number;
  /** How long a question waits until another thread is begun for it, in milliseconds. */
  readonly waitMs?: number;
  /** The copy was found damaged by a question, which is answered with the same error. */
  readonly onUnusable?: (error: AppError) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

const THREADS = 2;
const WAIT_MS = 30;

interface Question {
  readonly id: number;
  readonly method: ReaderMethod;
  readonly args: readonly unknown[];
  readonly settle: (answer: Result<unknown, AppError>) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly stopped: Int32Array;
  readonly exited: Promise<void>;
  question: Question | null;
}

/**
 * Reads the copy on threads of its own, so that no question holds up the process that hosts windows, monitor and runner. A
 * question whose signal is aborted is not begun, or interrupted where it is under way; its answer is then `cancelled`. The first
 * thread begins with {@link ReaderThreads.begin}, or with the first question. Threads are never terminated: that would tear SQLite down
 * in the middle of a call, and the process with it.
 */
export class ReaderThreads {
  readonly #options: ReaderThreadsOptions;
  readonly #threads = new Set<Thread>();
  #waiting: Question[] = [];
  #lastId = 0;
  /** Runs while a question waits and there may be another thread. */
  #waitTimer: NodeJS.Timeout | null = null;
  #isClosed = false;
  /** While the file is another's: nobody opens it, and what is asked waits. */
  #isHeld = false;
  /** What is asked meanwhile is answered with it; null where it waits. */
  #heldBy: AppError | null = null;
  /** Why nothing is answered any more. */
  #refusal: AppError | null = null;

  constructor(options: ReaderThreadsOptions) {
    this.#options = options;
  }

  /** The copy's reader for questions that somebody waits for until the signal is aborted. Errors besides the copy's: `cancelled`. */
  for(signal?: AbortSignal): CopyReader {
    const methods = READER_METHODS.map((method) => {
      return [method, (...args: readonly unknown[]) => this.#ask(method, args, signal)] as const;
    });
    // Object.fromEntries forgets the names that it was given (microsoft/TypeScript#35745).
    return Object.fromEntries(methods) as unknown as CopyReader;
  }

  /** Begins the first thread before anything is asked, so that the first question need not wait for its start. */
  begin(): void {
    if (this.#threads.size === 0) this.#begin();
  }

  /**
   * Closes the file, and begins again when the work is done. What is under way is asked anew of the file that stands then, and what
   * is asked meanwhile waits for it, or is answered with an error.
   */
  async whileClosed<Value>(work: () => Promise<Value>, meanwhile: AppError | null = null): Promise<Value> {
    this.#isHeld = true;
    this.#heldBy = meanwhile;
    for (const thread of this.#threads) {
      interrupt(thread);
      if (thread.question !== null) this.#waiting.unshift(thread.question);
      thread.question = null;
    }
    await this.#endThreads();
    try {
      return await work();
    } finally {
      this.#isHeld = false;
      this.#heldBy = null;
      if (!this.#isClosed) this.#dispatch();
    }
  }

  /** Answers everything with an error from now on. */
  refuse(error: AppError): void {
    this.#refusal = error;
    for (const question of this.#waiting.splice(0)) question.settle(err(error));
  }

  /** Interrupts what is read and closes the file. Resolves when every thread has ended. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const question of this.#waiting.splice(0)) question.settle(err(appError('cancelled')));
    for (const thread of this.#threads) interrupt(thread);
    await this.#endThreads();
  }

  async #endThreads(): Promise<void> {
    this.#stopWaiting();
    for (const { worker } of this.#threads) worker.postMessage({ type: 'close' } satisfies ToReader);
    await Promise.all([...this.#threads].map(({ exited }) => exited));
  }

  async #ask(
    method: ReaderMethod,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<Result<unknown, AppError>> {
    if (this.#isClosed || signal?.aborted === true) return err(appError('cancelled'));
    const refusal = this.#refusal ?? this.#heldBy;
    if (refusal !== null) return err(refusal);
    const { promise, resolve } = Promise.withResolvers<Result<unknown, AppError>>();
    const question: Question = { id: (this.#lastId += 1), method, args, settle: resolve };
    const onAbort = (): void => this.#abandon(question);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(question);
    this.#dispatch();
    const answer = await promise;
    signal?.removeEventListener('abort', onAbort);
    return answer.ok ? unpack(method, answer.value) : answer;
  }

  #abandon(question: Question): void {
    if (this.#waiting.includes(question)) {
      this.#waiting = this.#waiting.filter((other) => other !== question);
      question.settle(err(appError('cancelled')));
      return;
    }
    for (const thread of this.#threads) if (thread.question === question) interrupt(thread);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#isHeld) {
      const free = [...this.#threads].find(({ question }) => question === null);
      const thread = free ?? (this.#threads.size === 0 ? this.#begin() : null);
      if (thread === null) {
        this.#beginLater();
        return;
      }
      const question = this.#waiting.shift();
      if (question === undefined) return;
      thread.question = question;
      const { id, method, args } = question;
      thread.worker.postMessage({ type: 'ask', id, method, args: [...args] } satisfies ToReader);
    }
  }

  /** Most questions are answered sooner than another thread would be there. */
  #beginLater(): void {
    const { threads = THREADS, waitMs = WAIT_MS } = this.#options;
    if (this.#waitTimer !== null || this.#threads.size >= threads) return;
    this.#waitTimer = setTimeout(() => {
      this.#waitTimer = null;
      if (this.#waiting.length > 0 && this.#begin() !== null) this.#dispatch();
    }, waitMs);
  }

  #stopWaiting(): void {
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    this.#waitTimer = null;
  }

  /** @returns null where there are as many as there may be */
  #begin(): Thread | null {
    const { entry, file, threads = THREADS, log } = this.#options;
    if (this.#isHeld || this.#threads.size >= threads) return null;
    const stopped = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(entry, { workerData: { file, stopped } satisfies ReaderSettings, name: 'reader' });
    const exited = Promise.withResolvers<void>();
    const thread: Thread = { worker, stopped: new Int32Array(stopped), exited: exited.promise, question: null };
    this.#threads.add(thread);
    worker.on('message', (message: unknown) => this.#receive(thread, fromReaderSchema.parse(message)));
    worker.on('error', (cause) => log('a thread that reads the copy failed', cause));
    worker.once('exit', () => {
      this.#threads.delete(thread);
      thread.question?.settle(err(appError(this.#isClosed ? 'cancelled' : 'internal', 'the reading thread ended')));
      exited.resolve();
      // The next question begins another thread in its place.
      if (!this.#isClosed) this.#dispatch();
    });
    return thread;
  }

  #receive(thread: Thread, { id, answer }: FromReader): void {
    const { question } = thread;
    if (question?.id !== id) return;
    thread.question = null;
    if (answer.type === 'value') question.settle(ok(answer.value));
    else {
      const error = appError(answer.code, answer.detail);
      if (error.code === 'cache_unusable') this.#options.onUnusable?.(error);
      question.settle(err(error));
    }
    this.#dispatch();
  }
}

function interrupt(thread: Thread): void {
  if (thread.question !== null) Atomics.store(thread.stopped, 0, thread.question.id);
}

/** See `carried-documents.ts`; every other answer crossed as it is. */
function unpack(method: ReaderMethod, value: unknown): Result<unknown, AppError> {
  if (method === 'job') return ok(unpackDocument(value as Uint8Array | null));
  if (method === 'malformedPage') return ok(unpackMalformed(value as PackedMalformedPage));
  return ok(value);
}
