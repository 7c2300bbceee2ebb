import { BOOK_ENTRIES_MAX, type CacheBooks } from '#cache/books.ts';
import type { BalancedEntryView, FindingDetail } from '#contract/reconciliation-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import {
  NO_BALANCE,
  runningBalance,
  type BalancedEntry,
  type LedgerBalance,
} from '#domain/reconciliation/running-balance.ts';
import { ok, type Result } from '#domain/result.ts';
import { entryViewOf } from '../entry-view.ts';

/** How many entries of a workspace are laid beside a finding. */
const WORKSPACE_ENTRIES_MAX = 500;

/** Which entries explain a finding, oldest first. */
interface Explaining {
  readonly of: FindingDetail['entriesOf'];
  readonly opening: LedgerBalance;
  readonly entries: readonly LedgerEntry[];
  readonly hasMore: boolean;
}

/**
 * A finding with the entries that it is about, from the copy, and the account that they move.
 * Errors: those of the copy.
 */
export function detailOf(books: CacheBooks, finding: Finding): Result<FindingDetail, AppError> {
  const explaining = entriesFor(books, finding);
  if (!explaining.ok) return explaining;
  const account = finding.workspaceId === null ? ok(null) : books.account(finding.workspaceId);
  if (!account.ok) return account;
  const { opening, entries, hasMore } = explaining.value;
  const offending = new Set(finding.entryKeys);
  return ok({
    finding,
    entriesOf: explaining.value.of,
    opening: { ...opening },
    entries: runningBalance(entries, opening).map((balanced) => toView(balanced, offending)),
    hasMore,
    account:
      account.value === null ? null : { availableCredits: account.value.available, heldCredits: account.value.held },
  });
}

function entriesFor(books: CacheBooks, finding: Finding): Result<Explaining, AppError> {
  if (finding.subject.type === 'workspace') {
    const found = books.entriesOfWorkspace(finding.subject.id, WORKSPACE_ENTRIES_MAX);
    if (!found.ok) return found;
    const { opening, entries } = found.value;
    return ok({ of: 'workspace', opening, entries, hasMore: entries.length === WORKSPACE_ENTRIES_MAX });
  }
  if (finding.generationId !== null) {
    const found = books.entriesOfGeneration(finding.generationId);
    if (!found.ok) return found;
    const hasMore = found.value.length === BOOK_ENTRIES_MAX;
    return ok({ of: 'generation', opening: NO_BALANCE, entries: found.value, hasMore });
  }
  const entries: LedgerEntry[] = [];
  for (const key of finding.entryKeys) {
    const entry = books.entry(key);
    if (!entry.ok) return entry;
    if (entry.value !== null) entries.push(entry.value);
  }
  return ok({ of: 'named', opening: NO_BALANCE, entries, hasMore: false });
}

function toView({ entry, after }: BalancedEntry, offending: ReadonlySet<string>): BalancedEntryView {
  return {
    ...entryViewOf(entry),
    jobId: entry.jobId,
    totalAfter: after.total,
    heldAfter: after.held,
    isOffending: offending.has(entry._id),
  };
}
