import type { Db } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { idTextOf, parseJob } from '#domain/job.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { COLLECTION_NAMES, type RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { findMissingIndexes } from './indexes.ts';

/** How often an index was used since the server began to count, summed over its members that answered. */
export interface IndexUse {
  readonly collection: string;
  readonly name: string;
  readonly uses: number;
  readonly since: Date;
}

/** How far back the server's log of changes reaches. */
export interface OplogWindow {
  readonly oldest: Date;
  readonly newest: Date;
}

/** How many of some documents are jobs as Runledger reads them, and what is most often wrong with the others. */
export interface JobSample {
  readonly documents: number;
  readonly jobs: number;
  readonly faults: readonly { readonly path: string; readonly reason: string; readonly documents: number }[];
}

const useSchema = z.looseObject({
  name: z.string(),
  accesses: z.looseObject({ ops: z.union([z.number(), z.bigint(), z.looseObject({})]), since: z.date() }),
});
const oplogSchema = z.looseObject({ wall: z.date() });

const SAMPLE_EACH = 250;
const FAULTS_MAX = 5;

/** Looks at a server for the doctor: reads only, and bounded. */
export class ServerLook {
  readonly #db: Db;
  readonly #local: Db;
  /** How its documents stand for jobs, null where they are jobs already. */
  readonly mapping: JobMapping | null;

  /** @param local the server's own database of that name */
  constructor(db: Db, local: Db, mapping: JobMapping | null) {
    this.#db = db;
    this.#local = local;
    this.mapping = mapping;
  }

  /** The names of the collections, in their order; system collections are left out. */
  async collectionNames(): Promise<Result<readonly string[], AppError>> {
    const listed = await attemptCall(() => this.#db.listCollections().toArray());
    if (!listed.ok) return listed;
    return ok(
      listed.value
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('system.'))
        .sort(),
    );
  }

  /** The last and the first documents of a collection in the order of their ids. @param each how many of both, at most */
  async sample(collection: string, each: number): Promise<Result<readonly RawDocument[], AppError>> {
    const documents = this.#db.collection<RawDocument>(collection);
    const last = await attemptCall(() => documents.find({}).sort({ _id: -1 }).limit(each).toArray());
    if (!last.ok || last.value.length < each) return last;
    const first = await attemptCall(() => documents.find({}).sort({ _id: 1 }).limit(each).toArray());
    if (!first.ok) return first;
    return ok([...new Map([...last.value, ...first.value].map((one) => [idTextOf(one._id), one])).values()]);
  }

  /** The indexes that runners and polling need and that are not there now, as `collection.index`. */
  missingIndexes(): Promise<Result<readonly string[], AppError>> {
    return findMissingIndexes(this.#db);
  }

  /** Errors: `not_authorized` without the action `indexStats`, `server_error` where the server cannot count. */
  async indexUse(): Promise<Result<readonly IndexUse[], AppError>> {
    const found: IndexUse[] = [];
    for (const collection of Object.values(COLLECTION_NAMES)) {
      const rows = await attemptCall(() =>
        this.#db
          .collection(collection)
          .aggregate([{ $indexStats: {} }])
          .toArray(),
      );
      if (!rows.ok) return rows;
      for (const row of rows.value) {
        const parsed = safeParse(useSchema, row);
        if (!parsed.success) continue;
        const { name, accesses } = parsed.data;
        found.push({ collection, name, uses: Number(accesses.ops), since: accesses.since });
      }
    }
    return ok(found);
  }

  /** Null where the server keeps no such log that this login may see. */
  async oplogWindow(): Promise<Result<OplogWindow | null, AppError>> {
    const end = (direction: 1 | -1): Promise<Result<RawDocument | null, AppError>> =>
      attemptCall(() =>
        this.#local
          .collection<RawDocument>('oplog.rs')
          .find({}, { projection: { wall: 1 } })
          .sort({ $natural: direction })
          .limit(1)
          .next(),
      );
    const oldest = await end(1);
    if (!oldest.ok) return oldest;
    const newest = await end(-1);
    if (!newest.ok) return newest;
    const [first, last] = [safeParse(oplogSchema, oldest.value), safeParse(oplogSchema, newest.value)];
    return ok(first.success && last.success ? { oldest: first.data.wall, newest: last.data.wall } : null);
  }

  /** Reads the latest and the first documents of the jobs' collection. */
  async sampleJobs(): Promise<Result<JobSample, AppError>> {
    const jobs = this.#db.collection<RawDocument>(COLLECTION_NAMES.jobs);
    const latest = await attemptCall(() => jobs.find().sort({ updatedAt: -1, _id: -1 }).limit(SAMPLE_EACH).toArray());
    if (!latest.ok) return latest;
    const first = await attemptCall(() => jobs.find().limit(SAMPLE_EACH).toArray());
    if (!first.ok) return first;
    const documents = [...new Map([...latest.value, ...first.value].map((each) => [String(each._id), each])).values()];
    const counts = new Map<string, { path: string; reason: string; documents: number }>();
    let read = 0;
    for (const document of documents) {
      const job = parseJob(document);
      if (job.ok) {
        read += 1;
        continue;
      }
      const [problem] = job.error.problems;
      if (problem === undefined) continue;
      const { path, reason } = problem;
      const key = `${path}\n${reason}`;
      const known = counts.get(key) ?? { path, reason, documents: 0 };
      counts.set(key, { ...known, documents: known.documents + 1 });
    }
    const faults = [...counts.values()].sort((one, other) => other.documents - one.documents).slice(0, FAULTS_MAX);
    return ok({ documents: documents.length, jobs: read, faults });
  }
}
