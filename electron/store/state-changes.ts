import type { Collection, Filter } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { failureSchema } from '#domain/failure.ts';
import { historyEntrySchema, jobSchema } from '#domain/job.ts';
import type { Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';

const [anyJob] = jobSchema.options;
/** A job as far as it tells of its states, without what was asked for, made or paid. */
const jobStatesSchema = z.object({
  _id: anyJob.shape._id,
  workspaceId: anyJob.shape.workspaceId,
  userId: anyJob.shape.userId,
  kind: anyJob.shape.kind,
  updatedAt: z.date(),
  history: z.array(historyEntrySchema),
  failure: failureSchema.pick({ class: true }).nullable().default(null),
});
export type JobStates = z.infer<typeof jobStatesSchema>;

const PROJECTION = { _id: 1, workspaceId: 1, userId: 1, kind: 1, updatedAt: 1, history: 1, failure: 1 } as const;

/** A place in the order of changes: the time of a job's last change, and the job. */
export interface ChangePlace {
  readonly atMs: number;
  readonly jobId: string;
}

/** A page of jobs in the order of their last changes. */
export interface StatePage {
  readonly jobs: readonly JobStates[];
  /** Where the next page begins; null where this was the last one. */
  readonly next: ChangePlace | null;
}

/**
 * Reads what jobs say of their states, those that were changed behind a place, of all workspaces (null) or one. What does not say
 * it as a job does is left out. Errors: the driver's.
 */
export async function readStatePage(
  jobs: Collection<RawDocument>,
  { atMs, jobId }: ChangePlace,
  { workspaceId, limit }: { readonly workspaceId: string | null; readonly limit: number },
): Promise<Result<StatePage, AppError>> {
  return attemptCall(async () => {
    const at = new Date(atMs);
    const read = (filter: Filter<RawDocument>, rows: number): Promise<RawDocument[]> =>
      jobs
        .find(workspaceId === null ? filter : { ...filter, workspaceId })
        .project<RawDocument>(PROJECTION)
        .sort({ updatedAt: 1, _id: 1 })
        .limit(rows)
        .toArray();
    // A bulk update stamps any number of documents with one time, so an instant is read in pages too.
    const documents = await read({ updatedAt: at, _id: { $gt: jobId } }, limit);
    if (documents.length < limit) {
      documents.push(...(await read({ updatedAt: { $gt: at } }, limit - documents.length)));
    }
    const last = documents.length < limit ? undefined : documents.at(-1);
    const place = z.object({ _id: z.string(), updatedAt: z.date() }).safeParse(last);
    return {
      jobs: documents.flatMap((document) => jobStatesSchema.safeParse(document).data ?? []),
      next: place.success ? { atMs: place.data.updatedAt.getTime(), jobId: place.data._id } : null,
    };
  });
}
