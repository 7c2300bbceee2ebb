import { z } from 'zod';
import { actorSchema, entryTypeSchema, periodSchema } from '#domain/ledger.ts';
import { mendStateSchema } from '#domain/reconciliation/mend-record.ts';
import { timeMsSchema, wireErrorSchema } from './status.ts';

/** The most findings or proposals that one request acts on. */
export const MENDS_AT_ONCE_MAX = 500;

const movedSchema = z.object({ key: z.string(), type: entryTypeSchema, credits: z.int() });

/** What proposing would do for one finding. Credits in the smallest unit. */
export const mendPreviewSchema = z.object({
  findingId: z.string(),
  workspaceId: z.string().nullable(),
  jobId: z.string().nullable(),
  /**
   * `proposes` a proposal is made; `open_already` one is open; `by_hand` no entry can mend it: it is accepted with a reason;
   * `gone` the server no longer has the difference, or its account keeps moving.
   */
  outcome: z.enum(['proposes', 'open_already', 'by_hand', 'gone']),
  kind: z.enum(['refund', 'release', 'capture_owed', 'adjustment', 'settle', 'accept']),
  credits: z.int(),
  isSecondPersonNeeded: z.boolean(),
  /** True where the entries explain what the account contains already: then posting them gives or takes nothing. */
  isLedgerOnly: z.boolean(),
  entries: z.array(movedSchema),
});
export type MendPreview = z.infer<typeof mendPreviewSchema>;

/** What became of one proposal that something was done to; `error` null where it was done. */
export const mendResultSchema = z.object({
  mendId: z.string(),
  state: mendStateSchema.nullable(),
  error: wireErrorSchema.nullable(),
});
export type MendResult = z.infer<typeof mendResultSchema>;

const stepViewSchema = z.object({ by: actorSchema, atMs: timeMsSchema, note: z.string() });

/** A proposal as a window shows it. */
export const mendViewSchema = z.object({
  mendId: z.string(),
  findingId: z.string(),
  rule: z.string(),
  evidence: z.string(),
  kind: mendPreviewSchema.shape.kind,
  workspaceId: z.string(),
  jobId: z.string().nullable(),
  generationId: z.string().nullable(),
  credits: z.int(),
  isSecondPersonNeeded: z.boolean(),
  isLedgerOnly: mendPreviewSchema.shape.isLedgerOnly,
  reason: z.string(),
  bookedIn: periodSchema.nullable(),
  entries: z.array(movedSchema),
  state: mendStateSchema,
  proposed: stepViewSchema,
  decided: stepViewSchema.nullable(),
  posted: stepViewSchema.nullable(),
});
export type MendView = z.infer<typeof mendViewSchema>;
