import { ConnectionString } from 'mongodb-connection-string-url';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { isPersonsSignIn } from './sign-in.ts';

/** What an address says by itself: read without the driver, which is loaded when somebody connects. */
const DEFAULT_DATABASE = 'runledger';

/** True where whoever connects by this address signs in in the browser. */
export function isSignedIn(uri: string): boolean {
  const parsed = parseUri(uri);
  return parsed.ok && isPersonsSignIn(parsed.value);
}

/** A label of a URI for people: hosts and database, no user, no password, no options. Error: `uri_invalid`. */
export function labelOf(uri: string, dbName: string | null): Result<string, AppError> {
  const parsed = parseUri(uri);
  if (!parsed.ok) return parsed;
  return ok(`${parsed.value.hosts.join(',')}/${databaseOf(parsed.value, dbName)}`);
}

/** An address in its parts. Error: `uri_invalid`. */
export function parseUri(uri: string): Result<ConnectionString, AppError> {
  try {
    const parsed = new ConnectionString(uri);
    // The parser leaves the database as it is written, and a lone percent sign in it can be read by nobody.
    decodeURIComponent(parsed.pathname);
    return ok(parsed);
  } catch (cause) {
    // The parser's message quotes the text that it was given, and that may hold a password.
    return err(appError('uri_invalid', null, cause));
  }
}

/**
 * The database to use: the named one, the one in the address, or `runledger`. An empty name is none, as in a variable that is set to
 * nothing; the driver would take it for the database `test`.
 */
export function databaseOf(uri: ConnectionString, dbName: string | null): string {
  const inAddress = decodeURIComponent(uri.pathname.replace(/^\//, ''));
  return [dbName, inAddress].find((name) => name !== null && name !== '') ?? DEFAULT_DATABASE;
}
