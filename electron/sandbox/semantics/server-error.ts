/** MongoDB's error codes that this server answers with; names and numbers are MongoDB's own. */
export const ERROR_CODES = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  TypeMismatch: 14,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  DollarPrefixedFieldName: 52,
  CommandNotFound: 59,
  ImmutableField: 66,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  CannotIndexParallelArrays: 171,
  NotImplemented: 238,
  TransactionTooOld: 225,
  NoSuchTransaction: 251,
  IllegalOperation: 20,
  InvalidResumeToken: 260,
  ChangeStreamHistoryLost: 286,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  IndexKeySpecsConflict: 86,
  Overflow: 15,
  MaxTimeMSExpired: 50,
} as const;

/** The name of one of {@link ERROR_CODES}. */
export type ErrorName = keyof typeof ERROR_CODES;

/** A command's refusal, as MongoDB gives it. Thrown inside the sandbox and turned into a reply at its edge. */
export class ServerError extends Error {
  readonly codeName: ErrorName;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(codeName: ErrorName, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.codeName = codeName;
    this.details = details;
  }

  get code(): number {
    return ERROR_CODES[this.codeName];
  }
}

/** Any error as a server error: what mingo refuses is a bad value, what bson refuses is not parsed. */
export function toServerError(cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const name = cause instanceof Error ? cause.constructor.name : '';
  if (name === 'MingoError') return new ServerError('BadValue', message);
  if (name.startsWith('BSON')) return new ServerError('FailedToParse', message);
  return new ServerError('InternalError', message);
}
