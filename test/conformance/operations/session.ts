import type { ClientSession } from 'mongodb';
import type { Operation } from '../unified-file.ts';
import type { Arguments, Perform } from './arguments.ts';

/** Runs operations inside a callback, as `withTransaction` needs it. */
export type RunOperations = (operations: readonly Operation[]) => Promise<void>;

/** Every operation on a session but `withTransaction`, by the format's name. */
export const SESSION_OPERATIONS: Readonly<Record<string, Perform<ClientSession>>> = {
  startTransaction: (target, given) => {
    target.startTransaction(given.options());
    return Promise.resolve();
  },
  commitTransaction: (target, given) => target.commitTransaction(given.options()),
  abortTransaction: (target, given) => target.abortTransaction(given.options()),
  endSession: (target, given) => target.endSession(given.options()),
  // The driver keeps it to itself.
  getSnapshotTime: (target) => Promise.resolve(Reflect.get(target, 'snapshotTime')),
};

/** Runs the operations of a `withTransaction` in the driver's own retry loop. */
export async function withTransaction(
  target: ClientSession,
  given: Arguments,
  callback: readonly Operation[],
  run: RunOperations,
): Promise<void> {
  given.take('callback');
  await target.withTransaction(() => run(callback), given.options());
}
