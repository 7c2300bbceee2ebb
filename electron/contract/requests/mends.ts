import { z } from 'zod';
import { periodSchema } from '#domain/ledger.ts';
import { mendStateSchema } from '#domain/reconciliation/mend-record.ts';
import { WRITES } from '#domain/privileges.ts';
import { malformedRecordSchema } from '../malformed-record.ts';
import { MENDS_AT_ONCE_MAX, mendPreviewSchema, mendResultSchema, mendViewSchema } from '../mend-views.ts';
import type { RequestTable } from './definition.ts';

const findingIdsSchema = z.array(z.string().min(1).max(900)).min(1).max(MENDS_AT_ONCE_MAX);
const mendIdsSchema = z.array(z.string().min(1).max(1000)).min(1).max(MENDS_AT_ONCE_MAX);

/** Findings of the last run and how they are to be mended. */
const wishSchema = z.object({
  runId: z.string().min(1).max(64),
  findingIds: findingIdsSchema,
  /** Empty takes the finding's own words. */
  reason: z.string().trim().max(500),
  /** The month that the entries are dated into; null dates them to the moment of posting. */
  bookedIn: periodSchema.nullable(),
});

/** Mending by new entries: proposed, approved by a second person above an amount, posted by the charge protocol. */
export const MEND_REQUESTS = {
  /** What proposing would write, from the server as it is now. Writes nothing. */
  'mends.preview': {
    params: wishSchema,
    result: z.object({ rows: z.array(mendPreviewSchema), limitCredits: z.int() }),
    permission: 'money',
    writes: false,
  },
  'mends.propose': {
    params: wishSchema,
    result: z.object({ rows: z.array(mendViewSchema) }),
    permission: 'money',
    writes: WRITES.proposeMends,
  },
  /** The newest proposals of some states. */
  'mends.list': {
    params: z.object({ states: z.array(mendStateSchema).min(1) }),
    result: z.object({
      rows: z.array(mendViewSchema),
      malformed: z.array(malformedRecordSchema),
      waiting: z.int().nonnegative(),
      limitCredits: z.int(),
    }),
    permission: 'money',
    writes: false,
  },
  'mends.ofFinding': {
    params: z.object({ findingId: z.string().min(1).max(900) }),
    result: z.object({ rows: z.array(mendViewSchema) }),
    permission: 'money',
    writes: false,
  },
  /** Proposals by their ids, as they stand now; those that are nowhere are left out. */
  'mends.named': {
    params: z.object({ mendIds: mendIdsSchema }),
    result: z.object({ rows: z.array(mendViewSchema) }),
    permission: 'money',
    writes: false,
  },
  /** Each on its own; one's own proposal cannot be approved or rejected (`second_person_needed` in its result). */
  'mends.decide': {
    params: z.object({
      mendIds: mendIdsSchema,
      decision: z.enum(['approved', 'rejected', 'withdrawn']),
      note: z.string().trim().max(500),
    }),
    result: z.object({ rows: z.array(mendResultSchema) }),
    permission: 'money',
    writes: WRITES.decideMends,
  },
  /** Each on its own; posting again does nothing. */
  'mends.post': {
    params: z.object({ mendIds: mendIdsSchema }),
    result: z.object({ rows: z.array(mendResultSchema) }),
    permission: 'money',
    writes: WRITES.postMends,
  },
} as const satisfies RequestTable;
