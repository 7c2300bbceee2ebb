import { MongoBulkWriteError } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import { historyEntrySchema, type HistoryEntry } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { JobChange } from '#domain/transition.ts';
import { z } from 'zod';
import { guardOf, pipelineOf } from './change-update.ts';
import type { Collections } from './collections.ts';
import { attemptCall } from './driver-errors.ts';

/**
 * Writes changes in one round trip, each on its own. Where not all of them met their job, or the server refused some, it is
 * read back which stand, whoever's reply was lost.
 * @returns for each change in order: done, `lease_lost` or `write_conflict` with nothing written, or the server's refusal
 */
export async function writeChanges(
  jobs: Collections['jobs'],
  changes: readonly JobChange[],
): Promise<Result<readonly Result<void, AppError>[], AppError>> {
  const operations = changes.map((change) => ({
    updateOne: { filter: guardOf(change), update: pipelineOf(change) },
  }));
  const written = await attemptCall(() => jobs.bulkWrite(operations, { ordered: false }));
  if (written.ok) {
    const areAll = written.value.matchedCount === changes.length;
    return areAll ? ok(changes.map(() => ok(undefined))) : tellApplied(jobs, changes, null);
  }
  // One document that the server refuses to write must not make the others wait for ever.
  const isPartial = written.error.cause instanceof MongoBulkWriteError;
  return isPartial ? tellApplied(jobs, changes, written.error) : written;
}

const appliedSchema = z.object({
  _id: z.string(),
  version: z.number(),
  leaseToken: z.number().nullish(),
  history: z.array(historyEntrySchema).default([]),
});

/** Which of the changes stand: those whose history entry is there. A job that still is what its change expects was refused. */
async function tellApplied(
  jobs: Collections['jobs'],
  changes: readonly JobChange[],
  refusal: AppError | null,
): Promise<Result<readonly Result<void, AppError>[], AppError>> {
  const ids = changes.map((change) => change.jobId);
  const found = await attemptCall(() =>
    jobs
      .find({ _id: { $in: ids } })
      .project({ version: 1, leaseToken: 1, history: 1 })
      .toArray(),
  );
  if (!found.ok) return found;
  const byId = new Map(
    found.value.flatMap((document) => {
      const parsed = appliedSchema.safeParse(document);
      return parsed.success ? [[parsed.data._id, parsed.data] as const] : [];
    }),
  );
  return ok(
    changes.map((change): Result<void, AppError> => {
      const job = byId.get(change.jobId);
      if (job?.history.some((entry) => isEntryOf(change, entry))) return ok(undefined);
      if ((job?.leaseToken ?? 0) !== change.guard.leaseToken) return err(appError('lease_lost', change.jobId));
      if (refusal !== null && job?.version === change.guard.version) return err(refusal);
      return err(appError('write_conflict', change.jobId));
    }),
  );
}

function isEntryOf(change: JobChange, entry: HistoryEntry): boolean {
  const { history } = change;
  return (
    entry.seq === history.seq &&
    entry.from === history.from &&
    entry.to === history.to &&
    entry.attempt === history.attempt &&
    entry.actor.id === history.actor.id &&
    entry.reason === history.reason
  );
}
