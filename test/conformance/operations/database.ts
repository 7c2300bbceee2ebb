import type { Db, RunCommandCursor } from 'mongodb';
import { z } from 'zod';
import type { Arguments, Perform } from './arguments.ts';
import { opened } from './open-cursor.ts';

/** Every operation on a database, by the format's name. */
export const DATABASE_OPERATIONS: Readonly<Record<string, Perform<Db>>> = {
  aggregate: (target, given) => target.aggregate(given.docs('pipeline'), given.options()).toArray(),
  createChangeStream: (target, given) => {
    const pipeline = given.has('pipeline') ? given.docs('pipeline') : [];
    return opened(target.watch(pipeline, given.options()));
  },
  createCollection: (target, given) => target.createCollection(given.text('collection'), given.options()),
  dropCollection: (target, given) => target.dropCollection(given.text('collection'), given.options()),
  dropDatabase: (target, given) => target.dropDatabase(given.options()),
  listCollections,
  // This driver gives descriptions where others give objects.
  listCollectionObjects: listCollections,
  listCollectionNames: async (target, given) => {
    const filter = given.has('filter') ? given.doc('filter') : {};
    const found = await target.listCollections(filter, { nameOnly: true, ...given.options() }).toArray();
    return found.map((one) => one.name);
  },
  modifyCollection: (target, given) => {
    const collMod = given.text('collection');
    return target.command({ collMod, ...given.options() });
  },
  runCommand: (target, given) => {
    given.take('commandName');
    return target.command(given.doc('command'), given.options());
  },
  runCursorCommand: (target, given) => commandCursor(target, given).toArray(),
  createCommandCursor: (target, given) => opened(commandCursor(target, given)),
};

/** The command is sent as it is given; what else is said is of the commands that fetch more. */
function commandCursor(target: Db, given: Arguments): RunCommandCursor {
  given.take('commandName');
  const command = given.doc('command');
  const { batchSize, maxTimeMS, comment } = laterOptions.parse({
    batchSize: given.take('batchSize'),
    maxTimeMS: given.take('maxTimeMS'),
    comment: given.take('comment'),
  });
  const cursor = target.runCursorCommand(command, given.options());
  if (batchSize !== undefined) cursor.setBatchSize(batchSize);
  if (maxTimeMS !== undefined) cursor.setMaxTimeMS(maxTimeMS);
  if (comment !== undefined) cursor.setComment(comment);
  return cursor;
}

const laterOptions = z.object({
  batchSize: z.number().optional(),
  maxTimeMS: z.number().optional(),
  comment: z.unknown(),
});

function listCollections(target: Db, given: Arguments): Promise<unknown> {
  const filter = given.has('filter') ? given.doc('filter') : {};
  return target.listCollections(filter, given.options()).toArray();
}
