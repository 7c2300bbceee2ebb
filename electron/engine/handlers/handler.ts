import type { CopyReader } from '#cache/copy-reader.ts';
import type { ParsedParams, RequestName, RequestResult } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Access } from '#domain/people.ts';
import { err, type Result } from '#domain/result.ts';

/** What a handler knows besides the parameters: who asks, and when nobody waits for the answer any more. */
export interface Asking {
  /** The person at the window, as it is written into histories, entries and the audit. */
  readonly actor: Actor;
  readonly signal: AbortSignal;
  /** What this person may do; handlers ask it where an answer depends on more than the request's own permission. */
  readonly access: Access;
  /** Notes something for the audit, such as what was there before and after. */
  readonly note: (name: string, value: unknown) => void;
}

/** The offline copy for questions that somebody waits for until the signal is aborted. */
export type ReadCopy = (signal?: AbortSignal) => CopyReader;

/** Answers one request of the contract. Expected failures are values; a throw is a bug and is answered as `internal`. */
export type Handler<Name extends RequestName> = (
  params: ParsedParams<Name>,
  asking: Asking,
) => Promise<Result<RequestResult<Name>, AppError>> | Result<RequestResult<Name>, AppError>;

/** One handler for each request of the contract: the compiler refuses a missing one. */
export type Handlers = { readonly [Name in RequestName]: Handler<Name> };

/** The handlers of one area: of each request whose name begins with one of the area's words. */
export type HandlersOf<Area extends string> = Pick<Handlers, Extract<RequestName, `${Area}.${string}`>>;

/** Does something with what there is once a server has been reached. Error, besides those of the work: `server_unreachable`. */
export async function whereOpen<Open, Value>(
  open: Open | null,
  work: (open: Open) => Promise<Result<Value, AppError>>,
): Promise<Result<Value, AppError>> {
  return open === null ? err(appError('server_unreachable', 'not connected yet')) : work(open);
}
