import { z } from 'zod';
import { periodSchema } from '../ledger.ts';

/** What a finding is about. */
const findingSubjectSchema = z.object({
  type: z.enum(['generation', 'job', 'entry', 'workspace']),
  id: z.string(),
});

/**
 * One difference that a rule found. `id` is the same in every run that finds it again: rule, case and subject. Credits in
 * the smallest unit; `credits` is what the difference is worth, positive where the customer is owed or has paid too much,
 * negative where he has had too much or paid too little, 0 where no credits are at stake.
 */
export const findingSchema = z.object({
  id: z.string(),
  rule: z.string(),
  ruleNumber: z.int().positive(),
  case: z.string(),
  subject: findingSubjectSchema,
  workspaceId: z.string().nullable(),
  jobId: z.string().nullable(),
  generationId: z.string().nullable(),
  credits: z.number(),
  /** The month of what offends; null for what concerns the present. */
  period: periodSchema.nullable(),
  /** Keys of the offending entries, at most {@link FINDING_KEYS_MAX}. */
  entryKeys: z.array(z.string()),
  /** The figures that show it, in one sentence. */
  evidence: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** The most entry keys that one finding names. */
export const FINDING_KEYS_MAX = 50;
/** The most findings that one run looks at; where there are more, the run says that it is not whole. */
export const FINDINGS_MAX = 200_000;

/** Orders findings: by rule, workspace, subject and case, by code units. A total order, so that a run can be repeated to the byte. */
export function compareFindings(left: Finding, right: Finding): number {
  return (
    left.ruleNumber - right.ruleNumber ||
    compareText(left.workspaceId ?? '', right.workspaceId ?? '') ||
    compareText(left.subject.id, right.subject.id) ||
    compareText(left.case, right.case) ||
    // One generation may be held by two accounts: two findings of one name.
    left.credits - right.credits ||
    compareText(left.evidence, right.evidence)
  );
}

/** Orders texts by their code units, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
