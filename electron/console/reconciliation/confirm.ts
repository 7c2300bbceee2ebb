import type { AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { netCreditsOf } from '#domain/ledger.ts';
import { jobFactsOf, type ChargeRule } from '#domain/reconciliation/facts.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { hashText } from '#domain/reconciliation/hash53.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { seenOfGenerations } from '#domain/reconciliation/seen-entries.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { ok, type Result } from '#domain/result.ts';
import type { ReadView, ReconciliationStore } from './read-view.ts';
import { readSettledSums } from './settled-sums.ts';

/** What is left of the findings once the server was asked again. */
export interface Confirmation {
  readonly confirmed: readonly Finding[];
  readonly passed: number;
  readonly undecidedWorkspaces: readonly string[];
}

/** Reads at once while confirming. */
const CONCURRENCY = 16;

/** What the findings speak of, as it is on the server now. */
interface Fresh {
  readonly jobs: Map<string, Job | 'malformed'>;
  readonly accounts: Map<string, CreditAccount>;
  readonly entries: Map<string, LedgerEntry>;
}

/**
 * Asks the server again for every job, generation and account that a finding speaks of, and holds the rules against what it
 * says now. The documents of a run are read one after the other while the world goes on: what was only in motion is gone
 * the second time. Costs about three reads a finding.
 *
 * An account's sum is compared only where the account has not moved since it was read; otherwise its ledger is read again.
 * A copy may have an account of now beside a ledger of a moment ago, so there the ledger is read on the server in any case.
 */
export async function confirmFindings(
  store: ReconciliationStore,
  first: ReadView,
  findings: readonly Finding[],
  options: {
    readonly rules: RuleOptions;
    readonly chargeRule: ChargeRule;
    /** True where the first reading was of the offline copy. */
    readonly isOfCopy: boolean;
    readonly signal: AbortSignal;
    readonly onDone: (done: number) => void;
  },
): Promise<Result<Confirmation, AppError>> {
  if (findings.length === 0) return ok({ confirmed: [], passed: 0, undecidedWorkspaces: [] });
  const fresh = await readFresh(store, first.view, findings, options);
  if (!fresh.ok) return fresh;
  const sums = await readSettledSums(
    store,
    options.isOfCopy ? null : first,
    [...workspacesOf(findings)],
    options.signal,
  );
  if (!sums.ok) return sums;
  for (const [workspaceId, account] of sums.value.accounts) fresh.value.accounts.set(workspaceId, account);
  const again = judgeFresh(fresh.value, sums.value.ledger, findings, options);
  const confirmed: Finding[] = [];
  const undecided = new Set<string>();
  for (const finding of findings) {
    const isOfSum = finding.subject.type === 'workspace';
    if (isOfSum && sums.value.moving.has(finding.workspaceId ?? '')) undecided.add(finding.workspaceId ?? '');
    else if (finding.rule === 'job_without_account') {
      // Its jobs were read once; whether there is an account by now is what could have changed.
      if (!fresh.value.accounts.has(finding.workspaceId ?? '')) confirmed.push(finding);
    } else {
      const now = isSelfEvident(finding, fresh.value) ? finding : again.get(finding.id);
      if (now !== undefined) confirmed.push(now);
    }
  }
  return ok({
    confirmed,
    passed: findings.length - confirmed.length,
    undecidedWorkspaces: [...undecided].toSorted(),
  });
}

/**
 * An entry without a generation was read as it stands, and entries do not change by themselves: there is nothing to ask but
 * whether the job that it names has come by now.
 */
function isSelfEvident(finding: Finding, fresh: Fresh): boolean {
  if (finding.subject.type !== 'entry' || finding.generationId !== null) return false;
  if (finding.case === 'unknown_job') return finding.jobId === null || !fresh.jobs.has(finding.jobId);
  return finding.rule !== 'pending_overdue';
}

function workspacesOf(findings: readonly Finding[]): Set<string> {
  return new Set(
    findings.flatMap(({ subject, workspaceId }) =>
      subject.type === 'workspace' && workspaceId !== null ? [workspaceId] : [],
    ),
  );
}

async function readFresh(
  store: ReconciliationStore,
  view: LedgerView,
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
    ...ownersOf(view, generationIds),
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

function ownersOf(view: LedgerView, generationIds: ReadonlySet<string>): string[] {
  const wanted = new Set([...generationIds].map((id) => view.generationIds.find(id)));
  return [...view.generations.id].flatMap((id, row) => {
    const job = view.generations.job[row] ?? -1;
    return wanted.has(id) && job >= 0 ? [view.jobIds.text(job)] : [];
  });
}

function judgeFresh(
  fresh: Fresh,
  ledgerSums: ReadonlyMap<string, number>,
  findings: readonly Finding[],
  options: { readonly rules: RuleOptions; readonly chargeRule: ChargeRule },
): ReadonlyMap<string, Finding> {
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
  const seen = seenOfGenerations(options.rules.seen, hashes);
  const wanted = new Set(findings.map(({ id }) => id));
  const { findings: found } = reconcile(
    builder.seal(),
    { ...options.rules, seen },
    { keep: ({ id }) => wanted.has(id) },
  );
  return new Map(found.map((finding) => [finding.id, finding]));
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
