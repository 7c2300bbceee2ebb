import type { AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { netCreditsOf } from '#domain/ledger.ts';
import { jobFactsOf, type ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { hashText } from '#domain/reconciliation/hash53.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { seenOf } from '#domain/reconciliation/standing/seen-of.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RunRules } from './judged-books.ts';
import type { ReconciliationStore } from './read-view.ts';

/** Reads at once. */
const CONCURRENCY = 16;

/** What the findings speak of, as it is on the server now. */
export interface Fresh {
  readonly jobs: Map<string, Job | 'malformed'>;
  readonly accounts: Map<string, CreditAccount>;
  readonly entries: Map<string, LedgerEntry>;
}

/**
 * Reads every account, generation and job that findings speak of.
 * @param ownerOf the job of a generation by the books that they were found in; null goes by the findings alone
 */
export async function readFresh(
  store: ReconciliationStore,
  ownerOf: ((generationId: string) => string | null) | null,
  findings: readonly Finding[],
  options: { readonly signal: AbortSignal; readonly onDone: (done: number) => void },
): Promise<Result<Fresh, AppError>> {
  const fresh: Fresh = { jobs: new Map(), accounts: new Map(), entries: new Map() };
  let done = 0;
  const workspaceIds = new Set(findings.flatMap(({ workspaceId }) => workspaceId ?? []));
  const accounts = await forEach([...workspaceIds], options.signal, async (workspaceId) => {
    const account = await store.readAccount(workspaceId);
    if (account.ok && account.value !== null) fresh.accounts.set(workspaceId, account.value);
    return account;
  });
  if (!accounts.ok) return accounts;
  const generationIds = new Set(findings.flatMap(({ generationId }) => generationId ?? []));
  const generations = await forEach([...generationIds], options.signal, async (generationId) => {
    const entries = await store.readGenerationEntries(generationId);
    if (entries.ok) for (const entry of entries.value) fresh.entries.set(entry._id, entry);
    options.onDone((done += 1));
    return entries;
  });
  if (!generations.ok) return generations;
  // Jobs last: an entry is posted before its job knows it, and both are to be in the picture.
  const jobIds = new Set([
    ...findings.flatMap(({ jobId }) => jobId ?? []),
    ...[...fresh.entries.values()].flatMap(({ jobId }) => jobId ?? []),
    ...[...generationIds].flatMap((id) => ownerOf?.(id) ?? []),
  ]);
  const jobs = await forEach([...jobIds], options.signal, async (jobId) => {
    const document = await store.readJob(jobId);
    if (document.ok && document.value !== null) {
      fresh.jobs.set(jobId, document.value.type === 'job' ? document.value.job : 'malformed');
    }
    return document;
  });
  return jobs.ok ? ok(fresh) : jobs;
}

/** A view of what was read anew, and those of the findings that the rules find in it again. */
export function judgeFresh(
  fresh: Fresh,
  ledgerSums: ReadonlyMap<string, number>,
  findings: readonly Finding[],
  options: { readonly rules: RunRules; readonly chargeRule: ChargeRule },
): { readonly view: LedgerView; readonly found: ReadonlyMap<string, Finding> } {
  const builder = new LedgerViewBuilder();
  const inView = new Map<string, number>();
  for (const entry of fresh.entries.values()) {
    builder.addEntry(entry);
    inView.set(entry.workspaceId, (inView.get(entry.workspaceId) ?? 0) + netCreditsOf(entry));
  }
  for (const [jobId, job] of fresh.jobs) {
    if (job === 'malformed') builder.addMalformedJob(jobId);
    else builder.addJob(jobFactsOf(job, options.chargeRule));
  }
  for (const account of fresh.accounts.values()) {
    // The view has the postings that do not stand; what stands in the ledger is in the sum.
    const posting = Object.values(account.posting).reduce(
      (sum, entry) => sum + (fresh.entries.has(entry._id) ? 0 : netCreditsOf(entry)),
      0,
    );
    const sum = ledgerSums.get(account._id) ?? 0;
    builder.addAccount({ ...account, otherLedgerCredits: sum - posting - (inView.get(account._id) ?? 0) });
  }
  for (const [workspaceId, sum] of ledgerSums) {
    if (!fresh.accounts.has(workspaceId)) {
      builder.addMissingAccount(workspaceId, sum - (inView.get(workspaceId) ?? 0));
    }
  }
  const hashes = new Set(findings.flatMap(({ generationId }) => (generationId === null ? [] : hashText(generationId))));
  const { memories, ...rules } = options.rules;
  const seen = seenOf(memories, { generationHashes: hashes, unboundKeyHashes: new Set(), unboundHash: hashText('') });
  const wanted = new Set(findings.map(({ id }) => id));
  const view = builder.seal();
  const { findings: found } = reconcile(view, { ...rules, seen }, { keep: ({ id }) => wanted.has(id) });
  return { view, found: new Map(found.map((finding) => [finding.id, finding])) };
}

/** Runs calls of a list, several at once, until one fails. */
async function forEach<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  call: (item: Item) => Promise<Result<unknown, AppError>>,
): Promise<Result<void, AppError>> {
  for (let start = 0; start < items.length; start += CONCURRENCY) {
    signal.throwIfAborted();
    const results = await Promise.all(items.slice(start, start + CONCURRENCY).map(call));
    for (const result of results) if (!result.ok) return result;
  }
  return ok(undefined);
}

/** The workspaces whose sums findings are about. */
export function workspacesOf(findings: readonly Finding[]): Set<string> {
  return new Set(
    findings.flatMap(({ subject, workspaceId }) =>
      subject.type === 'workspace' && workspaceId !== null ? [workspaceId] : [],
    ),
  );
}
