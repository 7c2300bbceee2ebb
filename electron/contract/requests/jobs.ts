import { z } from 'zod';
import { jobDetailSchema, jobFilterSchema, jobRowSchema, jobSortSchema, malformedRowSchema } from '../job-views.ts';
import { cursorSchema, jobIdSchema, pageLimitSchema, type RequestTable } from './definition.ts';

/** Lists and single jobs, from the offline copy. */
export const JOB_REQUESTS = {
  'jobs.page': {
    params: z.object({
      filter: jobFilterSchema,
      sort: jobSortSchema,
      /** Null for the first page. */
      cursor: cursorSchema.nullable(),
      limit: pageLimitSchema,
    }),
    result: z.object({
      rows: z.array(jobRowSchema),
      /** Where the next page begins, null at the end. */
      nextCursor: cursorSchema.nullable(),
    }),
    permission: 'view',
    writes: false,
  },
  'jobs.count': {
    params: z.object({ filter: jobFilterSchema }),
    /** `isExact` is false where counting stopped at a limit: there are at least that many. */
    result: z.object({ count: z.int().nonnegative(), isExact: z.boolean() }),
    permission: 'view',
    writes: false,
  },
  'job.get': {
    params: z.object({ jobId: jobIdSchema }),
    result: jobDetailSchema,
    permission: 'payload',
    writes: false,
    audit: 'view',
  },
  'malformed.page': {
    params: z.object({ cursor: cursorSchema.nullable(), limit: pageLimitSchema }),
    result: z.object({ rows: z.array(malformedRowSchema), nextCursor: cursorSchema.nullable() }),
    permission: 'payload',
    writes: false,
    audit: 'view',
  },
} as const satisfies RequestTable;
