import { z } from 'zod';
import { WRITES } from '#domain/privileges.ts';
import {
  cancelPreviewSchema,
  editedInputSchema,
  reasonSchema,
  requestIdSchema,
  retryPreviewSchema,
} from '../retry-views.ts';
import { jobIdSchema, type RequestTable } from './definition.ts';

/** Retrying and cancelling one job. */
export const RETRY_REQUESTS = {
  /** What a retry would cost and whether it may happen, from the server as it is now. Writes nothing. */
  'retry.preview': {
    params: z.object({
      jobId: jobIdSchema,
      reason: reasonSchema,
      edited: editedInputSchema.nullable(),
      isCollecting: z.boolean().default(false),
    }),
    result: retryPreviewSchema,
    permission: 'retry',
    writes: false,
  },
  /** Retries a job that is still at the version that was shown. Answers with the job that now waits: itself, or the edited one. */
  'retry.run': {
    params: z.object({
      requestId: requestIdSchema,
      jobId: jobIdSchema,
      version: z.int().nonnegative(),
      reason: reasonSchema,
      edited: editedInputSchema.nullable(),
      /** Collects the result that the provider accepted to make, in place of buying it again. */
      isCollecting: z.boolean().default(false),
    }),
    result: z.object({ jobId: z.string() }),
    permission: 'retry',
    writes: WRITES.retry,
  },
  'cancel.preview': {
    params: z.object({ jobId: jobIdSchema }),
    result: cancelPreviewSchema,
    permission: 'retry',
    writes: false,
  },
  /**
   * Ends a job that is not at its end. `illegal_transition` where it came to its end meanwhile; `write_conflict` where it has another
   * generation than the one that was shown, null where none was.
   */
  'cancel.run': {
    params: z.object({
      jobId: jobIdSchema,
      reason: reasonSchema,
      generationId: z.string().max(200).nullable().default(null),
    }),
    result: z.object({ releasedCredits: z.int(), keptCredits: z.int() }),
    permission: 'retry',
    writes: WRITES.cancel,
  },
} as const satisfies RequestTable;
