import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import { codeNameOf, ERROR_CODES, ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, toWorking, type Doc } from '../semantics/values.ts';
import { retryOf, type Command, type CommandCall } from './command.ts';

const whole = z
  .custom<unknown>((value) => Number.isInteger(numberOf(value)))
  .transform((value) => numberOf(value) ?? 0);
const labels = z.array(z.string());

const modeSchema = z.union([
  z.literal('off'),
  z.literal('alwaysOn'),
  z.strictObject({ times: whole }),
  z.strictObject({ skip: whole }),
]);

const dataSchema = z.strictObject({
  failCommands: z.array(z.string()),
  errorCode: whole.optional(),
  errorLabels: labels.optional(),
  closeConnection: z.boolean().default(false),
  blockConnection: z.boolean().default(false),
  blockTimeMS: whole.default(0),
  writeConcernError: z.custom<Doc>(isDoc).optional(),
  appName: z.string().optional(),
  namespace: z.string().optional(),
  // Said by tests for MongoDB's own tools; every client here is an external one.
  failInternalCommands: z.boolean().optional(),
});

const getMoreSchema = z.object({ errorCode: whole });

const transactionalWriteSchema = z.strictObject({
  closeConnection: z.boolean().default(true),
  failBeforeCommitExceptionCode: whole.optional(),
});

type FailCommand = z.infer<typeof dataSchema>;
type FailGetMore = z.infer<typeof getMoreSchema>;
type FailTransactionalWrite = z.infer<typeof transactionalWriteSchema>;

/** What a fail point makes of one command. */
export interface InjectedFailure {
  /** The command waits this long before anything else happens, in milliseconds. */
  readonly delayMs: number;
  /** Where the connection is closed instead of an answer: before the command runs, or once it has; null for nowhere. */
  readonly closesConnection: 'before' | 'after' | null;
  /** The refusal that stands in place of running the command. */
  readonly refusal: Doc | null;
  /** True where the refusal comes so late that a change stream's cursor is known as one. */
  readonly knowsCursor: boolean;
  /** Fields that are added to the command's own reply, once it has run. */
  readonly addition: Doc | null;
}

/** How often a fail point is still to be let pass, and then to be met. */
class Countdown {
  #toSkip: number;
  #left: number;
  entered = 0;

  constructor(mode: Exclude<z.infer<typeof modeSchema>, 'off'>) {
    this.#toSkip = typeof mode === 'object' && 'skip' in mode ? mode.skip : 0;
    this.#left = typeof mode === 'object' && 'times' in mode ? mode.times : Number.POSITIVE_INFINITY;
  }

  /** True where the fail point is met this time. */
  meet(): boolean {
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return false;
    }
    if (this.#left <= 0) return false;
    this.#left -= 1;
    this.entered += 1;
    return true;
  }
}

interface Active<Data> {
  readonly data: Data;
  readonly countdown: Countdown;
}

/**
 * Fail points make commands fail, wait or lose their connection on demand, so that a client's answer to such can be tested.
 * MongoDB offers them to tests only; this server is for development only and always does. Four are known: `failCommand`,
 * which meets commands before they run, `failGetMoreAfterCursorCheckout`, which meets a `getMore` once its cursor is found,
 * `maxTimeAlwaysTimeOut`, which lets the time of every command that is given one be over, and `onPrimaryTransactionalWrite`, which
 * meets retryable writes when they are committed.
 */
export class FailPoints {
  #failCommand: Active<FailCommand> | null = null;
  #failGetMore: Active<FailGetMore> | null = null;
  #timeOut: Active<unknown> | null = null;
  #transactionalWrite: Active<FailTransactionalWrite> | null = null;

  /** Sets a fail point. Error: `FailPointSetFailed`, `BadValue`, `FailedToParse`. @returns how often it was met before */
  configure(name: unknown, mode: unknown, data: unknown): number {
    switch (name) {
      case 'failCommand': {
        const entered = this.#failCommand?.countdown.entered ?? 0;
        this.#failCommand = activeOf(dataSchema, mode, data);
        return entered;
      }
      case 'failGetMoreAfterCursorCheckout': {
        const entered = this.#failGetMore?.countdown.entered ?? 0;
        this.#failGetMore = activeOf(getMoreSchema, mode, data);
        return entered;
      }
      case 'maxTimeAlwaysTimeOut': {
        const entered = this.#timeOut?.countdown.entered ?? 0;
        this.#timeOut = activeOf(z.unknown(), mode, data);
        return entered;
      }
      case 'onPrimaryTransactionalWrite': {
        const entered = this.#transactionalWrite?.countdown.entered ?? 0;
        this.#transactionalWrite = activeOf(transactionalWriteSchema, mode, data ?? {});
        return entered;
      }
      default:
        throw new ServerError('FailPointSetFailed', `${String(name)} not found`);
    }
  }

  /** What happens to this command; null where it runs as always. Counts the command where it is meant. */
  enter(call: CommandCall): InjectedFailure | null {
    const active = this.#failCommand;
    if (active !== null && isMeant(call, active.data)) return active.countdown.meet() ? failureOf(active.data) : null;
    if (call.body['maxTimeMS'] !== undefined && this.#timeOut?.countdown.meet() === true) {
      const refusal = refusalOf(ERROR_CODES.MaxTimeMSExpired, 'operation exceeded time limit');
      return { delayMs: 0, closesConnection: null, refusal, knowsCursor: false, addition: null };
    }
    const write = this.#transactionalWrite;
    if (write !== null && isNewRetryableWrite(call) && write.countdown.meet()) return failureOfCommit(write.data);
    const getMore = this.#failGetMore;
    if (getMore === null || call.name !== 'getMore' || !getMore.countdown.meet()) return null;
    const refusal = refusalOf(getMore.data.errorCode, "Hit the 'failGetMoreAfterCursorCheckout' failpoint");
    return { delayMs: 0, closesConnection: null, refusal, knowsCursor: true, addition: null };
  }
}

/** @returns null for a fail point that is switched off */
function activeOf<Data>(schema: z.ZodType<Data>, mode: unknown, data: unknown): Active<Data> | null {
  const parsedMode = safeParse(modeSchema, toWorking(mode));
  if (!parsedMode.success) throw new ServerError('BadValue', `unknown mode: ${z.prettifyError(parsedMode.error)}`);
  if (parsedMode.data === 'off') return null;
  const parsed = safeParse(schema, toWorking(data));
  if (!parsed.success) throw new ServerError('FailedToParse', z.prettifyError(parsed.error));
  return { data: parsed.data, countdown: new Countdown(parsedMode.data) };
}

function isMeant(call: CommandCall, data: FailCommand): boolean {
  if (!data.failCommands.includes(call.name)) return false;
  if (data.appName !== undefined && data.appName !== call.client.appName) return false;
  const named = call.name === 'getMore' ? call.body['collection'] : call.body[call.name];
  return data.namespace === undefined || data.namespace === `${call.db}.${String(named)}`;
}

/** A reply that refuses with any code, also one that this server never gives by itself. */
function refusalOf(code: number, errmsg: string): Doc {
  return { ok: 0, errmsg, code, codeName: codeNameOf(code) };
}

function failureOf(data: FailCommand): InjectedFailure {
  const hasLabels = data.errorLabels === undefined ? {} : { errorLabels: data.errorLabels };
  const refusal =
    data.errorCode === undefined
      ? null
      : {
          ...refusalOf(data.errorCode, "Failing command via 'failCommand' failpoint"),
          ...hasLabels,
        };
  return {
    delayMs: data.blockConnection ? data.blockTimeMS : 0,
    closesConnection: data.closeConnection ? 'before' : null,
    refusal,
    knowsCursor: false,
    addition: data.writeConcernError === undefined ? null : { writeConcernError: data.writeConcernError, ...hasLabels },
  };
}

/** True for a write that can be tried again and was not done yet. */
function isNewRetryableWrite(call: CommandCall): boolean {
  const retry = retryOf(call);
  return retry !== null && !call.deployment.retryable.isDone(retry.session, retry.number);
}

function failureOfCommit({
  closeConnection,
  failBeforeCommitExceptionCode: code,
}: FailTransactionalWrite): InjectedFailure {
  const isCommitted = code === undefined;
  const refusal = isCommitted ? null : refusalOf(code, 'Failing commit for fail point onPrimaryTransactionalWrite');
  const closesConnection = closeConnection ? (isCommitted ? 'after' : 'before') : null;
  return { delayMs: 0, closesConnection, refusal, knowsCursor: false, addition: null };
}

/** The command that sets fail points. */
export function failPointCommands(failPoints: FailPoints): Record<string, Command> {
  return {
    configureFailPoint: {
      writes: false,
      run(call) {
        if (call.db !== 'admin')
          throw new ServerError('Unauthorized', 'configureFailPoint may only be run against the admin database.');
        const { configureFailPoint, mode, data } = call.body;
        return { count: failPoints.configure(configureFailPoint, mode, data) };
      },
    },
  };
}
