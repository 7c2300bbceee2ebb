import { shownCredits } from './credits.ts';
import type { Job } from './job.ts';
import { entryKey, type LedgerEntry } from './ledger.ts';

/** A reservation in an account, and everything that tells whether somebody still needs it. */
export interface HoldFacts {
  readonly generationId: string;
  readonly credits: number;
  readonly at: Date;
  /** Every entry of the generation. */
  readonly entries: readonly Pick<LedgerEntry, '_id' | 'type' | 'credits'>[];
  /** The job that its entries name; null where there is none, or it is none that can be read. */
  readonly job: Pick<Job, 'state' | 'lease' | 'billing'> | null;
  /** Whether there is a document of that id at all. */
  readonly isJobThere: boolean;
  readonly now: Date;
  /** A hold younger than this is somebody's who is at work, in milliseconds. */
  readonly ageMsMin: number;
}

/** What a hold is: needed, stranded, or something that only a person can judge. */
export type HoldVerdict =
  | { readonly type: 'needed'; readonly why: 'young' | 'open_job' | 'pending' }
  | {
      readonly type: 'stranded';
      readonly why: 'job_ended' | 'job_moved_on' | 'no_job';
      /** Where the release is owed: by the job, whose figures follow, or by nobody any more. */
      readonly owedBy: 'job' | 'account';
      /** The key of the release that gives it back. */
      readonly releaseKey: string;
    }
  | { readonly type: 'unknown'; readonly evidence: readonly string[] };

/**
 * Judges one hold. A hold of a job that is not at its end, whoever's lease it has, is never stranded: its runner, or the rescue of
 * its lease, settles it. What job, account and ledger do not agree upon is `unknown`, and nothing is done about it. Pure.
 */
export function judgeHold(facts: HoldFacts): HoldVerdict {
  const { job, generationId, credits, now, at, ageMsMin } = facts;
  const isCurrent = job !== null && job.billing.generationId === generationId;
  if (isCurrent && job.state !== 'completed' && job.state !== 'failed') return { type: 'needed', why: 'open_job' };
  if (job !== null && job.billing.pending.some(({ key }) => key.startsWith(`${generationId}:`))) {
    return { type: 'needed', why: 'pending' };
  }
  if (now.getTime() - at.getTime() < ageMsMin) return { type: 'needed', why: 'young' };
  const evidence = contradictionsOf(facts, isCurrent);
  if (evidence.length > 0) return { type: 'unknown', evidence };
  const releases = facts.entries.filter(({ type }) => type === 'release').length;
  const releaseKey = entryKey(generationId, 'release', releases + 1);
  if (isCurrent) return { type: 'stranded', why: 'job_ended', owedBy: 'job', releaseKey };
  const why = job === null ? 'no_job' : 'job_moved_on';
  return credits > 0
    ? { type: 'stranded', why, owedBy: 'account', releaseKey }
    : { type: 'unknown', evidence: ['It holds nothing.'] };
}

function contradictionsOf({ entries, credits, job, isJobThere }: HoldFacts, isCurrent: boolean): readonly string[] {
  const sum = (type: LedgerEntry['type']): number =>
    entries.reduce((total, entry) => (entry.type === type ? total + entry.credits : total), 0);
  const left = sum('reserve') - sum('capture') - sum('release');
  const evidence: string[] = [];
  if (left !== credits)
    evidence.push(`The account holds ${shownCredits(credits)}, the ledger leaves ${shownCredits(left)}.`);
  if (job === null && isJobThere) evidence.push('Its document is no job.');
  if (job === null || !isCurrent) return evidence;
  const { reserved, status } = job.billing;
  if (reserved !== credits)
    evidence.push(`The account holds ${shownCredits(credits)}, the job says ${shownCredits(reserved)}.`);
  if (status === 'unknown') evidence.push('The charge of the job is unknown.');
  // A completed job without a capture may owe one: that is for finance to decide, not for a sweep.
  if (job.state === 'completed' && sum('capture') === 0) evidence.push('The job is completed and was not captured.');
  return evidence;
}
