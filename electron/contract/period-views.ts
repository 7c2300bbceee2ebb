import { z } from 'zod';
import { periodSchema } from '#domain/ledger.ts';
import { timeMsSchema } from './status.ts';

/** The forms in which something is exported. */
export const exportFormatSchema = z.enum(['csv', 'xlsx', 'json']);
export type ExportFormat = z.infer<typeof exportFormatSchema>;

/** A written file. */
export const exportedSchema = z.object({ path: z.string(), rows: z.int().nonnegative(), sha256: z.string() });
export type Exported = z.infer<typeof exportedSchema>;

/** A closed month. */
export const periodViewSchema = z.object({
  period: periodSchema,
  closedAtMs: timeMsSchema,
  closedBy: z.string(),
  entries: z.int(),
  netCredits: z.int(),
  hash: z.string(),
  previousHash: z.string().nullable(),
});
export type PeriodView = z.infer<typeof periodViewSchema>;

/** The statement of one workspace for one month, in the smallest unit. */
export const statementSchema = z.object({
  workspaceId: z.string(),
  period: periodSchema,
  opening: z.int(),
  grants: z.int(),
  spend: z.array(z.object({ kind: z.string(), credits: z.int(), captures: z.int() })),
  refunds: z.int(),
  adjustments: z.int(),
  closing: z.int(),
  lateEntries: z.int(),
});
export type StatementView = z.infer<typeof statementSchema>;

/** One line of the margin report: credits in the smallest unit, cost in micro-USD. */
export const marginLineSchema = z.object({
  kind: z.string(),
  provider: z.string(),
  model: z.string(),
  generations: z.int(),
  attempts: z.int(),
  earnedCredits: z.int(),
  costMicroUsd: z.int(),
  /** Attempts that ended and whose cost nobody knows. */
  unknownCosts: z.int(),
});
export type MarginLine = z.infer<typeof marginLineSchema>;

/** An imported invoice and how it matched; cost in micro-USD. */
export const invoiceViewSchema = z.object({
  invoiceId: z.string(),
  name: z.string(),
  provider: z.string(),
  importedBy: z.string(),
  importedAtMs: timeMsSchema,
  lines: z.int(),
  costMicroUsd: z.int(),
  matched: z.int(),
  findings: z.int(),
});
export type InvoiceView = z.infer<typeof invoiceViewSchema>;
