import { MongoClient } from 'mongodb';
import { BenchChild } from '../child.ts';
import { documentOf, insertWorkload, type BenchDocument, type Workload } from './workloads.ts';

const PROCESS = new URL('./empty-server-process.ts', import.meta.url);

/** The names under which the calls to a server that keeps nothing are measured. */
export const EMPTY_MODIFY = 'findAndModify on a server that keeps nothing';
const EMPTY_INSERT = 'bulk insert on a server that keeps nothing';

/** What driver, loopback and protocol alone allow in the same rounds, over as many connections: the limit of every server. */
export async function emptyServer(
  connections: number,
  sizes: { readonly calls: number; readonly batches: number },
): Promise<{ readonly workloads: readonly Workload[]; stop(): Promise<void> }> {
  const child = new BenchChild(PROCESS, []);
  const port = await new Promise<string>((resolve) => child.onLine(resolve));
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    minPoolSize: connections,
    maxPoolSize: connections,
  });
  const db = (await client.connect()).db('empty');
  const documents = db.collection<BenchDocument>('documents');
  return {
    workloads: [
      {
        name: EMPTY_MODIFY,
        unit: 'commands/s',
        unitsPerCall: 1,
        calls: sizes.calls,
        call: async (at) => {
          const { key } = documentOf(at);
          const after = await documents.findOneAndUpdate({ key }, { $inc: { count: 1 } }, { returnDocument: 'after' });
          if (after?.count !== 1) throw new Error('the answer is another one');
        },
      },
      { ...(await insertWorkload(db, sizes.batches)), name: EMPTY_INSERT },
    ],
    stop: async () => {
      await client.close();
      await child.kill();
    },
  };
}
