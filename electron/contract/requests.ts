import { z } from 'zod';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { jobDetailSchema, jobFilterSchema, jobRowSchema, jobSortSchema, malformedRowSchema } from './job-views.ts';
import type { Permission } from './permissions.ts';
import {
  cancelPreviewSchema,
  editedInputSchema,
  reasonSchema,
  requestIdSchema,
  retryPreviewSchema,
} from './retry-views.ts';
import {
  findingDetailSchema,
  findingFilterSchema,
  reconciliationScopeSchema,
  reconciliationStateSchema,
} from './reconciliation-views.ts';
import { engineStatusSchema, runnerStatusSchema } from './status.ts';

/** One request that a window may make: what it sends, what it gets, and the permission it needs. */
export interface RequestDefinition {
  readonly params: z.ZodType;
  readonly result: z.ZodType;
  readonly permission: Permission;
  /** True where the request may change something on the server; a read-only connection refuses it. */
  readonly writes: boolean;
}

/** The most rows one page may have. */
export const PAGE_ROWS_MAX = 500;

/** A position in an ordered list, opaque to the window. */
const cursorSchema = z.string().max(1000);
/** Names a finished run; a request that names another than the last one is answered with `not_found`. */
const runIdSchema = z.string().min(1).max(64);

const jobIdSchema = z.string().min(1).max(200);

/** The one list of what a window may ask the engine. */
export const REQUESTS = {
  'status.get': {
    params: z.object({}),
    result: engineStatusSchema,
    permission: 'view',
    writes: false,
  },
  'jobs.page': {
    params: z.object({
      filter: jobFilterSchema,
      sort: jobSortSchema,
      /** Null for the first page. */
      cursor: cursorSchema.nullable(),
      limit: z.int().min(1).max(PAGE_ROWS_MAX),
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
  },
  'malformed.page': {
    params: z.object({ cursor: cursorSchema.nullable(), limit: z.int().min(1).max(PAGE_ROWS_MAX) }),
    result: z.object({ rows: z.array(malformedRowSchema), nextCursor: cursorSchema.nullable() }),
    permission: 'payload',
    writes: false,
  },
  /** What a retry would cost and whether it may happen, from the server as it is now. Writes nothing. */
  'retry.preview': {
    params: z.object({ jobId: jobIdSchema, reason: reasonSchema, edited: editedInputSchema.nullable() }),
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
    }),
    result: z.object({ jobId: z.string() }),
    permission: 'retry',
    writes: true,
  },
  'cancel.preview': {
    params: z.object({ jobId: jobIdSchema }),
    result: cancelPreviewSchema,
    permission: 'retry',
    writes: false,
  },
  /** Ends a job that is not at its end. `illegal_transition` where it came to its end meanwhile. */
  'cancel.run': {
    params: z.object({ jobId: jobIdSchema, reason: reasonSchema }),
    result: z.object({ releasedCredits: z.int(), keptCredits: z.int() }),
    permission: 'retry',
    writes: true,
  },
  'runner.control': {
    params: z.object({ action: z.enum(['pause', 'resume']) }),
    result: runnerStatusSchema,
    permission: 'runner',
    writes: true,
  },
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
  'reconciliation.findings': {
    params: z.object({
      runId: runIdSchema,
      filter: findingFilterSchema,
      cursor: cursorSchema.nullable(),
      limit: z.int().min(1).max(PAGE_ROWS_MAX),
    }),
    result: z.object({
      rows: z.array(findingSchema),
      nextCursor: cursorSchema.nullable(),
      /** Of the filter: how many in all, and how many of each rule. */
      total: z.int().nonnegative(),
      byRule: z.record(z.string(), z.object({ findings: z.int().positive(), credits: z.number() })),
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
  /** Writes the findings as CSV into the application's data folder and tells where. */
  'reconciliation.export': {
    params: z.object({ runId: runIdSchema, filter: findingFilterSchema }),
    result: z.object({ path: z.string(), findings: z.int().nonnegative() }),
    permission: 'export',
    writes: false,
  },
} as const satisfies Record<string, RequestDefinition>;

export type RequestName = keyof typeof REQUESTS;
/** What a window sends for a request, before defaults are filled in. */
export type RequestParams<Name extends RequestName> = z.input<(typeof REQUESTS)[Name]['params']>;
/** What a handler receives for a request, parsed. */
export type ParsedParams<Name extends RequestName> = z.output<(typeof REQUESTS)[Name]['params']>;
/** What a window gets for a request. */
export type RequestResult<Name extends RequestName> = z.output<(typeof REQUESTS)[Name]['result']>;

export const requestNameSchema = z.enum(Object.keys(REQUESTS) as [RequestName, ...RequestName[]]);
