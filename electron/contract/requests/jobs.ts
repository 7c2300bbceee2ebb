import { z } from 'zod';
import {
  jobDetailSchema,
  jobFilterSchema,
  jobRowSchema,
  jobSortSchema,
  malformedRowSchema,
  standstillCauseSchema,
} from '../job-views.ts';
import { outputViewSchema } from '../output-views.ts';
import { timeMsSchema } from '../status.ts';
import { cursorSchema, jobIdSchema, pageLimitSchema, type RequestTable } from './definition.ts';

/** The most jobs of one case pack. */
export const CASE_JOBS_MAX = 500;

/** The jobs of a case pack: single ones, or all that a filter asks for. */
const caseChoiceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ids'), ids: z.array(jobIdSchema).min(1).max(CASE_JOBS_MAX) }),
  z.object({ type: z.literal('filter'), filter: jobFilterSchema }),
]);
export type CaseChoice = z.infer<typeof caseChoiceSchema>;

/** Lists and single jobs, from the offline copy. */
export const JOB_REQUESTS = {
  'jobs.page': {
    params: z.object({
      filter: jobFilterSchema,
      sort: jobSortSchema,
      /** Null for the first page. */
      cursor: cursorSchema.nullable(),
      /** In an order by time: the first page begins at this time and goes on in the direction of the order. */
      startAtMs: timeMsSchema.nullable().default(null),
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
  /** Where in a list a rank is; null where it can only be read page by page. The rank is the last one where there are fewer rows. */
  'jobs.seek': {
    params: z.object({ filter: jobFilterSchema, sort: jobSortSchema, rank: z.int().min(0).max(1_000_000_000) }),
    result: z.object({
      place: z.object({ rank: z.int().nonnegative(), cursor: cursorSchema.nullable() }).nullable(),
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
  /** What can be shown of a job's output, its hash checked. Errors: `not_found` where there is none. */
  'output.get': {
    params: z.object({ jobId: jobIdSchema }),
    result: outputViewSchema,
    permission: 'payload',
    writes: false,
    audit: 'view',
  },
  /** The one cause for which a job is not moving, from what the server has now. */
  'job.why': {
    params: z.object({ jobId: jobIdSchema }),
    result: z.object({
      cause: standstillCauseSchema,
      /** The whole sentence: what holds the job up, and what to do. */
      explanation: z.string(),
    }),
    permission: 'view',
    writes: false,
  },
  /**
   * Packs jobs for somebody else: JSON and a page for people, redacted, in the folder of exports. Ids that the copy has not are left
   * out; a filter that asks for more than {@link CASE_JOBS_MAX} jobs is refused (`too_many`), because a pack that lacks
   * some would not say so.
   */
  'case.export': {
    params: z.object({ chosen: caseChoiceSchema }),
    result: z.object({ path: z.string(), jobs: z.int().nonnegative(), contentHash: z.string() }),
    permission: 'export',
    writes: false,
    audit: 'act',
  },
  'malformed.page': {
    params: z.object({ cursor: cursorSchema.nullable(), limit: pageLimitSchema }),
    result: z.object({ rows: z.array(malformedRowSchema), nextCursor: cursorSchema.nullable() }),
    permission: 'payload',
    writes: false,
    audit: 'view',
  },
} as const satisfies RequestTable;
