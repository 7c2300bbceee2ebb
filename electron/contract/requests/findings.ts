import { z } from 'zod';
import { reviewActSchema } from '#domain/reconciliation/finding-review.ts';
import { WRITES } from '#domain/privileges.ts';
import { reviewViewSchema } from '../finding-views.ts';
import { MENDS_AT_ONCE_MAX } from '../mend-views.ts';
import type { RequestTable } from './definition.ts';

const runIdSchema = z.string().min(1).max(64);
const findingIdSchema = z.string().min(1).max(900);
/** A finding, and the version of its review that the person saw: null where what is done adds to whatever stands there. */
const seenFindingSchema = z.object({ findingId: findingIdSchema, seenVersion: z.int().nonnegative().nullable() });

/** What people make of findings: assign, comment, accept with a reason, solve. */
export const FINDING_REQUESTS = {
  'findings.review': {
    params: z.object({ runId: runIdSchema, findingId: findingIdSchema }),
    result: reviewViewSchema,
    permission: 'money',
    writes: false,
  },
  /** The reviews of several findings of a run, in their order; findings that the run does not have are left out. */
  'findings.reviews': {
    params: z.object({ runId: runIdSchema, findingIds: z.array(findingIdSchema).min(1).max(MENDS_AT_ONCE_MAX) }),
    result: z.object({ rows: z.array(reviewViewSchema) }),
    permission: 'money',
    writes: false,
  },
  /** Nothing is begun where one of them was reviewed since it was seen (`write_conflict`). */
  'findings.act': {
    params: z.object({
      runId: runIdSchema,
      findings: z.array(seenFindingSchema).min(1).max(MENDS_AT_ONCE_MAX),
      act: reviewActSchema,
    }),
    result: z.object({ rows: z.array(reviewViewSchema) }),
    permission: 'money',
    writes: WRITES.reviewFindings,
  },
} as const satisfies RequestTable;
