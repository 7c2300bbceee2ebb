import { z } from 'zod';
import { actorSchema, type Actor } from './ledger.ts';
import { assertNever } from './result.ts';

/** The most causes that are merged into one group. */
export const MEMBERS_MAX = 100;
const NOTE_MAX = 500;

const fingerprintSchema = z.string().min(1).max(200);
const noteSchema = z.string().trim().max(NOTE_MAX);

/** Until when a group is ignored: a time, so many more jobs than when it was decided, or so many more customers. */
export const ignoreUntilSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('time'), atMs: z.int() }),
  z.object({ type: z.literal('jobs'), more: z.int().min(1).max(1_000_000) }),
  z.object({ type: z.literal('customers'), more: z.int().min(1).max(100_000) }),
]);
export type IgnoreUntil = z.infer<typeof ignoreUntilSchema>;

const verdictSchema = z.discriminatedUnion('as', [
  z.object({ as: z.literal('resolved'), note: z.string().max(NOTE_MAX), by: actorSchema, at: z.date() }),
  z.object({
    as: z.literal('ignored'),
    until: ignoreUntilSchema,
    note: z.string().max(NOTE_MAX),
    by: actorSchema,
    at: z.date(),
  }),
]);

/**
 * What people decided about a group of failures, kept in `failure_groups` under the fingerprint that the group is named by. A group
 * that nobody decided about has one cause and no document.
 */
export const failureDecisionSchema = z.object({
  _id: fingerprintSchema,
  /** Further causes that were merged into the group. */
  merged: z.array(fingerprintSchema).max(MEMBERS_MAX),
  verdict: verdictSchema.nullable(),
  version: z.int().nonnegative(),
});
export type FailureDecision = z.infer<typeof failureDecisionSchema>;

/** What somebody decides. */
export const failureActSchema = z.discriminatedUnion('type', [
  /** It is mended: a failure of it from now on is a regression. */
  z.object({ type: z.literal('resolve'), note: noteSchema }),
  z.object({ type: z.literal('ignore'), until: ignoreUntilSchema, note: noteSchema }),
  z.object({ type: z.literal('reopen') }),
  /** These causes are one with the group. */
  z.object({ type: z.literal('merge'), fingerprints: z.array(fingerprintSchema).min(1).max(MEMBERS_MAX) }),
  /** This cause is a group of its own again. */
  z.object({ type: z.literal('split'), fingerprint: fingerprintSchema }),
]);
export type FailureAct = z.infer<typeof failureActSchema>;

/** A group that nobody decided about. */
export function noDecision(fingerprint: string): FailureDecision {
  return { _id: fingerprint, merged: [], verdict: null, version: 0 };
}

/** The decision after somebody acted; null where a merge would make the group too large. */
export function applyFailureAct(
  decision: FailureDecision,
  act: FailureAct,
  { by, at }: { readonly by: Actor; readonly at: Date },
): FailureDecision | null {
  const next = { ...decision, version: decision.version + 1 };
  switch (act.type) {
    case 'resolve':
      return { ...next, verdict: { as: 'resolved', note: act.note, by, at } };
    case 'ignore':
      return { ...next, verdict: { as: 'ignored', until: act.until, note: act.note, by, at } };
    case 'reopen':
      return { ...next, verdict: null };
    case 'merge': {
      const added = act.fingerprints.filter((fingerprint) => fingerprint !== decision._id);
      const merged = [...new Set([...decision.merged, ...added])];
      return merged.length > MEMBERS_MAX ? null : { ...next, merged };
    }
    case 'split':
      return { ...next, merged: decision.merged.filter((fingerprint) => fingerprint !== act.fingerprint) };
    default:
      return assertNever(act);
  }
}

/**
 * The group that each cause belongs to, by its fingerprint; causes that stand nowhere are groups of their own. Where two groups
 * name one cause (two people merged it at once), the group that comes first by name has it. A cause that was merged away takes what
 * was merged into it along.
 */
export function groupsByCause(decisions: readonly FailureDecision[]): ReadonlyMap<string, string> {
  const owner = new Map<string, string>();
  for (const { _id, merged } of [...decisions].sort((left, right) => (left._id < right._id ? -1 : 1))) {
    for (const fingerprint of merged) {
      // Two groups that were merged into one another would else both be gone.
      const isCircle = rootOf(owner, _id) === fingerprint;
      if (!owner.has(fingerprint) && !isCircle) owner.set(fingerprint, _id);
    }
  }
  return new Map([...owner.keys()].map((fingerprint) => [fingerprint, rootOf(owner, fingerprint)]));
}

function rootOf(owner: ReadonlyMap<string, string>, fingerprint: string): string {
  let root = fingerprint;
  for (let next = owner.get(root); next !== undefined; next = owner.get(root)) root = next;
  return root;
}

/** How a group stands: `regressed` came back after it was said to be mended, `returned` outgrew what it was ignored for. */
export type FailureStanding = 'open' | 'regressed' | 'returned' | 'resolved' | 'ignored';

/** What came of a group after it was decided about. */
export interface SinceDecision {
  readonly jobs: number;
  readonly customers: number;
}

/** How a group stands now, by the decision about it and by what failed since then. */
export function standingOfGroup(
  decision: FailureDecision | undefined,
  since: SinceDecision,
  nowMs: number,
): FailureStanding {
  const verdict = decision?.verdict ?? null;
  if (verdict === null) return 'open';
  if (verdict.as === 'resolved') return since.jobs > 0 ? 'regressed' : 'resolved';
  const { until } = verdict;
  switch (until.type) {
    case 'time':
      return nowMs >= until.atMs ? 'returned' : 'ignored';
    case 'jobs':
      return since.jobs >= until.more ? 'returned' : 'ignored';
    case 'customers':
      return since.customers >= until.more ? 'returned' : 'ignored';
    default:
      return assertNever(until);
  }
}
