import { z } from 'zod';
import { periodSchema } from '#domain/ledger.ts';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { ledgerViewSchema } from './job-views.ts';
import { timeMsSchema, wireErrorSchema } from './status.ts';

/** What a run is about: everything, one workspace, one month, or one month of a workspace. */
export const reconciliationScopeSchema = z.object({
  workspaceId: z.string().min(1).max(200).nullable(),
  period: periodSchema.nullable(),
});
export type ReconciliationScope = z.infer<typeof reconciliationScopeSchema>;

/** How far a run is. `total` is null where nobody knows it beforehand. */
export const reconciliationProgressSchema = z.object({
  phase: z.enum(['starting', 'accounts', 'jobs', 'ledger', 'changes', 'rules', 'confirming', 'storing']),
  done: z.int().nonnegative(),
  total: z.int().nonnegative().nullable(),
});
export type ReconciliationProgressView = z.infer<typeof reconciliationProgressSchema>;

/** The most workspaces that a summary names, those with the most findings first. */
export const SUMMARY_WORKSPACES_MAX = 100;

/** A finished run without its findings. Credits in the smallest unit. */
export const runSummarySchema = z.object({
  /** The same for the same outcome: a digest of the whole record. */
  runId: z.string().min(1).max(64),
  scope: reconciliationScopeSchema,
  /** The moment that it speaks of, on the server's clock. */
  asOfMs: timeMsSchema,
  /** Nothing older than this was missing from the copy; null where the copy did not say. */
  copyAsOfMs: timeMsSchema.nullable(),
  server: z.string(),
  inputs: z.object({ jobs: z.int(), unreadableJobs: z.int(), accounts: z.int(), entries: z.int() }),
  findings: z.int().nonnegative(),
  /** Findings by rule, only rules that have any. */
  byRule: z.record(z.string(), z.int().positive()),
  byWorkspace: z.array(z.object({ workspaceId: z.string(), findings: z.int().positive() })).max(SUMMARY_WORKSPACES_MAX),
  /** Differences that were gone when the server was asked again. */
  passed: z.int().nonnegative(),
  /** Workspaces whose accounts kept moving: nothing was said of their sums. */
  undecidedWorkspaces: z.int().nonnegative(),
  /** False where the rules found more differences than one run looks at: those beyond are neither listed nor counted. */
  isWhole: z.boolean().default(true),
  /** How it stands to the run of this scope before it; null where there was none. */
  comparison: z
    .object({ new: z.int().nonnegative(), stillOpen: z.int().nonnegative(), solved: z.int().nonnegative() })
    .nullable(),
  /** Files of what earlier runs had seen that were damaged: what they remembered was not held against the books. */
  lostMemory: z.array(z.string().max(300)).max(1000).default([]),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** What came of running a kept run once more. */
export const repeatedRunSchema = z.object({
  runId: z.string(),
  /** True where the record is the same to the byte. */
  isSame: z.boolean(),
  /** False where documents are others than they were then. */
  areInputsSame: z.boolean(),
  /** False where other months are closed, prices are listed or rules are in force. */
  areRulesSame: z.boolean(),
  /** Findings that only the repeat has, and that only the kept run has. */
  onlyNow: z.int().nonnegative(),
  onlyThen: z.int().nonnegative(),
});
export type RepeatedRun = z.infer<typeof repeatedRunSchema>;

/** What the screen of reconciliation is about: the run under way, and the last one that came to its end. */
export const reconciliationStateSchema = z.object({
  running: z.object({ scope: reconciliationScopeSchema, progress: reconciliationProgressSchema }).nullable(),
  /** The month that is being closed; null while none is. Nothing else runs meanwhile. */
  closing: z.object({ period: periodSchema, progress: reconciliationProgressSchema }).nullable(),
  last: runSummarySchema.nullable(),
  /** Why the last attempt came to nothing; null where it came to its end or none was made. */
  error: wireErrorSchema.nullable(),
});
export type ReconciliationState = z.infer<typeof reconciliationStateSchema>;

/** Which findings of a run are asked for. An empty list does not restrict. */
export const findingFilterSchema = z.object({
  rules: z.array(z.string().max(100)).max(50).default([]),
  workspaceIds: z.array(z.string().max(200)).max(100).default([]),
});
export type FindingFilter = z.infer<typeof findingFilterSchema>;

/** How the findings of a run are laid out: what they are grouped by, and which of them since the run before. */
export const findingsLayoutSchema = z.object({
  groupBy: z.enum(['rule', 'workspace', 'amount']).default('rule'),
  since: z.enum(['any', 'new', 'still_open', 'solved']).default('any'),
});
export type FindingsLayout = z.infer<typeof findingsLayoutSchema>;

/** Findings of one rule, workspace or size. `key` is the rule's name, the workspace's id, or the least amount of the size. */
export const findingGroupSchema = z.object({
  key: z.string(),
  findings: z.int().positive(),
  credits: z.number(),
});
export type FindingGroup = z.infer<typeof findingGroupSchema>;

/** An entry beside where the ledger stands once it is counted, in the smallest unit. */
const balancedEntrySchema = ledgerViewSchema.omit({ isPending: true }).extend({
  jobId: z.string().nullable(),
  totalAfter: z.int(),
  heldAfter: z.int(),
  /** True where the finding names it. */
  isOffending: z.boolean(),
});
export type BalancedEntryView = z.infer<typeof balancedEntrySchema>;

/** A finding with the entries that it is about, as they stand in the offline copy, oldest first. */
export const findingDetailSchema = z.object({
  finding: findingSchema,
  /** `generation`: all of it, from nothing. `workspace`: the last ones, on top of `opening`. `named`: those that the finding names. */
  entriesOf: z.enum(['generation', 'workspace', 'named']),
  opening: z.object({ total: z.int(), held: z.int() }),
  entries: z.array(balancedEntrySchema),
  /** True where there are earlier entries (of a workspace) or further ones (of a generation). */
  hasMore: z.boolean(),
  /** The figures of the workspace's account; null where the copy has none. */
  account: z.object({ availableCredits: z.int(), heldCredits: z.int() }).nullable(),
});
export type FindingDetail = z.infer<typeof findingDetailSchema>;
