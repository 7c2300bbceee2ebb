import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import {
  fromSchemaThreadSchema,
  schemaQuestionSchema,
  type SchemaQuestion,
  type SchemaVerdict,
} from './schema-messages.ts';

/** One question may take this long, in milliseconds, and as much memory, in megabytes. */
const QUESTION_MS_MAX = 2000;
const QUESTION_MB_MAX = 512;
/** Two, so that an ordinary schema does not wait behind one that is made to take long; more would take the machine from the runner. */
const THREADS_MAX = 2;

const carriedSchema = z.object({ schema: schemaQuestionSchema.shape.schema.optional() });

/** How schemas are checked. */
export interface SchemaCheckOptions {
  /** The module of a thread: `schema-thread.ts` from source, its bundle in a build. */
  readonly entry: URL;
  readonly questionMsMax?: number;
  readonly questionMbMax?: number;
}

/**
 * Holds values against the JSON Schemas of customers on threads of its own, which are ended where one takes too long or too much
 * memory: whatever a schema is, the runner's heartbeats go on.
 */
export class SchemaChecks {
  readonly #idle: SchemaThread[];
  readonly #waiting: ((thread: SchemaThread) => void)[] = [];

  constructor(options: SchemaCheckOptions) {
    this.#idle = Array.from({ length: THREADS_MAX }, () => new SchemaThread(options));
  }

  /**
   * Why the schema that a job's options carry cannot be used; null where it can, where there is none, and where the signal was
   * aborted before its turn came.
   */
  async problemOf(options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string | null> {
    const schema = schemaOf(options);
    if (schema === undefined) return null;
    const verdict = await this.#ask({ schema, text: null }, signal);
    if (verdict?.type !== 'unusable') return null;
    return `The JSON Schema of the options cannot be used: ${verdict.reason}`.slice(0, 500);
  }

  /** Where the JSON of a text is not what the schema of the options describes; empty where it is, or there is no schema. */
  async differences(options: Readonly<Record<string, unknown>>, text: string): Promise<readonly string[]> {
    const schema = schemaOf(options);
    if (schema === undefined) return [];
    const verdict = await this.#ask({ schema, text }, NEVER);
    if (verdict?.type === 'unusable') return [`The schema could not be checked: ${verdict.reason}`];
    return verdict?.type === 'differs' ? verdict.places : [];
  }

  /** Ends the threads that nobody asks anything. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#idle.map((thread) => thread.stop()));
  }

  /** @returns null where the signal was aborted before a thread was free */
  async #ask(question: SchemaQuestion, signal: AbortSignal): Promise<SchemaVerdict | null> {
    const thread = this.#idle.pop() ?? (await new Promise<SchemaThread>((resolve) => this.#waiting.push(resolve)));
    try {
      return signal.aborted ? null : await thread.ask(question);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(thread);
      else next(thread);
    }
  }
}

/** The signal of a question that is answered in any case. */
const NEVER = new AbortController().signal;

/** The schema that a job's options carry; undefined where they carry none. */
export function schemaOf(options: Readonly<Record<string, unknown>>): SchemaQuestion['schema'] | undefined {
  const carried = carriedSchema.safeParse(options);
  return carried.success ? carried.data.schema : undefined;
}

/** One thread, begun with its first question and again after it was ended. It is asked one thing at a time. */
class SchemaThread {
  readonly #options: SchemaCheckOptions;
  readonly #msMax: number;
  readonly #mbMax: number;
  #worker: Worker | null = null;
  #asked: PromiseWithResolvers<SchemaVerdict> | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SchemaCheckOptions) {
    this.#options = options;
    this.#msMax = options.questionMsMax ?? QUESTION_MS_MAX;
    this.#mbMax = options.questionMbMax ?? QUESTION_MB_MAX;
  }

  /** Rejects where the thread failed by itself, which says nothing of the schema. */
  async ask(question: SchemaQuestion): Promise<SchemaVerdict> {
    const asked = Promise.withResolvers<SchemaVerdict>();
    this.#asked = asked;
    const worker = (this.#worker ??= this.#begin());
    worker.ref();
    worker.postMessage(question);
    try {
      return await asked.promise;
    } finally {
      this.#asked = null;
      clearTimeout(this.#timer);
      // A thread that waits for questions keeps no process alive.
      worker.unref();
    }
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #begin(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: this.#mbMax };
    const worker = new Worker(this.#options.entry, { name: 'schemas', resourceLimits });
    // What a thread says that was ended is about a question that has its verdict.
    const isCurrent = (): boolean => this.#worker === worker;
    worker.on('message', (message: unknown) => {
      if (!isCurrent()) return;
      const said = fromSchemaThreadSchema.parse(message);
      if (said.type === 'verdict') this.#asked?.resolve(said.verdict);
      else this.#timer = setTimeout(() => this.#overrun(worker), this.#msMax);
    });
    worker.on('error', (cause) => {
      if (!isCurrent()) return;
      this.#worker = null;
      const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (!isTooLarge) this.#asked?.reject(cause);
      this.#asked?.resolve({ type: 'unusable', reason: `checking it took more than ${this.#mbMax} MB of memory` });
    });
    worker.once('exit', () => {
      if (!isCurrent()) return;
      this.#worker = null;
      this.#asked?.reject(new Error('The thread that checks schemas ended.'));
    });
    return worker;
  }

  #overrun(worker: Worker): void {
    const asked = this.#asked;
    // The verdict may stand unread in a process that was busy itself: what has come meanwhile is heard before the timer counts.
    setImmediate(() => {
      if (this.#asked !== asked || asked === null || this.#worker !== worker) return;
      this.#worker = null;
      asked.resolve({ type: 'unusable', reason: `checking it took longer than ${this.#msMax} ms` });
      void worker.terminate();
    });
  }
}
