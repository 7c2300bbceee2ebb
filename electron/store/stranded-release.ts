import type { AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import type { Actor } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import { append, stamped } from './change-update.ts';
import type { Collections } from './collections.ts';
import { attemptCall } from './driver-errors.ts';

/** A release that a job is to owe. */
export interface ReleaseOwed {
  readonly key: string;
  readonly credits: number;
  readonly reason: string;
}

/** What of a job a release is judged by and guarded with; its prompt, options and past may have 16 MiB. */
export type ReleasedJob = Pick<Job, '_id' | 'version' | 'state' | 'attempt' | 'billing'>;

/**
 * Lets a job that has come to its end owe a release: step 1 of the charge protocol. Guarded by everything that the job was judged
 * by; where it has moved since, nothing is written.
 * @returns whether it owes it now
 */
export async function oweRelease(
  jobs: Collections['jobs'],
  job: ReleasedJob,
  release: ReleaseOwed,
  actor: Actor,
): Promise<Result<boolean, AppError>> {
  const owed = stamped({ ...release, type: 'release', attempt: job.attempt, actor });
  const written = await attemptCall(() =>
    jobs.updateOne(
      {
        _id: job._id,
        version: job.version,
        state: job.state,
        'billing.generationId': job.billing.generationId,
        'billing.reserved': job.billing.reserved,
        'billing.pending': { $size: 0 },
      },
      [
        {
          $set: {
            'billing.pending': append('$billing.pending', owed),
            version: { $add: ['$version', 1] },
            updatedAt: '$$NOW',
          },
        },
      ],
    ),
  );
  return written.ok ? ok(written.value.modifiedCount === 1) : written;
}
