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
  /** No longer found, as it was then. */
  solved: z.array(findingSchema),
});
export type RunComparison = z.infer<typeof runComparisonSchema>;

/** Compares two runs of one scope, by the ids of their findings; each list keeps the order of its run. */
export function compareRuns(before: readonly Finding[], now: readonly Finding[]): RunComparison {
  const known = new Set(before.map((finding) => finding.id));
  const found = new Set(now.map((finding) => finding.id));
  return {
    new: now.filter((finding) => !known.has(finding.id)),
    stillOpen: now.filter((finding) => known.has(finding.id)),
    solved: before.filter((finding) => !found.has(finding.id)),
  };
}
