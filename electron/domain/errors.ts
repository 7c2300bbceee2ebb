/**
 * The one catalogue of expected errors: a stable code, a sentence that says what happened, what to do next, and whether the
 * same call may succeed by itself later. Text for people stands here and nowhere else.
 */
export const ERRORS = {
  invalid_request: {
    transient: false,
    message: 'This cannot be done as it was asked for.',
    action: 'Put right what the details name.',
  },
  malformed_request: {
    transient: false,
    message: 'The request does not have the form that was agreed.',
    action: 'Update Runledger; the window and the engine are of different versions.',
  },
  unknown_request: {
    transient: false,
    message: 'There is no such request.',
    action: 'Update Runledger; the window and the engine are of different versions.',
  },
  permission_denied: {
    transient: false,
    message: 'Your role does not allow this.',
    action: 'Ask somebody who has one of the roles named in the details.',
  },
  read_only: {
    transient: false,
    message: 'This connection is read-only; nothing was written.',
    action: 'Start without --read-only, or use a connection that may write.',
  },
  not_mappable: {
    transient: false,
    message: 'This cannot be said through the mapping of this connection; nothing was written.',
    action: 'Report what the details name; the mapping itself is under Connections.',
  },
  not_found: {
    transient: false,
    message: 'There is no such record.',
    action: 'Check the id; it may have been deleted.',
  },
  uri_invalid: {
    transient: false,
    message: 'The connection string is not a MongoDB URI.',
    action: 'Write it as mongodb://host:port/database or mongodb+srv://host/database.',
  },
  secret_needed: {
    transient: false,
    message: 'The password of this connection is not kept on this machine.',
    action: 'Type it under Connections; it is asked for each time where the system has no key store.',
  },
  profiles_unusable: {
    transient: false,
    message: 'The file of connections cannot be used.',
    action:
      'Mend or move away connections.json in the data folder; nothing of it was changed. `--sandbox` and `--uri` start without it.',
  },
  profile_exists: {
    transient: false,
    message: 'Another connection has this name.',
    action: 'Choose another name; a name must tell connections apart.',
  },
  server_unreachable: {
    transient: true,
    message: 'The MongoDB server does not answer.',
    action:
      'Check that it runs and that this machine may reach it. Windows that are open on it and runners keep trying by themselves.',
  },
  login_refused: {
    transient: false,
    message: 'The MongoDB server refused the login.',
    action: 'Check user, password and authentication database of the connection, then try again.',
  },
  sign_in_needed: {
    transient: false,
    message: 'You have to sign in in the browser.',
    action: 'Press "Sign in" in the window; runners, and commands that nobody watches, log in as a machine.',
  },
  sign_in_denied: {
    transient: false,
    message: 'The identity provider did not let you sign in.',
    action: 'See the details, and sign in again as somebody who may; your administrator gives access.',
  },
  sign_in_timed_out: {
    transient: false,
    message: 'Nobody signed in in the browser in time.',
    action: 'Sign in again; the page waits for almost five minutes.',
  },
  sign_in_cancelled: {
    transient: false,
    message: 'The sign-in was cancelled.',
    action: 'Sign in again when you want to connect.',
  },
  sign_in_unreachable: {
    transient: true,
    message: 'The identity provider does not answer as one.',
    action: 'Check that this machine may reach it; the server names it.',
  },
  sign_in_forged: {
    transient: false,
    message: 'What came back from the browser belongs to another sign-in; it was not believed.',
    action: 'Sign in again, and close older pages of it first.',
  },
  sign_in_blocked: {
    transient: false,
    message: 'The page to sign in at could not be opened.',
    action: 'See the details; then sign in again.',
  },
  sign_in_untrusted: {
    transient: false,
    message: 'Nobody is signed in to this server: it is not among those that may ask for it.',
    action: 'If you trust it, name its host in the login of the connection; then connect again.',
  },
  not_authorized: {
    transient: false,
    message: 'The MongoDB user may not do this.',
    action: 'Give the user the role that the details name, or use another connection.',
  },
  server_error: {
    transient: true,
    message: 'The MongoDB server answered with an error.',
    action: 'See the details; Runledger tries again where that can help.',
  },
  document_too_large: {
    transient: false,
    message: 'What is to be written is larger than a document may be; nothing was written.',
    action: 'Make the input smaller: the README says what a job may come to.',
  },
  write_conflict: {
    transient: true,
    message: 'Somebody else changed the record in the same moment; nothing was written.',
    action: 'Look at it as it is now, then decide again.',
  },
  lease_lost: {
    transient: false,
    message: 'The lease of this job belongs to another runner; nothing was written.',
    action: 'Nothing to do: the runner that holds the lease goes on with it.',
  },
  illegal_transition: {
    transient: false,
    message: 'A job in this state cannot do that.',
    action: 'Look at the state it has now.',
  },
  insufficient_credit: {
    transient: false,
    message: 'The workspace does not have enough credit.',
    action: 'Top the account up; the job waits and goes on by itself.',
  },
  key_reused: {
    transient: false,
    message: 'A ledger entry with this key stands with another amount; nothing was written.',
    action: 'Open the job: its charge needs a look by finance.',
  },
  no_hold: {
    transient: false,
    message: 'The account holds no credits for this generation; nothing was written.',
    action: 'Open the job: its charge needs a look by finance.',
  },
  second_person_needed: {
    transient: false,
    message: 'A second person has to decide this; nothing was written.',
    action: 'Ask a colleague who may do this to decide about it.',
  },
  period_closed: {
    transient: false,
    message: 'The month is closed; nothing may be dated into it any more, and nothing was written.',
    action: 'Date it into a month that is open: the next statement lists what comes late.',
  },
  retry_blocked: {
    transient: false,
    message: 'The retry policy blocks this.',
    action: 'See the cause in the details.',
  },
  text_hidden: {
    transient: false,
    message: 'A text that is hidden from your role can be kept as it is, and not changed; nothing was written.',
    action: 'Leave what is redacted as it stands, or ask somebody whose role sees it.',
  },
  search_hidden: {
    transient: false,
    message: 'Words cannot be searched for while texts are hidden from your role; ids can.',
    action:
      'Look for an id, or narrow the list by its fields; a search of words would tell what the hidden texts hold.',
  },
  query_invalid: {
    transient: false,
    message: 'A part of the query means nothing.',
    action: 'Mend what the details name; nothing was read or written.',
  },
  too_many: {
    transient: false,
    message: 'These are too many at once; nothing was written.',
    action: 'Narrow the filter, or choose fewer.',
  },
  plan_expired: {
    transient: false,
    message: 'The plan is too old to be run; nothing was written.',
    action: 'Plan again: what is eligible, and what it costs, may have changed.',
  },
  confirmation_needed: {
    transient: false,
    message: 'So much is spent only when the amount has been typed; nothing was written.',
    action: 'Type the number of credits that the details name.',
  },
  malformed_document: {
    transient: false,
    message: 'What was read does not have the form that it must have.',
    action: 'The details name the document or file, the place and the reason; mend it where it is written.',
  },
  indexes_missing: {
    transient: false,
    message: 'The collections lack indexes that Runledger needs.',
    action:
      'List them with `npm run cli -- indexes --uri URI`; `--create` creates them, or the lines that it prints do.',
  },
  providers_invalid: {
    transient: false,
    message: 'The configuration of providers cannot be used.',
    action: 'Mend what the details name; the README shows what a providers file holds and where keys are kept.',
  },
  disk_full: {
    transient: true,
    message: 'The disk is full; the offline copy stands still.',
    action: 'Free some space; Runledger goes on by itself.',
  },
  cache_unusable: {
    transient: false,
    message: 'The offline copy is damaged and is set aside.',
    action: 'Nothing to do: it is built anew from the server; saved views, drafts and settings are kept elsewhere.',
  },
  copy_keeps_failing: {
    transient: false,
    message: 'The offline copy was damaged again and again, and is not built anew any more.',
    action: 'Look after the disk of this machine (Doctor says how full it is), then start Runledger again.',
  },
  own_file_unusable: {
    transient: false,
    message: 'Your own file (saved views, drafts) cannot be used.',
    action: 'See the details; where it is of a newer version, update Runledger. Nothing of it was changed.',
  },
  illegal_role_change: {
    transient: false,
    message: 'Nobody would be left who may give out roles; nothing was changed.',
    action: 'Make somebody else a founder first.',
  },
  audit_unusable: {
    transient: false,
    message: "This machine's audit cannot be read or written; what must be recorded was not done.",
    action: 'Keep the file audit.sqlite of the data folder as evidence, move it away, and start again.',
  },
  copy_incomplete: {
    transient: true,
    message: 'The offline copy is not complete yet.',
    action: 'Wait until everything has been copied from the server, then try again.',
  },
  copy_upgrading: {
    transient: true,
    message: 'An older version wrote the offline copy; it is brought to the form of this one first.',
    action: 'Wait until it is done; what does not read the copy works meanwhile.',
  },
  stream_history_lost: {
    transient: true,
    message: 'The server no longer has the changes since the last connection.',
    action: 'Nothing to do: the offline copy is compared with the server and mended.',
  },
  engine_stopped: {
    transient: true,
    message: 'The engine stopped and is started again.',
    action: 'Nothing to do: nothing is lost; wait a moment.',
  },
  timed_out: { transient: true, message: 'It took too long.', action: 'Try again, or narrow the question.' },
  cancelled: {
    transient: false,
    message: 'It was stopped before it was done.',
    action: 'Start it again if you need it.',
  },
  internal: {
    transient: false,
    message: 'Something went wrong inside Runledger.',
    action: 'Copy the diagnostics and report it; nothing was written that is not shown.',
  },
} as const satisfies Record<string, { transient: boolean; message: string; action: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Every code of the catalogue. */
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/**
 * An expected error as a value. `detail` is one short technical line for the curious (redacted: no secret, no prompt);
 * `cause` is for logs on this side of a boundary and never crosses one.
 */
export interface AppError {
  readonly code: ErrorCode;
  readonly detail: string | null;
  readonly cause?: unknown;
}

/** Builds an {@link AppError}. */
export function appError(code: ErrorCode, detail: string | null = null, cause?: unknown): AppError {
  return cause === undefined ? { code, detail } : { code, detail, cause };
}

/**
 * What the disk had against a writing, with its own code behind what could not be done: `disk_full` where there is no room, `internal`
 * for everything else.
 * @param what what could not be done, as `the pack could not be written`
 */
export function writingError(what: string, cause: unknown): AppError {
  const code = systemCodeOf(cause);
  return appError(code === 'ENOSPC' ? 'disk_full' : 'internal', code === null ? what : `${what}: ${code}`, cause);
}

/** The own code of an error of the operating system or of Node, for example `EACCES`; null where it has none. Its message may hold anything. */
export function systemCodeOf(cause: unknown): string | null {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : null;
}

/** The whole sentence for people: what happened and what to do. */
export function explainError(error: Pick<AppError, 'code' | 'detail'>): string {
  const { message, action } = ERRORS[error.code];
  return error.detail === null ? `${message} ${action}` : `${message} (${error.detail}) ${action}`;
}

/** True for what ended a sign-in in the browser. */
export function isSignInError({ code }: Pick<AppError, 'code'>): boolean {
  return code.startsWith('sign_in_');
}

/** True where the same call may succeed later without anybody doing anything. */
export function isTransient(error: Pick<AppError, 'code'>): boolean {
  return ERRORS[error.code].transient;
}
