import { proveChargeStatus } from '#domain/charge.ts';
import type { AppError } from '#domain/errors.ts';
import { collectableAcceptance } from '#domain/generation-key.ts';
import type { Job } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import type { PlanSubject } from '#domain/retry-plan/plan-item.ts';
import { ok, type Result } from '#domain/result.ts';
import type { BulkReads } from '#store/bulk-reads.ts';

/** Jobs as the server has them, with everything that decides about a retry of each. */
export interface ReadSubjects {
  readonly jobs: ReadonlyMap<string, { readonly job: Job; readonly subject: PlanSubject }>;
  /** Ids whose documents are no jobs, with the first reason. */
  readonly malformed: ReadonlyMap<string, string>;
  readonly accounts: ReadonlyMap<string, CreditAccount>;
}

/** Reads jobs, what their ledger says, and their accounts: some round trips for all of them. At most a few thousand ids. */
export async function readSubjects(bulk: BulkReads, ids: readonly string[]): Promise<Result<ReadSubjects, AppError>> {
  // Jobs first: what is posted in between makes a charge look unproved, and never free.
  const documents = await bulk.jobs(ids);
  if (!documents.ok) return documents;
  const jobs = documents.value.flatMap((document) => (document.type === 'job' ? [document.job] : []));
  const [entries, accounts] = await Promise.all([
    bulk.entriesOfGenerations(jobs.map(({ billing }) => billing.generationId)),
    bulk.accounts([...new Set(jobs.map(({ workspaceId }) => workspaceId))]),
  ]);
  if (!entries.ok) return entries;
  if (!accounts.ok) return accounts;
  const byGeneration = Map.groupBy(entries.value, ({ generationId }) => generationId ?? '');
  const byWorkspace = new Map(accounts.value.map((account) => [account._id, account]));
  const malformed = documents.value.flatMap((document) =>
    document.type === 'malformed'
      ? [[document.malformed.id, document.malformed.problems[0]?.reason ?? 'it is no job'] as const]
      : [],
  );
  return ok({
    jobs: new Map(jobs.map((job) => [job._id, { job, subject: subjectOf(job, byGeneration, byWorkspace) }])),
    malformed: new Map(malformed),
    accounts: byWorkspace,
  });
}

function subjectOf(
  job: Job,
  entries: ReadonlyMap<string, readonly LedgerEntry[]>,
  accounts: ReadonlyMap<string, CreditAccount>,
): PlanSubject {
  const { billing } = job;
  const held = accounts.get(job.workspaceId)?.holds[billing.generationId]?.credits ?? 0;
  return {
    jobId: job._id,
    version: job.version,
    workspaceId: job.workspaceId,
    kind: job.kind,
    model: job.provider.model,
    state: job.state,
    failureClass: job.state === 'failed' ? job.failure.class : null,
    priceCredits: billing.price,
    chargeStatus: proveChargeStatus(billing, entries.get(billing.generationId) ?? [], held).status,
    pendingEntries: billing.pending.length,
    acceptanceId: collectableAcceptance(job),
  };
}
