import { collationOf } from '../semantics/collation.ts';
import { evaluateVariables } from '../semantics/pipelines.ts';
import { refuse } from '../semantics/expressions/refusal.ts';
import { flagField } from '../semantics/flags.ts';
import { findProjection } from '../semantics/projections.ts';
import { ServerError, toServerError } from '../semantics/server-error.ts';
import { kindOfUpdate, refuseUnusable, upsertedDocument, type UpdateRequest } from '../semantics/updates.ts';
import { DOCUMENT_BYTES_MAX, numberOf, storedBytes, type Doc } from '../semantics/values.ts';
import { refuseUnwritable } from '../storage/catalog.ts';
import { isStoreFailure } from '../storage/schema.ts';
import type { Found, ReadRequest } from '../storage/query.ts';
import { withId } from '../storage/records.ts';
import {
  collectionName,
  writeOptionsOf,
  docField,
  docsField,
  numberField,
  retryOf,
  type Command,
  type CommandCall,
} from './command.ts';
import { leftByModification, leftByUpdate, modifiedAgain, updatedAgain } from './next-tries.ts';
import { missingField, refuseNoFlag, refuseOption, refuseUnknown } from './field-values.ts';

/** MongoDB's limit of statements in one write command. */
const STATEMENTS_MAX = 100_000;

/** What a statement may say on MongoDB 7; a `sort` came with 8.0. */
const UPDATE_FIELDS = new Set([
  'q',
  'u',
  'c',
  'multi',
  'upsert',
  'upsertSupplied',
  'arrayFilters',
  'hint',
  'collation',
  'sampleId',
]);
const DELETE_FIELDS = new Set(['q', 'limit', 'hint', 'collation', 'sampleId']);

function checkStatements(
  place: string,
  statements: readonly Doc[],
  { known, required }: { readonly known: ReadonlySet<string>; readonly required: readonly string[] },
): void {
  for (const statement of statements) {
    refuseUnknown(place, statement, known);
    const missing = required.find((field) => statement[field] === undefined);
    if (missing !== undefined) throw missingField(place, missing);
    for (const flag of ['multi', 'upsert']) refuseNoFlag(place, flag, statement[flag]);
    docField(statement, 'collation');
    for (const option of ['upsertSupplied', 'sampleId']) refuseOption(place, option, statement[option]);
  }
}

/** What the statements of a command came to, in their order, and which were refused. */
interface Outcome {
  readonly results: readonly (Doc & { readonly index: number })[];
  readonly errors: readonly Doc[];
  /** Statements that the same write had run before. */
  readonly retried: readonly number[];
}

/** The number by which a statement of a retryable write is known. */
function statementId({ body }: CommandCall, index: number): number {
  const { stmtIds } = body;
  const own = Array.isArray(stmtIds) ? numberOf(stmtIds[index]) : null;
  return own ?? (numberOf(body['stmtId']) ?? 0) + index;
}

/** Errors: `InvalidLength`, `InvalidOptions`. */
function checkStatementIds({ body }: CommandCall, count: number): void {
  const { stmtIds } = body;
  if (stmtIds === undefined || stmtIds === null) return;
  if (!Array.isArray(stmtIds) || stmtIds.length !== count)
    throw new ServerError('InvalidLength', 'Number of statement ids must match the number of batch entries.');
  if (body['stmtId'] !== undefined)
    throw new ServerError('InvalidOptions', 'May not specify both stmtId and stmtIds in write command.');
}

/** What changes several documents cannot be known by one number. Error: `InvalidOptions`. */
function refuseRetried(call: CommandCall, option: 'multi=true' | 'limit=0'): void {
  if (retryOf(call) !== null)
    throw new ServerError('InvalidOptions', `Cannot use (or request) retryable writes with ${option}`);
}

/** Runs a statement, and keeps what it wrote for its next try. One that changed nothing runs again, as on MongoDB, which knows it by the log. */
function kept(call: CommandCall, index: number, run: () => Doc, leftBy: (result: Doc) => Doc): Doc {
  const { oplog } = call.deployment;
  const { last } = oplog;
  const result = run();
  if (oplog.last !== last) call.retried?.record(statementId(call, index), leftBy(result));
  return result;
}

/** How the statements of a command run. */
interface StatementKind {
  readonly run: (statement: Doc) => Doc;
  /** What one that came to this leaves for its next try. */
  readonly leftBy: (result: Doc) => Doc;
  /** What a try comes to that finds this left. */
  readonly again: (left: Doc) => Doc;
}

/** Runs the statements of a write command; an ordered one stops at the first error. */
function eachStatement(call: CommandCall, statements: readonly Doc[], { run, leftBy, again }: StatementKind): Outcome {
  if (statements.length === 0 || statements.length > STATEMENTS_MAX) {
    throw new ServerError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${STATEMENTS_MAX}. Got ${statements.length} operations.`,
    );
  }
  checkStatementIds(call, statements.length);
  const errors: Doc[] = [];
  const results: (Doc & { index: number })[] = [];
  const retried: number[] = [];
  for (const [index, statement] of statements.entries()) {
    const id = statementId(call, index);
    const left = call.retried?.resultOf(id) ?? null;
    if (left !== null) {
      // A try that does not fit what was written ends the command, and is no statement's error.
      results.push({ ...again(left), index });
      retried.push(id);
      continue;
    }
    try {
      results.push({ ...kept(call, index, () => run(statement), leftBy), index });
    } catch (cause) {
      // The store itself failed: nothing can be said of any statement.
      if (isStoreFailure(cause)) throw cause;
      const error = toServerError(cause);
      // An interruption ends the command, and is no statement's fault.
      if (error.codeName === 'MaxTimeMSExpired') throw error;
      errors.push({ index, code: error.code, errmsg: error.message, ...error.details });
      if (call.body['ordered'] !== false) break;
    }
  }
  return { results, errors, retried };
}

function replyOf({ results, errors, retried }: Outcome, reply: Doc): Doc {
  return {
    n: total(results, 'n'),
    ...reply,
    ...(retried.length === 0 ? {} : { retriedStmtIds: retried }),
    ...(errors.length === 0 ? {} : { writeErrors: errors }),
  };
}

function total(results: readonly Doc[], field: string): number {
  return results.reduce((sum, result) => sum + (numberOf(result[field]) ?? 0), 0);
}

/** The collection that a command writes to. It fails as a whole, and no statement of it, where none may. Errors: `InvalidNamespace`, `BadValue`. */
function writtenCollection(call: CommandCall): string {
  const name = collectionName(call);
  refuseUnwritable(call.db, name);
  return name;
}

const insert: Command = {
  writes: true,
  isPerDocument: true,
  run(call) {
    const name = writtenCollection(call);
    const outcome = eachStatement(call, docsField(call.body, 'documents'), {
      run: (document) => {
        call.deployment.insert(call.db, name, document, writeOptionsOf(call));
        return { n: 1 };
      },
      leftBy: () => ({ op: 'i' }),
      again: () => ({ n: 1 }),
    });
    return replyOf(outcome, {});
  },
};

/** What a statement of `update`, or a `findAndModify`, changes and how. Errors: `FailedToParse`, 51198, and those of the update. */
export function updateRequestOf(call: CommandCall, statement: Doc, variables: Doc): UpdateRequest {
  const update = statement['u'] ?? statement['update'];
  const kind = kindOfUpdate(update);
  if (kind === 'pipeline' && statement['arrayFilters'] !== undefined)
    throw new ServerError('FailedToParse', 'arrayFilters may not be specified for pipeline-style updates');
  if (kind !== 'pipeline' && statement['c'] !== undefined)
    throw new ServerError('Location51198', 'Constant values may only be specified for pipeline updates');
  return {
    update: update as UpdateRequest['update'],
    filter: docField(statement, 'q') ?? docField(statement, 'query') ?? {},
    arrayFilters: docsField(statement, 'arrayFilters'),
    variables: { ...variables, ...docField(statement, 'c') },
    collation: collationOf(statement['collation']),
    // One time for all that the command changes.
    now: call.startedAt,
    timestamp: call.deployment.oplog.nextTime,
  };
}

function readOf(
  statement: Doc,
  request: { readonly filter: Doc; readonly variables: Doc },
  limit: number,
): ReadRequest {
  return {
    filter: request.filter,
    variables: request.variables,
    limit,
    sort: docField(statement, 'sort') ?? null,
    hint: statement['hint'],
    collation: collationOf(statement['collation']),
  };
}

const update: Command = {
  writes: true,
  isPerDocument: true,
  run(call) {
    const name = writtenCollection(call);
    const variables = evaluateVariables(call.body['let'], call.startedAt);
    const statements = docsField(call.body, 'updates');
    checkStatements('update.updates', statements, { known: UPDATE_FIELDS, required: ['q', 'u'] });
    const run = (statement: Doc): Doc => {
      const request = updateRequestOf(call, statement, variables);
      const isMulti = statement['multi'] === true;
      if (isMulti) refuseRetried(call, 'multi=true');
      if (isMulti && kindOfUpdate(request.update) === 'replacement') {
        throw new ServerError('FailedToParse', 'multi update is not supported for replacement-style update');
      }
      // All are found before the first is changed, or an update that moves a document ahead would meet it again.
      const found = placesOf(call, name, readOf(statement, request, isMulti ? 0 : 1));
      if (found.length === 0 && statement['upsert'] === true) {
        return { n: 1, nModified: 0, upserted: upsert(call, name, request)['_id'] };
      }
      if (found.length === 0) refuseUnusable(request);
      // What a statement did before it was refused stays, but is not counted.
      let nModified = 0;
      for (const one of again(call, found)) if (updateFound(call, name, one, request) !== null) nModified += 1;
      return { n: found.length, nModified };
    };
    const outcome = eachStatement(call, statements, { run, leftBy: leftByUpdate, again: updatedAgain });
    const upserted = outcome.results
      .filter((result) => Object.hasOwn(result, 'upserted'))
      .map(({ index, upserted: _id }) => ({ index, _id }));
    const nModified = total(outcome.results, 'nModified');
    return replyOf(outcome, { nModified, ...(upserted.length === 0 ? {} : { upserted }) });
  },
};

/** Of so many documents that a statement finds more than their places is held, which saves reading them again; and so many bytes. */
const HELD_MAX = 1000;
const HELD_BYTES_MAX = 8 * 1024 * 1024;

/** The places of all documents that a statement finds, of the first ones with the documents. */
function placesOf(call: CommandCall, name: string, request: ReadRequest): readonly (Found | number)[] {
  const places: (Found | number)[] = [];
  let bytes = 0;
  for (const found of call.deployment.find(call.db, name, request)) {
    bytes += storedBytes(found.document).length;
    places.push(places.length < HELD_MAX && bytes <= HELD_BYTES_MAX ? found : found.record);
  }
  return places;
}

/** The documents of places, one after the other. */
function* again({ deployment }: CommandCall, places: readonly (Found | number)[]): Generator<Found> {
  for (const place of places) {
    if (typeof place !== 'number') yield place;
    else {
      const document = deployment.records.read(place);
      if (document !== null) yield { record: place, document };
    }
  }
}

/** @returns the document as it is stored. Error: 17420 for one that is too large. */
function upsert(call: CommandCall, name: string, request: UpdateRequest): Doc {
  const document = withId(upsertedDocument(request));
  if (storedBytes(document).length > DOCUMENT_BYTES_MAX)
    throw refuse(17_420, `Document to upsert is larger than ${DOCUMENT_BYTES_MAX}`);
  return call.deployment.insert(call.db, name, document, writeOptionsOf(call));
}

function updateFound(call: CommandCall, name: string, found: Found, request: UpdateRequest): Doc | null {
  const collection = call.deployment.catalog.find(call.db, name);
  if (collection === null) throw new ServerError('NamespaceNotFound', `ns not found ${call.db}.${name}`);
  return call.deployment.update(collection, found, request, writeOptionsOf(call));
}

function removeFound(call: CommandCall, name: string, found: Found): void {
  const collection = call.deployment.catalog.find(call.db, name);
  if (collection !== null) call.deployment.remove(collection, found);
}

const remove: Command = {
  writes: true,
  isPerDocument: true,
  run(call) {
    const name = writtenCollection(call);
    const variables = evaluateVariables(call.body['let'], call.startedAt);
    const statements = docsField(call.body, 'deletes');
    checkStatements('delete.deletes', statements, { known: DELETE_FIELDS, required: ['q', 'limit'] });
    const run = (statement: Doc): Doc => {
      const filter = docField(statement, 'q') ?? {};
      const limit = numberField(statement, 'limit') ?? 0;
      if (limit !== 0 && limit !== 1)
        throw new ServerError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`);
      if (limit === 0) refuseRetried(call, 'limit=0');
      const doomed = placesOf(call, name, readOf(statement, { filter, variables }, limit));
      for (const found of again(call, doomed)) removeFound(call, name, found);
      return { n: doomed.length };
    };
    const outcome = eachStatement(call, statements, { run, leftBy: () => ({ op: 'd' }), again: () => ({ n: 1 }) });
    return replyOf(outcome, {});
  },
};

const findAndModify: Command = {
  writes: true,
  isPerDocument: true,
  run(call) {
    const left = call.retried?.resultOf(statementId(call, 0)) ?? null;
    if (left !== null) return { ...modifiedAgain(call.body, left), retriedStmtId: statementId(call, 0) };
    let image: Doc | null = null;
    const run = (): Doc => {
      const modified = modify(call);
      ({ image } = modified);
      return modified.reply;
    };
    return kept(call, 0, run, (reply) => leftByModification(reply, image));
  },
};

/** What a `findAndModify` came to. */
interface Modified {
  readonly reply: Doc;
  /** The whole document that it tells of; null where there was none. */
  readonly image: Doc | null;
}

function modify(call: CommandCall): Modified {
  const { body } = call;
  const name = writtenCollection(call);
  const variables = evaluateVariables(body['let'], call.startedAt);
  const filter = docField(body, 'query') ?? {};
  const fields = docField(body, 'fields');
  checkModification(body);
  const read = readOf(body, { filter, variables }, 1);
  const shown = findProjection(fields, {
    filter,
    variables,
    collation: read.collation ?? null,
    isChanged: flagField(body, 'new'),
  });
  const [found] = [...call.deployment.find(call.db, name, read)];
  if (flagField(body, 'remove')) {
    if (found !== undefined) removeFound(call, name, found);
    return {
      reply: {
        lastErrorObject: { n: found === undefined ? 0 : 1 },
        value: found === undefined ? null : shown(found.document),
      },
      image: found?.document ?? null,
    };
  }
  const isNew = flagField(body, 'new');
  const request = updateRequestOf(call, body, variables);
  if (found === undefined) {
    if (!flagField(body, 'upsert')) {
      refuseUnusable(request);
      return { reply: { lastErrorObject: { n: 0, updatedExisting: false }, value: null }, image: null };
    }
    const stored = upsert(call, name, request);
    return {
      reply: {
        lastErrorObject: { n: 1, updatedExisting: false, upserted: stored['_id'] },
        value: isNew ? shown(stored) : null,
      },
      image: stored,
    };
  }
  const after = updateFound(call, name, found, request) ?? found.document;
  const image = isNew ? after : found.document;
  return { reply: { lastErrorObject: { n: 1, updatedExisting: true }, value: shown(image) }, image };
}

/** Error: `FailedToParse` for what contradicts itself. */
function checkModification(body: Doc): void {
  const isRemoval = flagField(body, 'remove');
  if (!isRemoval && body['update'] === undefined)
    throw new ServerError('FailedToParse', 'Either an update or remove=true must be specified');
  if (!isRemoval) return;
  const isGiven = (field: string): boolean => body[field] !== undefined && body[field] !== null;
  const other = ['update', 'arrayFilters'].find(isGiven) ?? ['new', 'upsert'].find((field) => flagField(body, field));
  if (other !== undefined) throw new ServerError('FailedToParse', `Cannot specify both ${other} and remove=true`);
}

/** Commands that change documents. */
export const WRITE_COMMANDS = { insert, update, delete: remove, findAndModify, findandmodify: findAndModify };
