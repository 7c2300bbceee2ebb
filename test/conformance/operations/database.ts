import type { Db } from 'mongodb';
import type { Arguments, Perform } from './arguments.ts';
import { opened } from './open-cursor.ts';

/** Every operation on a database, by the format's name. */
export const DATABASE_OPERATIONS: Readonly<Record<string, Perform<Db>>> = {
  aggregate: (target, given) => target.aggregate(given.docs('pipeline'), given.options()).toArray(),
  createChangeStream: (target, given) => {
    const pipeline = given.has('pipeline') ? given.docs('pipeline') : [];
    return opened(target.watch(pipeline, given.options()));
  },
  createCollection: async (target, given) => {
    await target.createCollection(given.text('collection'), given.options());
    return undefined;
  },
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
  runCursorCommand: (target, given) => {
    given.take('commandName');
    return target.runCursorCommand(given.doc('command'), given.options()).toArray();
  },
  createCommandCursor: (target, given) => {
    given.take('commandName');
    return opened(target.runCursorCommand(given.doc('command'), given.options()));
  },
};

function listCollections(target: Db, given: Arguments): Promise<unknown> {
  const filter = given.has('filter') ? given.doc('filter') : {};
  return target.listCollections(filter, given.options()).toArray();
}
