import { z } from 'zod';
import { creditsSchema, microUsdSchema } from '#domain/credits.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { chargeStatusSchema, jobStateSchema, outputSchema, validationSchema } from '#domain/job.ts';
import type { Standstill } from '#domain/job-standstill.ts';
import { actorSchema, entryTypeSchema } from '#domain/ledger.ts';
import { SEARCH_FIELDS } from './query/search-terms.ts';
import { timeMsSchema } from './status.ts';

/** The most characters of the words that are searched for. */
export const FILTER_TEXT_MAX = 500;
const AGO_SECONDS_MAX = 100 * 366 * 24 * 3600;
const MOMENT_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A moment: so long before now, or at a time. A view that says "two hours ago" moves on with the clock. */
export const momentSchema = z.union([
  z.object({ agoSeconds: z.int().min(0).max(AGO_SECONDS_MAX) }),
  z.object({ atMs: z.int().min(0).max(MOMENT_MS_MAX) }),
]);
export type Moment = z.infer<typeof momentSchema>;

/** Which jobs are asked for. An empty list does not restrict; everything that is given must hold. */
export const jobFilterSchema = z.object({
  states: z.array(jobStateSchema).max(6).default([]),
  kinds: z.array(z.string().max(100)).max(50).default([]),
  classes: z.array(failureClassSchema).max(10).default([]),
  providers: z.array(z.string().max(200)).max(50).default([]),
  models: z.array(z.string().max(200)).max(50).default([]),
  /** Codes of failures. */
  codes: z.array(z.string().max(100)).max(50).default([]),
  /** What the customer pays, both ends included. */
  creditsMin: creditsSchema.nullable().default(null),
  creditsMax: creditsSchema.nullable().default(null),
  /** Created at or after, and before. */
  since: momentSchema.nullable().default(null),
  until: momentSchema.nullable().default(null),
  workspaceId: z.string().max(200).nullable().default(null),
  userId: z.string().max(200).nullable().default(null),
  /** The cause that failures are grouped by; see `fingerprintOf`. */
  fingerprint: z.string().max(200).nullable().default(null),
  /** Words that must all occur in prompt, error, ids, user or output reference; the last one may be a beginning. */
  text: z.string().max(FILTER_TEXT_MAX).default(''),
});
export type JobFilter = z.infer<typeof jobFilterSchema>;

/** The orders in which pages of jobs come. Both ways; equal values are ordered by id. */
export const jobSortSchema = z.object({
  column: z.enum(['createdAt', 'updatedAt', 'price', 'kind', 'state', 'workspace']),
  direction: z.enum(['ascending', 'descending']),
});
export type JobSort = z.infer<typeof jobSortSchema>;

/**
 * How many rows the window asks for at a time when it goes through the list of jobs: more than it shows at once, and few enough that
 * reading them, each anywhere in the file, takes less than two milliseconds.
 */
export const JOB_PAGE_ROWS = 100;

/** One line of the list of jobs. */
export const jobRowSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: jobStateSchema,
  workspaceId: z.string(),
  userId: z.string(),
  promptStart: z.string().max(200),
  provider: z.string(),
  model: z.string(),
  attempt: z.int().nonnegative(),
  maxAttempts: z.int().nonnegative(),
  priceCredits: creditsSchema,
  chargeStatus: chargeStatusSchema,
  isBlockedForCredit: z.boolean(),
  failureClass: failureClassSchema.nullable(),
  failureCode: z.string().max(100).nullable(),
  failureMessage: z.string().max(300).nullable(),
  progressFraction: z.number().min(0).max(1).nullable(),
  createdAtMs: timeMsSchema,
  updatedAtMs: timeMsSchema,
  notBeforeMs: timeMsSchema,
  /** In a list of a search: where it was found, cut into what was searched for and what stands between. */
  hit: z
    .object({ field: z.enum(SEARCH_FIELDS), parts: z.array(z.object({ text: z.string(), isHit: z.boolean() })) })
    .nullable(),
});
export type JobRow = z.infer<typeof jobRowSchema>;

const failureViewSchema = z.object({
  class: failureClassSchema,
  code: z.string(),
  message: z.string(),
  fingerprint: z.string(),
  atMs: timeMsSchema,
});
export type FailureView = z.infer<typeof failureViewSchema>;

/** One change of state on the timeline. */
const historyViewSchema = z.object({
  seq: z.int(),
  from: jobStateSchema.nullable(),
  to: jobStateSchema,
  atMs: timeMsSchema,
  attempt: z.int(),
  actor: actorSchema,
  reason: z.string(),
  policyVersion: z.int().nullable(),
  /** False where the state machine does not have this change. */
  isLegal: z.boolean(),
});
export type HistoryView = z.infer<typeof historyViewSchema>;

/** A change of state that was seen by the copy of a job whose document keeps no history. It happened between the two times. */
const observedViewSchema = z.object({
  seq: z.int(),
  from: jobStateSchema.nullable(),
  to: jobStateSchema,
  afterMs: timeMsSchema.nullable(),
  seenMs: timeMsSchema,
});
export type ObservedView = z.infer<typeof observedViewSchema>;

const attemptViewSchema = z.object({
  n: z.int(),
  generationId: z.string(),
  startedAtMs: timeMsSchema,
  endedAtMs: timeMsSchema.nullable(),
  runnerId: z.string(),
  provider: z.string(),
  model: z.string(),
  acceptanceId: z.string().nullable(),
  providerCostMicroUsd: microUsdSchema.nullable(),
  failure: failureViewSchema.nullable(),
  validation: validationSchema.nullable(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

/** A ledger entry of the job; `isPending` where the job owes it and it does not stand in the ledger yet. */
export const ledgerViewSchema = z.object({
  key: z.string(),
  type: entryTypeSchema,
  credits: z.int(),
  atMs: timeMsSchema,
  attempt: z.int().nullable(),
  actor: actorSchema,
  reason: z.string(),
  isPending: z.boolean(),
});
export type LedgerView = z.infer<typeof ledgerViewSchema>;

/** The money side of one job: what can be proved, the entries that prove it, and the account it moves. */
const chargeViewSchema = z.object({
  status: chargeStatusSchema,
  evidence: z.array(z.string()),
  generationId: z.string(),
  priceCredits: creditsSchema,
  reservedCredits: creditsSchema,
  capturedCredits: creditsSchema,
  refundedCredits: creditsSchema,
  blocked: z.object({ neededCredits: creditsSchema, atMs: timeMsSchema }).nullable(),
  entries: z.array(ledgerViewSchema),
  account: z.object({ availableCredits: z.int(), heldCredits: creditsSchema }).nullable(),
});
export type ChargeView = z.infer<typeof chargeViewSchema>;

/** Everything that the screen of one job shows. */
export const jobDetailSchema = z.object({
  row: jobRowSchema,
  prompt: z.string(),
  /** False where this machine's copy leaves prompts and texts of options out. */
  isPromptKept: z.boolean(),
  /** Where the document keeps no history: changes of state as they were seen. */
  observed: z.array(observedViewSchema),
  optionsJson: z.string(),
  inputHash: z.string(),
  acceptanceId: z.string().nullable(),
  lease: z
    .object({ runnerId: z.string(), token: z.int(), expiresAtMs: timeMsSchema, heartbeatAtMs: timeMsSchema })
    .nullable(),
  progress: z.object({ fraction: z.number(), message: z.string(), atMs: timeMsSchema }).nullable(),
  history: z.array(historyViewSchema),
  attempts: z.array(attemptViewSchema),
  validation: validationSchema.nullable(),
  failure: failureViewSchema.nullable(),
  output: outputSchema.nullable(),
  charge: chargeViewSchema,
  lineage: z.object({ retryOf: z.string().nullable(), editedFrom: z.string().nullable() }).nullable(),
  /** The jobs that name this one as what they retry or were edited from, the newest first; at most 20. */
  followers: z.array(z.string()),
  /** The document as it stands in the copy, as indented JSON. */
  documentJson: z.string(),
});
export type JobDetail = z.infer<typeof jobDetailSchema>;

/** Why a job is not moving; see `explainStandstill`. */
export const standstillCauseSchema = z.enum([
  'malformed',
  'at_end',
  'lease_held',
  'lease_expired',
  'not_due',
  'out_of_credit',
  'not_reserved',
  'charge_unknown',
  'no_live_runner',
  'paused',
  'provider_held_back',
  'limit_reached',
  'waiting_for_its_turn',
]) satisfies z.ZodType<Standstill['cause']>;

/** A document that does not have the form of what its collection holds. */
export const malformedRowSchema = z.object({
  /** Of which collection it is, by what stands there. */
  part: z.enum(['jobs', 'accounts', 'ledger']),
  id: z.string(),
  problems: z.array(z.object({ path: z.string(), reason: z.string() })),
  seenAtMs: timeMsSchema,
  documentJson: z.string(),
});
export type MalformedRow = z.infer<typeof malformedRowSchema>;
