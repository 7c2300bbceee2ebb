import { z } from 'zod';
import { findingSchema, type Finding } from './finding.ts';

/** Somebody's acceptance of a finding as it was: it no longer holds when the amount changes. */
const acceptanceSchema = z.object({
  findingId: z.string(),
  credits: z.number(),
  reason: z.string().min(1).max(500),
  by: z.string().min(1).max(200),
  atMs: z.int(),
});
export type Acceptance = z.infer<typeof acceptanceSchema>;

/** The findings that nobody has accepted as they are. */
export function openFindings(findings: readonly Finding[], acceptances: readonly Acceptance[]): readonly Finding[] {
  const accepted = new Map(acceptances.map((acceptance) => [acceptance.findingId, acceptance.credits]));
  return findings.filter((finding) => accepted.get(finding.id) !== finding.credits);
}

/** How a run stands to the one before. */
const runComparisonSchema = z.object({
  new: z.array(findingSchema),
  /** Found again, as it is now. */
  stillOpen: z.array(findingSchema),
  /** No longer found, as it was then; nothing of which the run says that it could not tell. */
  solved: z.array(findingSchema),
});
export type RunComparison = z.infer<typeof runComparisonSchema>;

/** What a run found, and of what it could not tell. */
interface ToldRun {
  readonly findings: readonly Finding[];
  /** Workspaces of whose sums it says nothing. */
  readonly undecidedWorkspaces: readonly string[];
  /** False where it found more than it lists. */
  readonly isWhole?: boolean | undefined;
}

/** Compares two runs of one scope, by the ids of their findings; each list keeps the order of its run. */
export function compareRuns(before: readonly Finding[], now: ToldRun): RunComparison {
  const known = new Set(before.map((finding) => finding.id));
  const found = new Set(now.findings.map((finding) => finding.id));
  const undecided = new Set(now.undecidedWorkspaces);
  const isTold = ({ subject }: Finding): boolean =>
    now.isWhole !== false && !(subject.type === 'workspace' && undecided.has(subject.id));
  return {
    new: now.findings.filter((finding) => !known.has(finding.id)),
    stillOpen: now.findings.filter((finding) => known.has(finding.id)),
    solved: before.filter((finding) => !found.has(finding.id) && isTold(finding)),
  };
}
