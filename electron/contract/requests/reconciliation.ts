import { z } from 'zod';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { reviewViewSchema } from '../finding-views.ts';
import {
  findingDetailSchema,
  findingFilterSchema,
  findingGroupSchema,
  findingsLayoutSchema,
  reconciliationScopeSchema,
  reconciliationStateSchema,
  repeatedRunSchema,
  runSummarySchema,
} from '../reconciliation-views.ts';
import { cursorSchema, pageLimitSchema, type RequestTable } from './definition.ts';

/** Names a finished run; a request that names one which is no longer kept is answered with `not_found`. */
const runIdSchema = z.string().min(1).max(64);

/** Runs of reconciliation and what they found. */
export const RECONCILIATION_REQUESTS = {
  'reconciliation.get': {
    params: z.object({}),
    result: reconciliationStateSchema,
    permission: 'money',
    writes: false,
  },
  /** Starts a run and is answered at once; events tell how far it is. While one is under way, nothing is started. */
  'reconciliation.run': {
    params: z.object({ scope: reconciliationScopeSchema }),
    result: reconciliationStateSchema,
    permission: 'money',
    writes: false,
  },
  'reconciliation.cancel': {
    params: z.object({}),
    result: reconciliationStateSchema,
    permission: 'money',
    writes: false,
  },
  /** The runs that are kept on this machine, newest first; `keptMax` is how many that are at most. */
  'reconciliation.runs': {
    params: z.object({}),
    result: z.object({ rows: z.array(runSummarySchema), keptMax: z.int().positive() }),
    permission: 'money',
    writes: false,
  },
  /** Runs a kept run once more, of its own moment, and says whether it comes out the same. Nothing else may run meanwhile. */
  'reconciliation.repeat': {
    params: z.object({ runId: runIdSchema }),
    result: repeatedRunSchema,
    permission: 'money',
    writes: false,
  },
  'reconciliation.findings': {
    params: z.object({
      runId: runIdSchema,
      filter: findingFilterSchema,
      layout: findingsLayoutSchema.prefault({}),
      cursor: cursorSchema.nullable(),
      limit: pageLimitSchema,
    }),
    result: z.object({
      rows: z.array(findingSchema),
      nextCursor: cursorSchema.nullable(),
      /** Of the filter: how many in all, and how many of each rule. */
      total: z.int().nonnegative(),
      byRule: z.record(z.string(), z.object({ findings: z.int().positive(), credits: z.number() })),
      /** Of the filter and layout, in the order of the rows. */
      groups: z.array(findingGroupSchema),
      /** What people made of the rows of this page, by finding; none of it while the server does not answer. */
      reviews: z.record(z.string(), reviewViewSchema),
    }),
    permission: 'money',
    writes: false,
  },
  'reconciliation.finding': {
    params: z.object({ runId: runIdSchema, findingId: z.string().min(1).max(1000) }),
    result: findingDetailSchema,
    permission: 'money',
    writes: false,
  },
  /** Writes the findings of a filter and layout as CSV into the application's data folder and tells where. */
  'reconciliation.export': {
    params: z.object({ runId: runIdSchema, filter: findingFilterSchema, layout: findingsLayoutSchema.prefault({}) }),
    result: z.object({ path: z.string(), findings: z.int().nonnegative() }),
    permission: 'export',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
