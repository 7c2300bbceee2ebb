import type { AnyClientBulkWriteModel, Document, DriverInfo } from 'mongodb';
import { z } from 'zod';
import type { ObservedClient } from '../observed-client.ts';
import { isDoc, type Doc } from '../doc.ts';
import type { Arguments, Perform } from './arguments.ts';
import { opened } from './open-cursor.ts';

const driverInfo = z.custom<DriverInfo>(isDoc);

/** Every operation on a client, by the format's name. */
export const CLIENT_OPERATIONS: Readonly<Record<string, Perform<ObservedClient>>> = {
  createChangeStream: (target, given) => {
    const pipeline = given.has('pipeline') ? given.docs('pipeline') : [];
    return opened(target.client.watch(pipeline, given.options()));
  },
  listDatabases,
  // This driver gives descriptions where others give objects.
  listDatabaseObjects: listDatabases,
  listDatabaseNames: async (target, given) => {
    const reply = await target.client
      .db('admin')
      .admin()
      .listDatabases({ nameOnly: true, ...given.options() });
    return reply.databases.map((one) => one.name);
  },
  clientBulkWrite: (target, given) => {
    const models = given.docs('models').map(modelOf);
    return target.client.bulkWrite(models, given.options());
  },
  appendMetadata: (target, given) => {
    target.client.appendMetadata(driverInfo.parse(given.doc('driverInfoOptions')));
    return Promise.resolve();
  },
  close: (target) => target.client.close(),
};

async function listDatabases(target: ObservedClient, given: Arguments): Promise<unknown> {
  const reply = await target.client.db('admin').admin().listDatabases(given.options());
  return reply.databases;
}

/** The format writes `{insertOne: {namespace, …}}`, the driver `{name: 'insertOne', namespace, …}`. */
function modelOf(given: Document): AnyClientBulkWriteModel<Document> {
  const [entry] = Object.entries(given) as [string, unknown][];
  const [name, fields] = entry ?? [];
  return z.custom<AnyClientBulkWriteModel<Document>>(isDoc).parse({ name, ...(isDoc(fields) ? fields : ({} as Doc)) });
}
