import { proveChargeStatus } from '#domain/charge.ts';
import type { AppError } from '#domain/errors.ts';
import { collectableAcceptance } from '#domain/generation-key.ts';
import type { Job } from '#domain/job.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import type { PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { ok, type Result } from '#domain/result.ts';
import type { BulkReads } from '#store/bulk-reads.ts';

/** Jobs as the server has them: everything that decides about a retry of each, and what whoever asked keeps of it beside that. */
export interface ReadSubjects<Kept> {
  readonly jobs: ReadonlyMap<string, { readonly subject: PlanSubject; readonly kept: Kept }>;
  /** Ids whose documents are no jobs, and of jobs whose ledger or account cannot be read, with the first reason. */
  readonly malformed: ReadonlyMap<string, string>;
  /** What the workspaces of these jobs have available; those without an account are left out. */
  readonly available: ReadonlyMap<string, number>;
}

/**
 * Reads jobs, what their ledger says, and their accounts: some round trips for all of them. At most a few thousand ids. No job is
 * kept whole: a thousand of them may be more than a process can hold.
 * @param keep what is kept of a job, beside what decides about its retry; small
 */
export async function readSubjects<Kept>(
  bulk: BulkReads,
  ids: readonly string[],
  keep: (job: Job) => Kept,
): Promise<Result<ReadSubjects<Kept>, AppError>> {
  const begun: { readonly unproved: Unproved; readonly kept: Kept }[] = [];
  const malformed = new Map<string, string>();
  // Jobs first: what is posted in between makes a charge look unproved, and never free.
  const jobs = await bulk.eachJob(ids, (document) => {
    if (document.type === 'job') begun.push({ unproved: unprovedOf(document.job), kept: keep(document.job) });
    else malformed.set(document.malformed.id, document.malformed.problems[0]?.reason ?? 'it is no job');
  });
  if (!jobs.ok) return jobs;
  const generations = distinct(begun, ({ billing }) => billing.generationId);
  const asked = new Set(begun.map(({ unproved }) => holdKey(unproved.workspaceId, unproved.billing.generationId)));
  const entriesOf = new Map<string, LedgerEntry[]>();
  const available = new Map<string, number>();
  const heldFor = new Map<string, number>();
  const [entries, accounts] = await Promise.all([
    bulk.eachEntryOfGenerations(generations, (entry) => {
      const all = entriesOf.get(entry.generationId ?? '');
      if (all === undefined) entriesOf.set(entry.generationId ?? '', [entry]);
      else all.push(entry);
    }),
    bulk.eachAccount(
      distinct(begun, ({ workspaceId }) => workspaceId),
      (account) => {
        available.set(account._id, account.available);
        for (const [generationId, { credits }] of Object.entries(account.holds)) {
          const key = holdKey(account._id, generationId);
          if (asked.has(key)) heldFor.set(key, credits);
        }
      },
    ),
  ]);
  if (!entries.ok) return entries;
  if (!accounts.ok) return accounts;
  for (const { unproved } of begun) {
    const why = entries.value.get(unproved.billing.generationId) ?? accounts.value.get(unproved.workspaceId);
    if (why !== undefined) malformed.set(unproved.jobId, `Its ${why}.`);
  }
  const subjectOf = ({ billing, ...known }: Unproved): PlanSubject => {
    const { generationId } = billing;
    const held = heldFor.get(holdKey(known.workspaceId, generationId)) ?? 0;
    const proof = proveChargeStatus(billing, entriesOf.get(generationId) ?? [], held);
    return { ...known, chargeStatus: proof.status };
  };
  return ok({
    jobs: new Map(begun.map(({ unproved, kept }) => [unproved.jobId, { subject: subjectOf(unproved), kept }] as const)),
    malformed,
    available,
  });
}

/** A subject before ledger and account have been asked, with what they are held against. */
interface Unproved extends Omit<PlanSubject, 'chargeStatus'> {
  readonly billing: Job['billing'];
}

function distinct(
  begun: readonly { readonly unproved: Unproved }[],
  of: (unproved: Unproved) => string,
): readonly string[] {
  return [...new Set(begun.map(({ unproved }) => of(unproved)))];
}

function holdKey(workspaceId: string, generationId: string): string {
  return `${generationId}\0${workspaceId}`;
}

function unprovedOf(job: Job): Unproved {
  const { billing } = job;
  return {
    jobId: job._id,
    version: job.version,
    workspaceId: job.workspaceId,
    kind: job.kind,
    model: job.provider.model,
    state: job.state,
    failureClass: job.state === 'failed' ? job.failure.class : null,
    priceCredits: billing.price,
    pendingEntries: billing.pending.length,
    acceptanceId: collectableAcceptance(job),
    billing,
  };
}
