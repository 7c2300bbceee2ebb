import { withoutMarks } from './field-names.ts';

/** MongoDB's error codes that this server answers with; names and numbers are MongoDB's own. */
export const ERROR_CODES = {
  InternalError: 1,
  UnknownError: 8,
  BadValue: 2,
  NotSingleValueField: 54,
  NotExactValueField: 111,
  ConversionFailure: 241,
  InvalidPipelineOperator: 168,
  EmptyFieldName: 56,
  CannotBackfillArray: 34,
  ExceededMemoryLimit: 146,
  DocumentValidationFailure: 121,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  APIStrictError: 323,
  APIDeprecationError: 324,
  FailedToParse: 9,
  TypeMismatch: 14,
  InvalidLength: 16,
  CannotCreateIndex: 67,
  CannotConvertIndexToUnique: 359,
  UnknownReplWriteConcern: 79,
  UnsatisfiableCommitQuorum: 278,
  DatabaseDifferCase: 13_297,
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
  InvalidIndexSpecificationOption: 197,
  CannotIndexParallelArrays: 171,
  NotImplemented: 238,
  TransactionTooOld: 225,
  SnapshotTooOld: 239,
  SnapshotUnavailable: 246,
  NoSuchTransaction: 251,
  AmbiguousIndexKeyPattern: 181,
  GraphContainsCycle: 5,
  IllegalOperation: 20,
  InvalidResumeToken: 260,
  ChangeStreamHistoryLost: 286,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  IndexKeySpecsConflict: 86,
  Overflow: 15,
  MaxTimeMSExpired: 50,
  HostUnreachable: 6,
  HostNotFound: 7,
  Unauthorized: 13,
  UserNotFound: 11,
  ProtocolError: 17,
  AuthenticationFailed: 18,
  RoleNotFound: 31,
  InvalidRoleModification: 49,
  CursorKilled: 237,
  MechanismUnavailable: 334,
  ReauthenticationRequired: 391,
  NoMatchingDocument: 47,
  StaleShardVersion: 63,
  FailPointSetFailed: 266,
  NetworkTimeout: 89,
  ShutdownInProgress: 91,
  WriteConcernFailed: 64,
  UnsatisfiableWriteConcern: 100,
  FailedToSatisfyReadPreference: 133,
  ReadConcernMajorityNotAvailableYet: 134,
  StaleEpoch: 150,
  IncompatibleCollationVersion: 161,
  CommandNotSupportedOnView: 166,
  OptionNotSupportedOnView: 167,
  PrimarySteppedDown: 189,
  RetryChangeStream: 234,
  ExceededTimeLimit: 262,
  ChangeStreamFatalError: 280,
  SocketException: 9001,
  NotWritablePrimary: 10107,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
  InterruptedDueToReplStateChange: 11602,
  StaleConfig: 13388,
  SearchNotEnabled: 31082,
  NotPrimaryNoSecondaryOk: 13435,
  NotPrimaryOrSecondary: 13436,
  // MongoDB gives these refusals a number only and names them after it.
  Location51075: 51075,
  Location51091: 51091,
  Location51108: 51108,
  Location40323: 40323,
  Location40324: 40324,
  IDLDuplicateField: 40413,
  IDLFailedToParse: 40414,
  IDLUnknownField: 40415,
  NotARetryableWriteCommand: 50768,
  MergeStageNoMatchingDocument: 13113,
  LockTimeout: 24,
  WriteConflict: 112,
  CappedPositionLost: 136,
  CursorInUse: 143,
  QueryPlanKilled: 175,
  IncompleteTransactionHistory: 217,
  StaleDbVersion: 249,
  OperationNotSupportedInTransaction: 263,
  ClientDisconnect: 279,
  TemporarilyUnavailable: 365,
  LegacyNotPrimary: 10058,
  OutOfDiskSpace: 14031,
  Location40600: 40600,
  Location51002: 51002,
  Location51003: 51003,
  Location5626701: 5626701,
  Location40602: 40602,
} as const;

/** The name of one of {@link ERROR_CODES}. */
export type ErrorName = keyof typeof ERROR_CODES | `Location${number}`;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ERROR_CODES).map(([name, code]) => [code, name]));

/** The name that MongoDB gives an error code; those without one are named after their number. */
export function codeNameOf(code: number): string {
  return NAMES.get(code) ?? `Location${code}`;
}

/** The number of a name of an error. */
export function codeOf(name: ErrorName): number {
  return isKnown(name) ? ERROR_CODES[name] : Number(name.slice('Location'.length));
}

function isKnown(name: ErrorName): name is keyof typeof ERROR_CODES {
  return Object.hasOwn(ERROR_CODES, name);
}

/** A command's refusal, as MongoDB gives it. Thrown inside the sandbox and turned into a reply at its edge. */
export class ServerError extends Error {
  readonly codeName: ErrorName;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(codeName: ErrorName, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(withoutMarks(message));
    this.codeName = codeName;
    this.details = details;
  }

  get code(): number {
    return codeOf(this.codeName);
  }
}

/** Any error as a server error: what bson refuses is not parsed. */
export function toServerError(cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const name = cause instanceof Error ? cause.constructor.name : '';
  if (name.startsWith('BSON')) return new ServerError('FailedToParse', message);
  return new ServerError('InternalError', message);
}
