import { setTimeout as delay } from 'node:timers/promises';
import type { Statement } from 'better-sqlite3';
import { Binary } from 'bson';
import type { AccessControl } from '../access/access-control.ts';
import type { Deployment } from '../deployment.ts';
import { codeNameOf, ERROR_CODES, ServerError, toServerError } from '../semantics/server-error.ts';
import { isStoreFailure } from '../storage/schema.ts';
import type { Doc } from '../semantics/values.ts';
import { refuseUnknownField } from './command-fields.ts';
import { numberField, refuseDatabaseName, retryOf, type Client, type Command, type CommandCall } from './command.ts';
import { withErrorLabels } from './error-labels.ts';
import { checkFields } from './field-values.ts';
import type { FailPoints } from './fail-points.ts';
import { checkReadConcern } from './read-concern.ts';
import { refuseTransaction } from './server-commands.ts';
import { checkSession } from './session-table.ts';
import { checkApi } from './stable-api.ts';
import { checkWriteConcern, withConcern } from './write-concern.ts';

interface Waiting {
  readonly arrivedMs: number;
  readonly call: CommandCall;
  readonly command: Command;
  readonly resolve: (reply: Doc) => void;
}

/**
 * Runs commands one after the other, those that arrived together in one transaction. Each is answered when everything that it did or
 * saw is on the disk; the next ones run meanwhile. A command that fails leaves nothing behind and disturbs no other.
 */
export class Executor {
  readonly #deployment: Deployment;
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #failPoints: FailPoints;
  readonly #accessControl: AccessControl;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #queue: Waiting[] = [];
  #isScheduled = false;

  constructor(parts: {
    readonly deployment: Deployment;
    readonly commands: Readonly<Record<string, Command>>;
    readonly failPoints: FailPoints;
    readonly accessControl: AccessControl;
  }) {
    this.#deployment = parts.deployment;
    this.#failPoints = parts.failPoints;
    this.#accessControl = parts.accessControl;
    this.#begin = parts.deployment.sqlite.prepare('BEGIN IMMEDIATE');
    this.#commit = parts.deployment.sqlite.prepare('COMMIT');
    this.#commands = new Map(Object.entries(parts.commands));
  }

  /**
   * Runs a command. Never rejects: a refusal is a reply with `ok: 0`.
   * @returns null where a fail point closes the connection instead
   */
  async run(db: string, body: Doc, client: Client): Promise<Doc | null> {
    const name = Object.keys(body)[0] ?? '';
    const command = this.#commands.get(name);
    const arrivedMs = performance.now();
    const accessControl = this.#accessControl;
    const call: CommandCall = {
      deployment: this.#deployment,
      db,
      name,
      body,
      client,
      retried: null,
      startedAt: new Date(this.#deployment.now()),
      access: () => accessControl.accessOf(client.user),
    };
    if (command === undefined) {
      return this.#failure(new ServerError('CommandNotFound', `no such command: '${name}'`));
    }
    this.#deployment.sessions.use(body['lsid'], client.user, this.#deployment.now());
    const injected = this.#failPoints.enter(call);
    const arrival = { arrivedMs, call, command };
    if (injected === null) return withErrorLabels(call, await this.#enqueue(arrival), { knowsCursor: true });
    if (injected.delayMs > 0) await delay(injected.delayMs);
    if (injected.closesConnection === 'before') return null;
    if (injected.refusal !== null)
      return withErrorLabels(call, { ...injected.refusal, ...this.#times() }, { knowsCursor: injected.knowsCursor });
    const reply = { ...(await this.#enqueue(arrival)), ...injected.addition };
    if (injected.closesConnection === 'after') return null;
    return withErrorLabels(call, reply, { knowsCursor: true });
  }

  #enqueue(arrival: Omit<Waiting, 'resolve'>): Promise<Doc> {
    return new Promise((resolve) => {
      this.#queue.push({ ...arrival, resolve });
      if (!this.#isScheduled) {
        this.#isScheduled = true;
        setImmediate(() => this.#flush());
      }
    });
  }

  #flush(): void {
    this.#isScheduled = false;
    const batch = this.#queue;
    this.#queue = [];
    const { sqlite, disk, oplog } = this.#deployment;
    if (!sqlite.open) {
      // They came, or were held by a fail point, until the server had stopped.
      for (const { resolve } of batch) resolve({ ok: 0, ...STOPPED });
      return;
    }
    const before = oplog.mark;
    const answers: (() => void)[] = [];
    let isCommitted = false;
    try {
      for (const waiting of batch) {
        // What only reads needs no transaction: nothing else runs in between.
        if (waiting.command.writes && !sqlite.inTransaction) this.#begin.run();
        answers.push(this.#answer(waiting));
      }
      if (sqlite.inTransaction) {
        this.#commit.run();
        isCommitted = true;
      }
    } catch (cause) {
      // Nothing of the batch reached the disk (it is full, or the file is gone): all of it is refused.
      if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
      this.#deployment.catalog.reload();
      oplog.rollBackTo(before);
      for (const waiting of batch) waiting.resolve(this.#failure(toServerError(cause)));
      return;
    }
    // A disk that fails is not a refusal: what was committed is seen by whoever reads next, so the server ends here.
    if (isCommitted) disk.noteCommit();
    const isChanged = oplog.last !== before.last;
    disk.whenDurable(() => {
      for (const answer of answers) answer();
      if (isChanged) oplog.announce();
    });
  }

  #answer({ arrivedMs, call, command, resolve }: Waiting): () => void {
    try {
      const limitMs = timeLimitOf(call);
      const leftMs = limitMs === null ? null : limitMs - (performance.now() - arrivedMs);
      const result = this.#deployment.deadline.within(leftMs, () => this.#runOne(call, command));
      if (result instanceof Promise) {
        const settled = result.then(
          (reply) => this.#success(reply),
          (cause: unknown) => this.#failure(toServerError(cause)),
        );
        // It may have seen what was committed after its own batch.
        return () => void settled.then((reply) => this.#deployment.disk.whenDurable(() => resolve(reply)));
      }
      return () => resolve(this.#success(command.writes ? withConcern(call, result) : result));
    } catch (cause) {
      if (isStoreFailure(cause)) throw cause;
      const failure = this.#failure(toServerError(cause));
      return () => resolve(failure);
    }
  }

  #runOne(call: CommandCall, command: Command): Doc | Promise<Doc> {
    refuseDatabaseName(call.db);
    this.#accessControl.check(call);
    checkApi(call);
    refuseUnknownField(call);
    checkFields(call);
    checkSession(call.body);
    checkWriteConcern(call);
    checkReadConcern(call);
    if (call.body['autocommit'] === false || call.body['startTransaction'] === true) refuseTransaction();
    checkTransactionNumber(call);
    if (!command.writes) return command.run(call);
    const retry = retryOf(call);
    const { retryable } = this.#deployment;
    const run = (): Doc | Promise<Doc> =>
      retry === null
        ? command.run(call)
        : retryable.run(retry.session, retry.number, (retried) => command.run({ ...call, retried }));
    // A savepoint costs a copy of every page that is touched after it.
    return command.isPerDocument === true ? run() : this.#deployment.atomically(run);
  }

  #success(reply: Doc): Doc {
    return { ...reply, ok: 1, ...this.#times() };
  }

  #failure(error: ServerError): Doc {
    return {
      ok: 0,
      errmsg: error.message,
      code: error.code,
      codeName: codeNameOf(error.code),
      ...error.details,
      ...this.#times(),
    };
  }

  #times(): Doc {
    const { operationTime } = this.#deployment;
    const signature = { hash: new Binary(Buffer.alloc(20)), keyId: 0 };
    return { operationTime, $clusterTime: { clusterTime: operationTime, signature } };
  }
}

/** Commands that can be tried again by their number. */
const RETRYABLE: ReadonlySet<string> = new Set(['delete', 'findAndModify', 'findandmodify', 'insert', 'update']);

/** Errors: `InvalidOptions`, `NotARetryableWriteCommand`. */
function checkTransactionNumber({ name, body }: CommandCall): void {
  const number = numberField(body, 'txnNumber');
  if (number === undefined) return;
  if (body['lsid'] === undefined)
    throw new ServerError('InvalidOptions', 'Transaction number requires a session ID to also be specified');
  if (number < 0) throw new ServerError('InvalidOptions', 'Transaction number cannot be negative');
  if (!RETRYABLE.has(name))
    throw new ServerError(
      'NotARetryableWriteCommand',
      `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${name} is not a retryable write command.`,
    );
}

/** The answer of a server that has stopped: its clock stands in the file that is closed. */
const STOPPED = {
  errmsg: 'interrupted at shutdown',
  code: ERROR_CODES.InterruptedAtShutdown,
  codeName: 'InterruptedAtShutdown',
} as const satisfies Doc;

/** How long a command may take, in milliseconds; null for as long as it takes. Errors: `TypeMismatch`, `BadValue`. */
function timeLimitOf({ name, body }: CommandCall): number | null {
  // There it says how long to wait for new documents.
  if (name === 'getMore') return null;
  const limit = numberField(body, 'maxTimeMS') ?? 0;
  if (limit < 0 || limit > 0x7fffffff || !Number.isInteger(limit))
    throw new ServerError('BadValue', `${limit} value for maxTimeMS is out of range`);
  return limit === 0 ? null : limit;
}
