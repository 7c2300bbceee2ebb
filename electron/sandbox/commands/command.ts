import { Binary, Long } from 'bson';
import { userDigest, type Access } from '../access/access-control.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import type { Deployment, WriteOptions } from '../deployment.ts';
import type { RetriedWrite } from '../storage/retryable-writes.ts';
import { ServerError } from '../semantics/server-error.ts';
import { typeNameOf } from '../semantics/type-operator.ts';
import { flagField } from '../semantics/flags.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';

/** Who sent a command. */
export interface Client {
  readonly connectionId: number;
  /** What the client calls itself in its handshake; null until then, and where it says nothing. */
  appName: string | null;
  /** Who logged in on this connection; null for nobody. */
  user: AccessName | null;
  /** When that login has to be proved anew, milliseconds since 1970; null for one that holds as long as the connection. */
  loginEndsAtMs: number | null;
}

/** A command as it arrived; its body in exact form, document sequences joined in. */
export interface CommandCall {
  readonly deployment: Deployment;
  readonly db: string;
  readonly name: string;
  readonly body: Doc;
  readonly client: Client;
  /** The server's clock when the command began: `$$NOW`, one time for all of it. */
  readonly startedAt: Date;
  /** What the same write did before, by its statements; null for a write that cannot be tried again. */
  readonly retried: RetriedWrite | null;
  /** What the client may do at this moment: what ran before may have changed it. */
  readonly access: () => Access;
}

/** What a command does, and whether it needs a transaction that reaches the disk. */
export interface Command {
  readonly writes: boolean;
  /** True where each document is changed whole or not at all, and what was changed before an error stays, as on MongoDB. */
  readonly isPerDocument?: boolean;
  /** @returns the reply's fields without `ok`; a promise only where the command waits for changes */
  run(call: CommandCall): Doc | Promise<Doc>;
}

const DATABASE_BYTES_MAX = 63;

/** Error: `InvalidNamespace` for a name that no database may have, by MongoDB's `validDBName`. */
export function refuseDatabaseName(db: string): void {
  if (db === '' || Buffer.byteLength(db) > DATABASE_BYTES_MAX || /[\0/\\. "]/u.test(db))
    throw new ServerError('InvalidNamespace', `Invalid database name: '${db}'`);
}

/** The collection that a command names as its value. Error: `InvalidNamespace`. */
export function collectionName(call: CommandCall): string {
  const name = call.body[call.name];
  if (typeof name !== 'string') {
    throw new ServerError('InvalidNamespace', `collection name has invalid type ${typeof name}`);
  }
  if (name === '') throw new ServerError('InvalidNamespace', `Invalid namespace specified '${call.db}.'`);
  return name;
}

/** A field that must be a document where it is there. */
export function docField(body: Doc, field: string): Doc | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!isDoc(value))
    throw new ServerError('TypeMismatch', `BSON field '${field}' is the wrong type, expected type 'object'`);
  return value;
}

/** A field that must be a list of documents where it is there. */
export function docsField(body: Doc, field: string): readonly Doc[] {
  const value = body[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isDoc)) {
    throw new ServerError('TypeMismatch', `BSON field '${field}' is the wrong type, expected an array of objects`);
  }
  return value;
}

/** A field that must be a number where it is there. */
export function numberField(body: Doc, field: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const number = numberOf(value);
  if (number === null)
    throw new ServerError('TypeMismatch', `BSON field '${field}' is the wrong type, expected a number`);
  return number;
}

/** A field that must be a number where it is there, as MongoDB counts by it: without its fraction. */
export function wholeField(body: Doc, field: string): number | undefined {
  const number = numberField(body, field);
  return number === undefined ? undefined : Math.trunc(number) || 0;
}

/** A cursor's id as it stands in a command. Error: `TypeMismatch`, also for a number of another type. */
export function cursorId(value: unknown): Long {
  if (value instanceof Long) return value;
  throw new ServerError(
    'TypeMismatch',
    `BSON field of a cursor's id is the wrong type '${typeNameOf(value)}', expected type 'long'`,
  );
}

/** How a command writes documents. */
export function writeOptionsOf({ body }: CommandCall): WriteOptions {
  return { isValidated: !flagField(body, 'bypassDocumentValidation') };
}

/** The number of a write that can be tried again, and the session that counts it; null for any other command. */
export function retryOf({ body, client }: CommandCall): { readonly session: Buffer; readonly number: number } | null {
  const number = numberOf(body['txnNumber']);
  const session = isDoc(body['lsid']) ? body['lsid']['id'] : undefined;
  if (number === null || !(session instanceof Binary)) return null;
  const id = Buffer.from(session.buffer.subarray(0, session.position));
  // A session is its user's: nobody gets the answer to another one's write.
  return { session: client.user === null ? id : Buffer.concat([id, userDigest(client.user)]), number };
}
