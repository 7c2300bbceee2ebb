import { z } from 'zod';
import { periodSchema } from '#domain/ledger.ts';
import { WRITES } from '#domain/privileges.ts';
import {
  exportedSchema,
  exportFormatSchema,
  marginLineSchema,
  periodViewSchema,
  statementSchema,
} from '../period-views.ts';
import type { RequestTable } from './definition.ts';

const workspaceSchema = z.string().min(1).max(200).nullable();

/** Closing months, and what is said of them: statements by workspace, margin by kind, provider and model. */
export const PERIOD_REQUESTS = {
  'periods.list': {
    params: z.object({}),
    result: z.object({
      rows: z.array(periodViewSchema),
      /** The month that would be closed next: the one behind the last closed, or the last that is over. */
      next: periodSchema,
      /** By the server's clock; before that nobody can close it. */
      isNextOver: z.boolean(),
      openCreditsMax: z.int(),
    }),
    permission: 'money',
    writes: false,
  },
  /**
   * Runs every rule on the server and closes the month. `invalid_request` with the cause where it may not be closed: open findings
   * above the threshold, entries on their way, an earlier month that is open.
   */
  'periods.close': {
    params: z.object({ period: periodSchema }),
    result: periodViewSchema,
    permission: 'money',
    writes: WRITES.closeMonth,
  },
  'statements.get': {
    params: z.object({ period: periodSchema, workspaceId: workspaceSchema }),
    result: z.object({ isClosed: z.boolean(), rows: z.array(statementSchema), total: z.int().nonnegative() }),
    permission: 'money',
    writes: false,
  },
  /** Of a closed month the same bytes every time. */
  'statements.export': {
    params: z.object({ period: periodSchema, workspaceId: workspaceSchema, format: exportFormatSchema }),
    result: exportedSchema,
    permission: 'export',
    writes: false,
    audit: 'act',
  },
  'margin.get': {
    params: z.object({ period: periodSchema }),
    /** `unreadableJobs` are documents that are no jobs: what they cost is in no line, and what was paid for them in that of no job. */
    result: z.object({ rows: z.array(marginLineSchema), unreadableJobs: z.int().nonnegative() }),
    permission: 'money',
    writes: false,
  },
  'margin.export': {
    params: z.object({ period: periodSchema, format: exportFormatSchema }),
    result: exportedSchema,
    permission: 'export',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
