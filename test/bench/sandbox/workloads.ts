import { Binary, type Collection, type Db, type MongoClient } from 'mongodb';

/** What the benchmark's documents look like; written, they are about 1 KB. */
export interface BenchDocument {
  readonly _id: number;
  readonly owner: string;
  readonly state: string;
  readonly at: number;
  readonly key: number;
  readonly count: number;
  readonly payload: Binary;
}

/** One kind of work: what it does `times` over, and how one sees that it was done. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** How many units one call makes. */
  readonly unitsPerCall: number;
  /** Calls in one round, all connections together. */
  readonly calls: number;
  /** Runs call number `at`; numbers are never given twice. Throws where the answer is not the right one. */
  call(at: number): Promise<void>;
}

const STATES = ['queued', 'running', 'completed', 'failed'] as const;
/** So many that a page is whole from a thousand documents on: growth compares the same work at each size. */
const OWNERS = 20;
const PAYLOAD = new Binary(Buffer.alloc(880, 7));
const PAGE = 50;
const BATCH = 1000;

/** The document of a number. */
export function documentOf(_id: number): BenchDocument {
  return {
    _id,
    owner: `owner-${_id % OWNERS}`,
    state: STATES[_id % STATES.length] ?? 'queued',
    at: _id,
    key: (_id * 7919) % 1_000_003,
    count: 0,
    payload: PAYLOAD,
  };
}

/** Fills a collection up to `size` documents, with the indexes that the workloads read by. */
export async function fill(documents: Collection<BenchDocument>, size: number): Promise<void> {
  await documents.createIndexes([{ key: { owner: 1, at: -1 } }, { key: { key: 1 } }]);
  for (let from = await documents.estimatedDocumentCount(); from < size; from += BATCH) {
    const count = Math.min(BATCH, size - from);
    await documents.insertMany(Array.from({ length: count }, (_value, offset) => documentOf(from + offset)));
  }
}

/** An empty command: what every call pays for the driver, the loopback and the protocol. */
export function pingWorkload(db: Db, calls: number): Workload {
  return {
    name: 'ping',
    unit: 'commands/s',
    unitsPerCall: 1,
    calls,
    call: async () => void (await db.command({ ping: 1 })),
  };
}

/** Documents of 1 KB, a thousand in a command, into a collection of their own with one index beside that of `_id`. */
export async function insertWorkload(db: Db, calls: number): Promise<Workload> {
  const inserted = db.collection<BenchDocument>('inserted');
  await inserted.createIndex({ key: 1 });
  return {
    name: 'bulk insert, 1 KB documents',
    unit: 'documents/s',
    unitsPerCall: BATCH,
    calls,
    call: async (at) => {
      const batch = Array.from({ length: BATCH }, (_value, offset) => documentOf(at * BATCH + offset));
      const { insertedCount } = await inserted.insertMany(batch);
      if (insertedCount !== BATCH) throw new Error(`inserted ${insertedCount} of ${BATCH}`);
    },
  };
}

/** Reads and changes of single documents and pages in a collection of `size` documents. */
export function documentWorkloads(
  documents: Collection<BenchDocument>,
  size: number,
  calls: number,
): readonly Workload[] {
  const numberOf = (at: number): number => (at * 104_729) % size;
  const one = { unit: 'commands/s', unitsPerCall: 1, calls };
  return [
    {
      ...one,
      name: 'find by _id',
      call: async (at) => {
        const _id = numberOf(at);
        const found = await documents.findOne({ _id });
        if (found?._id !== _id) throw new Error(`document ${_id} was not found`);
      },
    },
    {
      ...one,
      name: `page of ${PAGE} by index`,
      unitsPerCall: 1,
      call: async (at) => {
        const owner = `owner-${at % OWNERS}`;
        const page = await documents
          .find({ owner, at: { $lt: size } })
          .sort({ at: -1 })
          .limit(PAGE)
          .toArray();
        const isWhole = page.length === Math.min(PAGE, size / OWNERS) && page.every((row) => row.owner === owner);
        if (!isWhole) throw new Error(`a page of ${page.length} documents`);
      },
    },
    {
      ...one,
      name: 'findAndModify on an index',
      call: async (at) => {
        const { key, _id } = documentOf(numberOf(at));
        const after = await documents.findOneAndUpdate({ key }, { $inc: { count: 1 } }, { returnDocument: 'after' });
        if (after?._id !== _id || after.count < 1) throw new Error(`document ${_id} was not changed`);
      },
    },
  ];
}

/** Inserts one after the other, each seen by a change stream before the next: what a watcher waits for. */
export async function streamWorkload(
  watcher: MongoClient,
  db: Db,
  calls: number,
): Promise<{ readonly workload: Workload; stop(): Promise<void> }> {
  const name = 'watched';
  const stream = watcher.db(db.databaseName).collection(name).watch();
  // The stream begins with its first question.
  await stream.tryNext();
  const waiting = new Map<number, () => void>();
  const following = (async () => {
    for (;;) {
      const event = await stream.next();
      if (event.operationType === 'insert') waiting.get(Number(event.documentKey._id))?.();
    }
  })();
  // Its end is the stream's.
  following.catch(() => undefined);
  const watched = db.collection<{ _id: number }>(name);
  return {
    workload: {
      name: 'insert until its change event',
      unit: 'events/s',
      unitsPerCall: 1,
      calls,
      call: async (at) => {
        const seen = new Promise<void>((resolve) => waiting.set(at, resolve));
        await watched.insertOne({ _id: at });
        await seen;
        waiting.delete(at);
      },
    },
    stop: () => stream.close(),
  };
}
