import type { Collection } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { failureSchema } from '#domain/failure.ts';
import { historyEntrySchema, jobSchema } from '#domain/job.ts';
import type { Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { readChangedPage, type ChangedPlace } from './changed-pages.ts';
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

/** A page of jobs in the order of their last changes. */
export interface StatePage {
  readonly jobs: readonly JobStates[];
  /** Where the next page begins; null where this was the last one. */
  readonly next: ChangedPlace | null;
}

/**
 * Reads what jobs say of their states, those that were changed at and after a place, of all workspaces (null) or one. What does not say
 * it as a job does is left out. Errors: the driver's.
 */
export async function readStatePage(
  jobs: Collection<RawDocument>,
  from: ChangedPlace,
  { workspaceId, limit }: { readonly workspaceId: string | null; readonly limit: number },
): Promise<Result<StatePage, AppError>> {
  return attemptCall(async () => {
    const { documents, next } = await readChangedPage(jobs, from, {
      field: 'updatedAt',
      limit,
      filter: workspaceId === null ? {} : { workspaceId },
      projection: PROJECTION,
    });
    return { jobs: documents.flatMap((document) => safeParse(jobStatesSchema, document).data ?? []), next };
  });
}
