import { AbstractCursor, ChangeStream, ClientSession, Collection, Db, GridFSBucket, MongoError } from 'mongodb';
import { z } from 'zod';
import type { Entities } from '../entities.ts';
import { describeErrorMismatch, describeError } from '../expect-error.ts';
import { describeMismatch } from '../match.ts';
import { Mismatch } from '../mismatch.ts';
import { ObservedClient } from '../observed-client.ts';
import { isDoc } from '../doc.ts';
import { operation as operationSchema, type Operation } from '../unified-file.ts';
import { Arguments, type Perform } from './arguments.ts';
import { BUCKET_OPERATIONS } from './bucket.ts';
import { CLIENT_OPERATIONS } from './client.ts';
import { COLLECTION_OPERATIONS } from './collection.ts';
import { DATABASE_OPERATIONS } from './database.ts';
import { CURSOR_OPERATIONS } from './open-cursor.ts';
import { STATED_BYPASS } from './stated-bypass.ts';
import { SESSION_OPERATIONS, withTransaction } from './session.ts';
import { TEST_RUNNER_OPERATIONS, type Runner } from './test-runner.ts';

interface Thread {
  tail: Promise<void>;
}

/** Performs operations one after the other and checks what each gives. Rejects with {@link Mismatch} at the first that does not hold. */
export async function performAll(operations: readonly Operation[], entities: Entities, runner: Runner): Promise<void> {
  for (const [at, operation] of operations.entries()) {
    try {
      await perform(operation, entities, runner);
    } catch (cause) {
      if (cause instanceof Mismatch) throw new Mismatch(`operation ${at}, ${cause.message}`, { cause });
      throw cause;
    }
  }
}

async function perform(operation: Operation, entities: Entities, runner: Runner): Promise<void> {
  if (operation.object === 'testRunner') return performOwn(operation, entities, runner);
  const given = new Arguments(operation.arguments, entities);
  let result: unknown;
  try {
    result = await call(operation, given, runner);
  } catch (cause) {
    if (cause instanceof Mismatch) throw cause;
    if (cause instanceof z.ZodError) throw new Mismatch(`${operation.name}: ${z.prettifyError(cause)}`, { cause });
    if (operation.ignoreResultAndError === true) return;
    if (operation.expectError === undefined)
      throw new Mismatch(`${operation.name}: unexpected error ${describeError(cause)}`, { cause });
    const found = describeErrorMismatch(operation.expectError, cause, entities);
    if (found !== null) throw new Mismatch(`${operation.name}: ${found}`, { cause });
    return;
  }
  if (operation.ignoreResultAndError === true) return;
  if (operation.expectError !== undefined)
    throw new Mismatch(`${operation.name}: gave a result where an error was expected`);
  if (operation.expectResult !== undefined) {
    const found = describeMismatch(operation.expectResult, result, entities);
    if (found !== null) throw new Mismatch(`${operation.name}: ${found}`);
  }
  if (operation.saveResultAsEntity !== undefined) entities.save(operation.saveResultAsEntity, result);
}

function isCollection(value: unknown): value is Collection {
  return value instanceof Collection;
}

function call(operation: Operation, given: Arguments, runner: Runner): Promise<unknown> {
  const target = given.entities.entity(operation.object);
  const { name } = operation;
  if (isCollection(target)) return collectionOperation(operation)(target, given);
  if (target instanceof Db) return chosen(DATABASE_OPERATIONS, name)(target, given);
  if (target instanceof ObservedClient) return chosen(CLIENT_OPERATIONS, name)(target, given);
  if (target instanceof GridFSBucket) return chosen(BUCKET_OPERATIONS, name)(target, given);
  if (target instanceof ChangeStream || target instanceof AbstractCursor)
    return chosen(CURSOR_OPERATIONS, name)(target, given);
  if (!(target instanceof ClientSession)) throw new Mismatch(`${name}: '${operation.object}' has no operations`);
  if (name !== 'withTransaction') return chosen(SESSION_OPERATIONS, name)(target, given);
  const callback = z.array(operationSchema).parse(given.take('callback'));
  return withTransaction(target, given, callback, async (inner) => {
    try {
      await performAll(inner, given.entities, runner);
    } catch (cause) {
      // The driver decides by its own error whether the transaction is tried again.
      throw cause instanceof Mismatch && innermost(cause) instanceof MongoError ? innermost(cause) : cause;
    }
  });
}

function collectionOperation({ name, arguments: given }: Operation): Perform<Collection> {
  const isStated = given?.['bypassDocumentValidation'] === false && Object.hasOwn(STATED_BYPASS, name);
  return chosen(isStated ? STATED_BYPASS : COLLECTION_OPERATIONS, name);
}

function innermost(error: Error): unknown {
  return error.cause instanceof Mismatch ? innermost(error.cause) : error.cause;
}

function chosen<Found>(operations: Readonly<Record<string, Found>>, name: string): Found {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (found === undefined) throw new Mismatch(`${name}: the operation is not known`);
  return found;
}

async function performOwn(operation: Operation, entities: Entities, runner: Runner): Promise<void> {
  const given = new Arguments(operation.arguments, entities);
  try {
    if (operation.name === 'runOnThread') {
      const inner = operationSchema.parse(given.take('operation'));
      const thread = threadOf(given);
      thread.tail = thread.tail.then(() => perform(inner, entities, runner));
      // A failure is told by waitForThread; until then it is no unhandled one.
      thread.tail.catch(() => undefined);
      return;
    }
    if (operation.name === 'waitForThread') return await threadOf(given).tail;
    await chosen(TEST_RUNNER_OPERATIONS, operation.name)(given, runner);
  } catch (cause) {
    if (cause instanceof Mismatch) throw cause;
    throw new Mismatch(`${operation.name}: ${describeError(cause)}`, { cause });
  }
}

function threadOf(given: Arguments): Thread {
  return z
    .custom<Thread>((value) => isDoc(value) && value['tail'] instanceof Promise)
    .parse(given.entities.entity(given.text('thread')));
}
