import { RELEASED_BEYOND_PRICE } from './charge.ts';
import type { Job } from './job.ts';
import { netCreditsOf, type CreditAccount, type LedgerEntry } from './ledger.ts';
import { isLegalChange } from './state-machine.ts';

/** A broken invariant of the books: which one, of what, and the figures that show it. */
export interface Violation {
  readonly invariant: InvariantName;
  /** The job, generation, entry or workspace concerned. */
  readonly subject: string;
  readonly detail: string;
}

export type InvariantName =
  | 'captured_at_most_once'
  | 'completed_is_captured'
  | 'failed_is_not_charged'
  | 'account_equals_ledger'
  | 'job_equals_ledger'
  | 'held_equals_holds'
  | 'hold_has_open_job'
  | 'never_negative'
  | 'history_is_legal'
  | 'history_has_no_gap'
  | 'entry_belongs_to_generation'
  | 'attempts_are_closed';

/** Everything at rest: every job, account and ledger entry of a deployment, or of some of its workspaces. */
export interface Books {
  readonly jobs: readonly Job[];
  readonly accounts: readonly CreditAccount[];
  readonly ledger: readonly LedgerEntry[];
}

/**
 * Checks every {@link InvariantName} over books in which nothing is in motion, or over a moment of them: what a
 * pending or posting entry still owes is counted as already done. One pass over each list.
 *
 * @returns every violation found, empty where the books are right
 */
export function findViolations(books: Books): readonly Violation[] {
  const ledger = withOwedEntries(books);
  const byGeneration = Map.groupBy(
    ledger.filter((entry) => entry.generationId !== null),
    (entry) => entry.generationId,
  );
  const openGenerations = new Set(books.jobs.filter(mayHold).map((job) => job.billing.generationId));
  return [
    ...books.jobs.flatMap((job) => [
      ...violationsOfHistory(job),
      ...violationsOfAttempts(job),
      ...violationsOfCharge(job, byGeneration.get(job.billing.generationId) ?? []),
      ...violationsOfFigures(job, byGeneration.get(job.billing.generationId) ?? []),
    ]),
    ...[...byGeneration].flatMap(([id, entries]) => violationsOfGeneration(id ?? '', entries)),
    ...violationsOfAccounts(books.accounts, books.ledger, openGenerations),
  ];
}

/** True for a job that may have a hold: it is not over, or what its end owes is still on its way. */
function mayHold(job: Job): boolean {
  return (job.state !== 'completed' && job.state !== 'failed') || job.billing.pending.length > 0;
}

/** The ledger together with the entries that accounts already contain and the ledger does not yet. */
function withOwedEntries(books: Books): readonly LedgerEntry[] {
  const standing = new Set(books.ledger.map((entry) => entry._id));
  const posting = books.accounts.flatMap((account) =>
    Object.values(account.posting).filter((entry) => !standing.has(entry._id)),
  );
  return [...books.ledger, ...posting];
}

function violationsOfHistory(job: Job): Violation[] {
  const found: Violation[] = [];
  job.history.forEach((entry, index) => {
    const previous = job.history[index - 1];
    if (entry.seq !== index + 1) {
      found.push(violation('history_has_no_gap', job._id, `entry ${index + 1} has seq ${entry.seq}`));
    }
    const from = previous === undefined ? entry.from : previous.to;
    const isLegal = entry.from === null ? index === 0 && entry.to === 'queued' : isLegalChange(entry.from, entry.to);
    if (!isLegal || entry.from !== from) {
      found.push(violation('history_is_legal', job._id, `seq ${entry.seq}: ${entry.from ?? '(new)'} -> ${entry.to}`));
    }
  });
  const last = job.history.at(-1);
  if (last !== undefined && last.to !== job.state) {
    found.push(violation('history_is_legal', job._id, `state is ${job.state}, history ends in ${last.to}`));
  }
  return found;
}

function violationsOfAttempts(job: Job): Violation[] {
  const isOver = job.state !== 'running' && job.state !== 'validating';
  return isOver && job.attempts.some((attempt) => attempt.endedAt === null)
    ? [violation('attempts_are_closed', job._id, `${job.state} with an attempt that has no end`)]
    : [];
}

/** With nothing pending, the job's own figures are those of its generation's entries. */
function violationsOfFigures(job: Job, entries: readonly LedgerEntry[]): Violation[] {
  const { pending, reserved, captured, refunded, status } = job.billing;
  // A status of `unknown` says itself that job and ledger contradict each other.
  if (pending.length > 0 || status === 'unknown') return [];
  const held = sumOf(entries, 'reserve') - sumOf(entries, 'capture') - sumOf(entries, 'release');
  const figures = `reserved ${reserved}, captured ${captured}, refunded ${refunded}`;
  const ledger = `reserved ${held}, captured ${sumOf(entries, 'capture')}, refunded ${sumOf(entries, 'refund')}`;
  return figures === ledger
    ? []
    : [violation('job_equals_ledger', job._id, `the job says ${figures}, the ledger ${ledger}`)];
}

function violationsOfCharge(job: Job, entries: readonly LedgerEntry[]): Violation[] {
  if (job.billing.pending.length > 0) return [];
  const net = netCaptureOf(entries);
  const isGivenBack = entries.some((entry) => entry.type === 'refund' || entry.reason === RELEASED_BEYOND_PRICE);
  if (job.state === 'completed' && job.billing.price > 0 && net <= 0 && !isGivenBack) {
    return [
      violation('completed_is_captured', job._id, `completed, ${net} captured of a price of ${job.billing.price}`),
    ];
  }
  if (net > job.billing.price) {
    return [violation('captured_at_most_once', job._id, `${net} captured for a price of ${job.billing.price}`)];
  }
  if (job.state !== 'completed' && net > 0 && job.billing.status !== 'charged') {
    return [violation('failed_is_not_charged', job._id, `${job.state} with ${net} captured`)];
  }
  return [];
}

function violationsOfGeneration(generationId: string, entries: readonly LedgerEntry[]): Violation[] {
  const found: Violation[] = [];
  const [reserved, captured] = [sumOf(entries, 'reserve'), sumOf(entries, 'capture')];
  const [released, refunded] = [sumOf(entries, 'release'), sumOf(entries, 'refund')];
  const captures = entries.filter((entry) => entry.type === 'capture').length;
  if (captures > 1) found.push(violation('captured_at_most_once', generationId, `${captures} captures`));
  if (captured + released > reserved) {
    found.push(
      violation(
        'captured_at_most_once',
        generationId,
        `reserved ${reserved}, captured ${captured}, released ${released}`,
      ),
    );
  }
  if (refunded > captured) {
    found.push(violation('captured_at_most_once', generationId, `refunded ${refunded} of ${captured} captured`));
  }
  for (const entry of entries) {
    if (!entry._id.startsWith(`${generationId}:${entry.type}:`)) {
      found.push(violation('entry_belongs_to_generation', entry._id, `stands under generation ${generationId}`));
    }
  }
  return found;
}

function violationsOfAccounts(
  accounts: readonly CreditAccount[],
  ledger: readonly LedgerEntry[],
  openGenerations: ReadonlySet<string>,
): Violation[] {
  const standing = new Set(ledger.map((entry) => entry._id));
  const sums = new Map<string, number>();
  for (const entry of ledger) {
    sums.set(entry.workspaceId, (sums.get(entry.workspaceId) ?? 0) + netCreditsOf(entry));
  }
  return accounts.flatMap((account) => {
    const found: Violation[] = [];
    const unposted = Object.values(account.posting)
      .filter((entry) => !standing.has(entry._id))
      .reduce((total, entry) => total + netCreditsOf(entry), 0);
    const total = (sums.get(account._id) ?? 0) + unposted;
    if (account.available + account.held !== total) {
      found.push(
        violation(
          'account_equals_ledger',
          account._id,
          `available ${account.available} + held ${account.held}, the ledger adds up to ${total}`,
        ),
      );
    }
    const holds = Object.values(account.holds).reduce((sum, hold) => sum + hold.credits, 0);
    if (holds !== account.held) {
      found.push(violation('held_equals_holds', account._id, `held ${account.held}, holds add up to ${holds}`));
    }
    if (account.available < 0) found.push(violation('never_negative', account._id, `available ${account.available}`));
    for (const generationId of Object.keys(account.holds)) {
      if (!openGenerations.has(generationId)) {
        found.push(
          violation('hold_has_open_job', account._id, `hold ${generationId} belongs to no job that is not over`),
        );
      }
    }
    return found;
  });
}

function sumOf(entries: readonly LedgerEntry[], type: LedgerEntry['type']): number {
  return entries.reduce((total, entry) => (entry.type === type ? total + entry.credits : total), 0);
}

function netCaptureOf(entries: readonly LedgerEntry[]): number {
  return -entries
    .filter((entry) => entry.type === 'capture' || entry.type === 'refund')
    .reduce((total, entry) => total + netCreditsOf(entry), 0);
}

function violation(invariant: InvariantName, subject: string, detail: string): Violation {
  return { invariant, subject, detail };
}
