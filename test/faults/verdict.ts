import { findViolations, type Books, type InvariantName } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';

/** What the books of a deployment at rest say about what must never happen. */
export interface Verdict {
  readonly doubleCharges: number;
  readonly lostJobs: number;
  readonly stuckJobs: number;
  readonly illegalTransitions: number;
  /** Invariants that none of these counts, broken all the same. */
  readonly otherViolations: number;
  /** Each finding in words. */
  readonly findings: readonly string[];
}

const DOUBLE: readonly InvariantName[] = ['captured_at_most_once', 'failed_is_not_charged'];
const ILLEGAL: readonly InvariantName[] = ['history_is_legal', 'history_has_no_gap'];

/**
 * Judges a deployment after everything was drained. Purchases from the provider that replaced one that nobody had received
 * count as double charges: somebody pays for them.
 *
 * @param acknowledged ids of the jobs whose insertion was acknowledged
 * @param boughtTwice keys of such purchases
 */
export function judge(books: Books, acknowledged: readonly string[], boughtTwice: readonly string[]): Verdict {
  const violations = findViolations(books);
  const count = (names: readonly InvariantName[]): number =>
    violations.filter(({ invariant }) => names.includes(invariant)).length;
  const known = new Set(books.jobs.map((job) => job._id));
  const lost = acknowledged.filter((id) => !known.has(id));
  const stuck = books.jobs.filter((job) => !isAtEnd(job));
  const [doubles, illegal] = [count(DOUBLE), count(ILLEGAL)];
  return {
    doubleCharges: doubles + boughtTwice.length,
    lostJobs: lost.length,
    stuckJobs: stuck.length,
    illegalTransitions: illegal,
    otherViolations: violations.length - doubles - illegal,
    findings: [
      ...violations.map(({ invariant, subject, detail }) => `${invariant}: ${subject}: ${detail}`),
      ...boughtTwice.map((key) => `bought twice: ${key}`),
      ...lost.map((id) => `lost: ${id}`),
      ...stuck.map(shownStuck),
    ],
  };
}

/** With what tells a job that nobody works on from one that runners lose to each other again and again. */
function shownStuck(job: Job): string {
  const { state, billing, attempt, leaseToken, lease, updatedAt, failure } = job;
  const held =
    lease === null
      ? 'held by nobody'
      : `held by ${lease.runnerId}, heard of at ${lease.heartbeatAt.toISOString()} until ${lease.expiresAt.toISOString()}`;
  return [
    `stuck: ${job._id} is ${state}, owing ${billing.pending.length}`,
    `attempt ${attempt}, lease ${leaseToken}, ${held}`,
    `changed at ${updatedAt.toISOString()}, last failure ${failure?.code ?? 'none'}`,
  ].join('; ');
}

/** True where nothing more has to happen with any of the jobs or accounts. */
export function isAtRest({ jobs, accounts }: Pick<Books, 'jobs' | 'accounts'>): boolean {
  return jobs.every(isAtEnd) && accounts.every((account) => Object.keys(account.posting).length === 0);
}

function isAtEnd(job: Job): boolean {
  return (job.state === 'completed' || job.state === 'failed') && job.billing.pending.length === 0;
}
