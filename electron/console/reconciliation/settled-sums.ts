import type { AppError } from '#domain/errors.ts';
import { netCreditsOf, type CreditAccount } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import type { FirstSums } from './judged-books.ts';
import type { ReconciliationStore } from './read-view.ts';

/** Accounts beside what their entries add up to at the same moment. */
export interface SettledSums {
  /** By workspace: everything that its account contains, posted or being posted. Also for a workspace without an account. */
  readonly ledger: ReadonlyMap<string, number>;
  readonly accounts: ReadonlyMap<string, CreditAccount>;
  /** Workspaces that moved whenever they were looked at. */
  readonly moving: ReadonlySet<string>;
}

/** How often the ledger is read once more for accounts that move. */
const ROUNDS_MAX = 3;
/** Up to so many workspaces the server is asked for their entries alone; for more it is asked for the whole ledger. */
const WORKSPACES_ASKED_MAX = 100;

/**
 * Compares accounts with their ledgers without a snapshot: an account's version grows with every posting, so that a sum that
 * was taken between two readings of one version is the sum of that version.
 */
export async function readSettledSums(
  store: ReconciliationStore,
  first: FirstSums | null,
  workspaceIds: readonly string[],
  signal: AbortSignal,
): Promise<Result<SettledSums, AppError>> {
  const ledger = new Map<string, number>();
  const accounts = new Map<string, CreditAccount>();
  const moving = new Set<string>();
  for (const workspaceId of workspaceIds) {
    const account = await store.readAccount(workspaceId);
    if (!account.ok) return account;
    if (account.value !== null) accounts.set(workspaceId, account.value);
    if (first === null || account.value?.version !== first.accountVersions.get(workspaceId)) moving.add(workspaceId);
    else ledger.set(workspaceId, first.ledger.get(workspaceId) ?? 0);
  }
  for (let round = 0; round < ROUNDS_MAX && moving.size > 0; round += 1) {
    const sums = await sumAgain(store, moving, accounts, signal);
    for (const workspaceId of moving) {
      const before = accounts.get(workspaceId)?.version;
      const account = await store.readAccount(workspaceId);
      if (!account.ok) return account;
      if (account.value !== null) accounts.set(workspaceId, account.value);
      if (account.value?.version !== before) continue;
      ledger.set(workspaceId, sums.get(workspaceId) ?? 0);
      moving.delete(workspaceId);
    }
  }
  return ok({ ledger, accounts, moving });
}

/** One pass over the ledger for some workspaces, with what their accounts are about to post. */
async function sumAgain(
  store: ReconciliationStore,
  workspaceIds: ReadonlySet<string>,
  accounts: ReadonlyMap<string, CreditAccount>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  const add = (workspaceId: string, credits: number): void => {
    sums.set(workspaceId, (sums.get(workspaceId) ?? 0) + credits);
  };
  const posting = new Map(
    [...workspaceIds].flatMap((workspaceId) => Object.entries(accounts.get(workspaceId)?.posting ?? {})),
  );
  const wanted = workspaceIds.size <= WORKSPACES_ASKED_MAX ? [...workspaceIds] : undefined;
  for await (const entry of store.iterateLedger(signal, wanted)) {
    if (!workspaceIds.has(entry.workspaceId)) continue;
    posting.delete(entry._id);
    add(entry.workspaceId, netCreditsOf(entry));
  }
  for (const entry of posting.values()) add(entry.workspaceId, netCreditsOf(entry));
  return sums;
}
