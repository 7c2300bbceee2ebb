import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { z } from 'zod';
import {
  findingDetailSchema,
  repeatedRunSchema,
  runSummarySchema,
  type FindingDetail,
  type ReconciliationScope,
  type ReconciliationState,
  type RepeatedRun,
} from '#contract/reconciliation-views.ts';
import { REQUESTS, type ParsedParams, type RequestResult } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { RedactionRule } from '#domain/redaction/redaction-rule.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { FinanceRequest } from './finance-answers.ts';
import type { AskSignIn, SignInTokens } from '#store/sign-in.ts';
import { RUNS_MAX } from './run-archive.ts';
import { fromDeskSchema, type DeskQuestion, type DeskSettings, type ToDesk } from './desk-messages.ts';

/** What the host of a desk needs. */
export interface DeskHostOptions {
  /** The worker's module: `desk-worker.ts` from source, its bundle in a build. */
  readonly entry: URL;
  readonly settings: DeskSettings;
  /** Called with the whole state whenever something of it changed. */
  readonly onState: (state: ReconciliationState) => void;
  /** A question met damage of the copy, and is answered with the same error; told once for each, however long its error stands in the state. */
  readonly onUnusable?: (error: AppError) => void;
  /** The redaction rules that hold for who sits here, asked for with each question. */
  readonly hidden: () => readonly RedactionRule[];
  /** How a client of the thread asks who sits here to sign in; left out or null where nobody signs in. */
  readonly askSignIn?: () => AskSignIn | null;
  readonly log: (line: string, cause?: unknown) => void;
  /** How long `stop` waits for the thread, in milliseconds; 15 seconds where nothing is said. */
  readonly stopMsMax?: number;
}

type Answer = Result<unknown, AppError>;

/** How long the thread may take to stop before it is left to end with the process, in milliseconds. */
const STOP_MS_MAX = 15_000;

const BUSY = 'a run or the closing of a month is under way';

/**
 * The desk of reconciliation on a thread of its own, begun when it is first asked. Holds the state that windows show: one run
 * at a time, and the last one that came to its end. A thread that dies fails what was asked of it, and the next question
 * begins a new one.
 */
export class DeskHost {
  readonly #options: DeskHostOptions;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #worker: { readonly thread: Worker; readonly exited: Promise<void> } | null = null;
  #state: ReconciliationState = { running: null, closing: null, last: null, error: null };
  #loading: Promise<void> | null = null;
  #lastId = 0;
  #isStopped = false;

  constructor(options: DeskHostOptions) {
    this.#options = options;
  }

  /** The state, with the last run that was kept. What could not be read stands in it as its error. */
  async state(): Promise<ReconciliationState> {
    await (this.#loading ??= this.#load());
    return this.#state;
  }

  /** Begins a run, unless one is under way; its end is told by `onState`. @returns the state just behind the beginning */
  async run(scope: ReconciliationScope): Promise<ReconciliationState> {
    await this.state();
    if (!this.#isBusy()) {
      this.#set({ running: { scope, progress: { phase: 'starting', done: 0, total: null } }, error: null });
      void this.#ask({ type: 'run', scope }, runSummarySchema).then((done) => {
        if (done.ok) this.#set({ running: null, last: done.value, error: null });
        else this.#set({ running: null, error: { code: done.error.code, detail: done.error.detail } });
      });
    }
    return this.#state;
  }

  /** The runs that are kept, newest first. Error: `malformed_document`. */
  async runs(): Promise<Result<RequestResult<'reconciliation.runs'>, AppError>> {
    const rows = await this.#ask({ type: 'runs' }, REQUESTS['reconciliation.runs'].result.shape.rows);
    return rows.ok ? ok({ rows: rows.value, keptMax: RUNS_MAX }) : rows;
  }

  /**
   * Runs a kept run once more, as the run under way. Errors: `invalid_request` while another one is; `not_found`; those of a run,
   * which leave the state as it was.
   */
  async repeat(runId: string): Promise<Result<RepeatedRun, AppError>> {
    const runs = await this.runs();
    if (!runs.ok) return runs;
    const run = runs.value.rows.find((one) => one.runId === runId);
    if (run === undefined) return err(appError('not_found', runId));
    if (this.#isBusy()) return err(appError('invalid_request', BUSY));
    this.#set({ running: { scope: run.scope, progress: { phase: 'starting', done: 0, total: null } } });
    const repeated = await this.#ask({ type: 'repeat', runId }, repeatedRunSchema);
    this.#set({ running: null });
    return repeated;
  }

  /** Asks the run or the closing under way to stop; it ends with `cancelled`. */
  cancel(): ReconciliationState {
    this.#post({ type: 'cancel' });
    return this.#state;
  }

  /** One page of findings of a run. Errors: `not_found` for a run that is not kept; `invalid_request`. */
  findings(
    params: ParsedParams<'reconciliation.findings'>,
  ): Promise<Result<RequestResult<'reconciliation.findings'>, AppError>> {
    return this.#ask({ type: 'findings', ...params }, REQUESTS['reconciliation.findings'].result);
  }

  /** A finding with its entries. Errors: `not_found`; those of the copy. */
  finding(params: ParsedParams<'reconciliation.finding'>): Promise<Result<FindingDetail, AppError>> {
    return this.#ask({ type: 'finding', ...params }, findingDetailSchema);
  }

  /** Writes findings as CSV, without what is hidden from who sits here. Errors: `not_found`; `disk_full`; `internal`. */
  export(
    params: ParsedParams<'reconciliation.export'>,
  ): Promise<Result<RequestResult<'reconciliation.export'>, AppError>> {
    return this.#ask(
      { type: 'export', ...params, hidden: this.#options.hidden() },
      REQUESTS['reconciliation.export'].result,
    );
  }

  /** Answers a request about mends, findings, months or invoices in the name of whoever asks. Errors: those of its desk. */
  request<Name extends FinanceRequest>(
    name: Name,
    params: ParsedParams<Name>,
    actor: Actor,
  ): Promise<Result<RequestResult<Name>, AppError>> {
    if (name === 'periods.close') return this.#close(name, params, actor);
    return this.#request(name, params, actor);
  }

  /** Closes a month: as long as a run, and like one it is shown and can be stopped. */
  async #close<Name extends FinanceRequest>(
    name: Name,
    params: ParsedParams<Name>,
    actor: Actor,
  ): Promise<Result<RequestResult<Name>, AppError>> {
    const { period } = REQUESTS['periods.close'].params.parse(params);
    if (this.#isBusy()) return err(appError('invalid_request', BUSY));
    this.#set({ closing: { period, progress: { phase: 'starting', done: 0, total: null } } });
    const closed = await this.#request(name, params, actor);
    this.#set({ closing: null });
    return closed;
  }

  #isBusy(): boolean {
    return this.#state.running !== null || this.#state.closing !== null;
  }

  #request<Name extends FinanceRequest>(
    name: Name,
    params: ParsedParams<Name>,
    actor: Actor,
  ): Promise<Result<RequestResult<Name>, AppError>> {
    // The schema of a looked-up request is not tied to its result's type (microsoft/TypeScript#30581).
    const schema = REQUESTS[name].result as unknown as z.ZodType<RequestResult<Name>>;
    return this.#ask({ type: 'request', name, params, actor, hidden: this.#options.hidden() }, schema);
  }

  /**
   * Stops a run under way and waits for the thread to end. One that takes too long is left behind and holds up nobody: to
   * terminate a thread in the middle of native code (while SQLite's module loads, above all) takes the whole process down.
   * Idempotent.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    if (worker === null) return;
    this.#post({ type: 'stop' });
    const { stopMsMax = STOP_MS_MAX, log } = this.#options;
    const waiting = new AbortController();
    const late = delay(stopMsMax, true, { signal: waiting.signal }).catch(() => false);
    if (await Promise.race([worker.exited.then(() => false), late])) {
      worker.thread.unref();
      log(`the thread of reconciliation did not stop within ${stopMsMax} ms and is left to end with the process`);
    }
    waiting.abort();
  }

  async #load(): Promise<void> {
    const latest = await this.#ask({ type: 'latest' }, runSummarySchema.nullable());
    if (latest.ok) this.#set({ last: latest.value });
    else this.#set({ error: { code: latest.error.code, detail: latest.error.detail } });
  }

  #set(part: Partial<ReconciliationState>): void {
    this.#state = { ...this.#state, ...part };
    if (!this.#isStopped) this.#options.onState(this.#state);
  }

  async #ask<Value>(question: DeskQuestion, schema: z.ZodType<Value>): Promise<Result<Value, AppError>> {
    if (this.#isStopped) return err(appError('engine_stopped'));
    this.#worker ??= this.#begin();
    const id = (this.#lastId += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#post({ type: 'ask', id, question });
    const answer = await answered;
    if (!answer.ok) return answer;
    const parsed = safeParse(schema, answer.value);
    if (parsed.success) return ok(parsed.data);
    this.#options.log(`the answer to "${question.type}" is none of the contract`, parsed.error);
    return err(appError('internal', question.type));
  }

  #post(message: ToDesk): void {
    this.#worker?.thread.postMessage(message);
  }

  #begin(): { readonly thread: Worker; readonly exited: Promise<void> } {
    const { entry, settings, log } = this.#options;
    const thread = new Worker(entry, { workerData: settings, name: 'reconciliation' });
    const askSignIn = this.#options.askSignIn?.() ?? null;
    thread.on('message', (message: unknown) => this.#receive(message, askSignIn));
    thread.on('error', (cause) => log('the thread of reconciliation failed', cause));
    const exited = new Promise<void>((resolve) => {
      thread.once('exit', () => {
        if (this.#worker?.thread === thread) this.#worker = null;
        const lost = [...this.#waiting.values()];
        this.#waiting.clear();
        for (const answer of lost) answer(err(appError('engine_stopped')));
        resolve();
      });
    });
    return { thread, exited };
  }

  #receive(message: unknown, askSignIn: AskSignIn | null): void {
    const received = fromDeskSchema.parse(message);
    if (received.type === 'signIn') {
      void askSignIn?.(received.question, null).then((answer) =>
        this.#post({ type: 'signedIn', id: received.id, answer: wireAnswer(answer) }),
      );
      return;
    }
    if (received.type === 'progress') {
      const { running, closing } = this.#state;
      const { progress } = received;
      if (running !== null) this.#set({ running: { ...running, progress } });
      else if (closing !== null) this.#set({ closing: { ...closing, progress } });
      return;
    }
    const answer = this.#waiting.get(received.id);
    this.#waiting.delete(received.id);
    if (received.type === 'answer') answer?.(ok(received.value));
    else {
      const error = appError(received.error.code, received.error.detail);
      if (error.code === 'cache_unusable') this.#options.onUnusable?.(error);
      answer?.(err(error));
    }
  }
}

/** Without the cause, which no port carries. */
function wireAnswer(answer: Result<SignInTokens, AppError>): Extract<ToDesk, { type: 'signedIn' }>['answer'] {
  return answer.ok ? answer : { ok: false, error: { code: answer.error.code, detail: answer.error.detail } };
}
