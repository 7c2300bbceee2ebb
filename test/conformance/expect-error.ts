import { MongoBulkWriteError, MongoClientBulkWriteError, MongoError, MongoServerError } from 'mongodb';
import { describeMismatch, show } from './match.ts';
import type { MatchContext } from './match-context.ts';
import { isDoc, type Doc } from './doc.ts';

/** Codes of a deadline that the server ran into; the driver's own have a class. */
const TIMEOUT_CODES = new Set([50]);

/**
 * Compares what an operation failed with, as the format's `expectError` says.
 * @returns null where it matches, otherwise what does not
 */
export function describeErrorMismatch(expected: Doc, actual: unknown, context: MatchContext): string | null {
  for (const [assertion, operand] of Object.entries(expected)) {
    const found = assertionMismatch(assertion, operand, actual, context);
    if (found !== null) return `expectError.${assertion}: ${found}`;
  }
  return null;
}

function assertionMismatch(name: string, operand: unknown, actual: unknown, context: MatchContext): string | null {
  const reply = replyOf(actual);
  const shown = describeError(actual);
  switch (name) {
    case 'isError':
      return null;
    case 'isClientError':
      return (reply === null || isNetworkError(actual)) === operand ? null : shown;
    case 'isTimeoutError':
      return isTimeout(actual) === operand ? null : shown;
    case 'errorContains':
      return messagesOf(actual).some((text) => text.toLowerCase().includes(String(operand).toLowerCase()))
        ? null
        : shown;
    case 'errorCode':
      return codesOf(actual).includes(operand) ? null : shown;
    case 'errorCodeName':
      return reply?.['codeName'] === operand ? null : shown;
    case 'errorLabelsContain':
      return labels(operand).every((label) => hasLabel(actual, label)) ? null : shown;
    case 'errorLabelsOmit':
      return labels(operand).some((label) => hasLabel(actual, label)) ? shown : null;
    case 'errorResponse':
      return describeMismatch(operand, reply ?? undefined, context);
    case 'expectResult':
      return describeMismatch(operand, partialResultOf(actual), context);
    case 'writeErrors':
    case 'writeConcernErrors':
      return describeMismatch(operand, clientBulkErrors(actual, name), context);
    default:
      throw new Error(`expectError.${name} is not known`);
  }
}

/** The server's reply that the driver's error carries; null where the client failed by itself. */
function replyOf(actual: unknown): Doc | null {
  if (actual instanceof MongoBulkWriteError) {
    const err: unknown = actual.err;
    return { ...actual.errorResponse, ...(isDoc(err) ? err : {}), code: actual.code };
  }
  if (actual instanceof MongoServerError) return { ...actual.errorResponse };
  if (actual instanceof MongoClientBulkWriteError) {
    return actual.cause instanceof MongoServerError ? { ...actual.cause.errorResponse } : null;
  }
  return null;
}

function isNetworkError(actual: unknown): boolean {
  return actual instanceof MongoError && actual.name.startsWith('MongoNetwork');
}

function isTimeout(actual: unknown): boolean {
  if (!(actual instanceof MongoError)) return false;
  if (actual.name === 'MongoOperationTimeoutError') return true;
  return typeof actual.code === 'number' && TIMEOUT_CODES.has(actual.code);
}

function codesOf(actual: unknown): readonly unknown[] {
  const cause = actual instanceof Error ? actual.cause : undefined;
  const own = [actual, cause].filter((one) => one instanceof MongoError).map((one) => one.code);
  const concern = replyOf(actual)?.['writeConcernError'];
  return isDoc(concern) ? [...own, concern['code']] : own;
}

function messagesOf(actual: unknown): readonly string[] {
  if (!(actual instanceof Error)) return [String(actual)];
  return [actual.message, ...(actual.cause instanceof Error ? [actual.cause.message] : [])];
}

function labels(operand: unknown): readonly string[] {
  return Array.isArray(operand) ? operand.map(String) : [];
}

function hasLabel(actual: unknown, label: string): boolean {
  const cause = actual instanceof Error ? actual.cause : undefined;
  return [actual, cause].some((one) => one instanceof MongoError && one.hasErrorLabel(label));
}

function partialResultOf(actual: unknown): unknown {
  if (actual instanceof MongoBulkWriteError) return actual.result;
  return actual instanceof MongoClientBulkWriteError ? actual.partialResult : undefined;
}

function clientBulkErrors(actual: unknown, name: 'writeErrors' | 'writeConcernErrors'): unknown {
  return actual instanceof MongoClientBulkWriteError ? actual[name] : undefined;
}

/** An error as short text for a report. */
export function describeError(actual: unknown): string {
  if (actual instanceof MongoServerError) {
    return `${actual.name} ${String(actual.code)}: ${actual.message} ${show(actual.errorLabels)}`;
  }
  return actual instanceof Error ? `${actual.name}: ${actual.message}` : show(actual);
}
