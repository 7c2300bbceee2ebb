import { z } from 'zod';
import { reconciliationScopeSchema, type ReconciliationScope } from '#contract/reconciliation-views.ts';
import { findingSchema } from '#domain/reconciliation/finding.ts';

/** What a run is about. Findings of the present (of accounts) belong to every month. */
export type RunScope = ReconciliationScope;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * A run as it is stored: all that went in by its digest, and all that came out. No time of a clock but `asOfMs` stands in it,
 * so that the same run over the same documents gives the same bytes.
 */
export const runRecordSchema = z.object({
  format: z.literal(1),
  rulesVersion: z.int().positive(),
  scope: reconciliationScopeSchema,
  asOfMs: z.int(),
  /** Kind and version of the server. */
  server: z.string(),
  /** SHA-256 of the documents that were read, and of the options they were measured by. */
  inputDigest: sha256Schema,
  optionsDigest: sha256Schema,
  inputs: z.object({
    jobs: z.int(),
    unreadableJobs: z.int(),
    accounts: z.int(),
    entries: z.int(),
  }),
  /** By rule, every rule named. */
  counts: z.record(z.string(), z.int()),
  findings: z.array(findingSchema),
  /** Differences that were gone when the server was asked again: things in motion, no findings. */
  passed: z.int(),
  /** Workspaces whose accounts kept moving, so that nothing was said of their sums. */
  undecidedWorkspaces: z.array(z.string()),
  /** False where the rules found more differences than one run looks at: those beyond are neither listed nor counted. Otherwise left out. */
  isWhole: z.literal(false).optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** A run as text: one form for one run, so that two runs can be compared byte for byte. */
export function encodeRun(run: RunRecord): string {
  // The schema puts the fields into its own order, whatever order the object was made in.
  return `${JSON.stringify(runRecordSchema.parse(run))}\n`;
}
