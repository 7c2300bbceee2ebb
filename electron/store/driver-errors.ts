import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoDriverError,
  MongoError,
  MongoInvalidArgumentError,
  MongoOIDCError,
  MongoNetworkError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
  type WriteError,
} from 'mongodb';
import { redactConnectionString } from 'mongodb-connection-string-url';
import { appError, type AppError, type ErrorCode } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { FailedReadingError } from './failed-reading.ts';
import { NotMappableError } from './mapping/mapping-error.ts';
import { SignInError } from './sign-in.ts';
import { ReadOnlyError } from './read-only-db.ts';

const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const ATLAS_AUTHENTICATION_FAILED = 8000;
/**
 * By these a server says that it serves nobody just now, because it ends or is no primary (MongoDB's categories ShutdownError and
 * NotPrimaryError): ShutdownInProgress, PrimarySteppedDown, NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
 * NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary. The driver tries once more, and on servers without retryable writes not at all.
 */
const SERVES_NOBODY: readonly unknown[] = [91, 189, 10_107, 11_600, 11_602, 13_435, 13_436];
/**
 * MongoDB's codes for a document that would become too large: BSONObjectTooLarge, and what its `update_stage.cpp` and
 * `upsert_stage.cpp` call it by on servers that are older.
 */
const TOO_LARGE: readonly unknown[] = [10_334, 17_419, 17_420];
/** MongoDB's code for a value that a unique index already has. */
export const DUPLICATE_KEY = 11000;

/** Puts an error of the driver into the catalogue. A connection string in its message is redacted. */
export function toAppError(cause: unknown): AppError {
  if (cause instanceof FailedReadingError) return cause.error;
  if (cause instanceof ReadOnlyError || cause instanceof NotMappableError || cause instanceof SignInError)
    return cause.toAppError();
  const detail = redactConnectionString(cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
  if (cause instanceof MongoServerSelectionError) {
    const inner = cause.cause ?? cause.reason?.error;
    return isLoginError(inner)
      ? appError('login_refused', detail, cause)
      : appError('server_unreachable', detail, cause);
  }
  // What ended a bulk write as a whole is wrapped: the wrapper calls a cut connection a server's answer.
  if (cause instanceof MongoBulkWriteError && cause.errorResponse instanceof Error) {
    return toAppError(cause.errorResponse);
  }
  if (isLoginError(cause)) return appError('login_refused', detail, cause);
  if (cause instanceof MongoNetworkError) return appError('server_unreachable', detail, cause);
  if (cause instanceof MongoParseError) return appError('uri_invalid', detail, cause);
  if (cause instanceof MongoServerError) {
    if (SERVES_NOBODY.includes(cause.code)) return appError('server_unreachable', detail, cause);
    return appError(codeOfRefusal(cause.code), detail, cause);
  }
  if (cause instanceof MongoInvalidArgumentError && cause.message.includes('ALLOWED_HOSTS')) {
    return appError('sign_in_untrusted', detail, cause);
  }
  // The driver's own clock ran out before ours did.
  if (cause instanceof MongoOIDCError) return appError('sign_in_timed_out', detail, cause);
  if (cause instanceof MongoAPIError || isWithoutConnection(cause)) {
    return appError('server_unreachable', detail, cause);
  }
  if (cause instanceof MongoError) return appError('server_error', detail, cause);
  throw cause;
}

function codeOfRefusal(code: unknown): ErrorCode {
  if (TOO_LARGE.includes(code)) return 'document_too_large';
  return code === UNAUTHORIZED ? 'not_authorized' : 'server_error';
}

/** True for a write that the server understood and refused, as one of a document that it cannot become. */
export function isRefusedWrite({ code }: AppError): boolean {
  return code === 'server_error' || code === 'document_too_large';
}

/**
 * The driver's names of errors, whose classes it does not export, of a call that was under way while its connection was closed, and of one
 * that had none in the time that the address gives it (`waitQueueTimeoutMS`).
 */
const WITHOUT_CONNECTION: readonly string[] = ['MongoPoolClosedError', 'MongoWaitQueueTimeoutError'];

function isWithoutConnection(cause: unknown): boolean {
  return cause instanceof MongoDriverError && WITHOUT_CONNECTION.includes(cause.name);
}

function isLoginError(cause: unknown): boolean {
  return (
    cause instanceof MongoServerError &&
    (cause.code === AUTHENTICATION_FAILED || cause.code === ATLAS_AUTHENTICATION_FAILED)
  );
}

/** Runs a call of the driver; its failures become values, anything that is no driver's error is a bug and thrown on. */
export async function attemptCall<Value>(call: () => Promise<Value>): Promise<Result<Value, AppError>> {
  try {
    return ok(await call());
  } catch (cause) {
    return err(toAppError(cause));
  }
}

/**
 * True where every error of a bulk insert says that the document already stands. The driver wraps what ends a bulk write as a
 * whole (a refusal, a cut connection) in the same class with no such error: then nobody knows what was inserted.
 */
export function isOnlyDuplicateKeys(cause: unknown): boolean {
  if (!(cause instanceof MongoBulkWriteError)) {
    return cause instanceof MongoServerError && cause.code === DUPLICATE_KEY;
  }
  return allErrorsOf(cause)?.every((error) => error.code === DUPLICATE_KEY) ?? false;
}

/** Every error of a bulk write that the server answered; null where something else ended it, so that nobody knows what was written. */
function allErrorsOf(cause: MongoBulkWriteError): readonly WriteError[] | null {
  const errors = [cause.writeErrors].flat();
  return errors.length > 0 && cause.result.getWriteConcernError() === undefined ? errors : null;
}

/**
 * What a bulk write was refused, by the name of each statement; a duplicate key is no refusal. One document that the server
 * does not take must not keep the others of the batch, which are other workspaces' too, from counting.
 */
export function refusalsOf(cause: unknown, names: readonly string[]): Result<ReadonlyMap<string, AppError>, AppError> {
  if (isOnlyDuplicateKeys(cause)) return ok(new Map());
  const error = toAppError(cause);
  if (!(cause instanceof MongoBulkWriteError)) return err(error);
  const errors = allErrorsOf(cause);
  if (errors === null) return err(error);
  const refused = errors.filter((one) => one.code !== DUPLICATE_KEY);
  return ok(new Map(refused.map((one) => [names[one.index] ?? '', { ...error, code: codeOfRefusal(one.code) }])));
}
