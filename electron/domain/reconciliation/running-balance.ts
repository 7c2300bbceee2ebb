import { netCreditsOf, type LedgerEntry } from '../ledger.ts';

/** Where an account stands by its ledger alone, in the smallest unit. */
export interface LedgerBalance {
  /** Available and held together. */
  readonly total: number;
  readonly held: number;
}

/** The balance of a ledger without entries. */
export const NO_BALANCE: LedgerBalance = { total: 0, held: 0 };

/** An entry beside where the ledger stands once it is counted. */
export interface BalancedEntry {
  readonly entry: LedgerEntry;
  readonly after: LedgerBalance;
}

/** What an entry adds to what is held. */
function heldChangeOf({ type, credits }: LedgerEntry): number {
  switch (type) {
    case 'reserve':
      return credits;
    case 'capture':
    case 'release':
      return -credits;
    case 'grant':
    case 'refund':
    case 'adjust':
      return 0;
  }
}

/**
 * Counts entries in the order given, each on top of the one before.
 * @param opening where the ledger stood before the first of them
 */
export function runningBalance(entries: readonly LedgerEntry[], opening: LedgerBalance): readonly BalancedEntry[] {
  let { total, held } = opening;
  return entries.map((entry) => {
    total += netCreditsOf(entry);
    held += heldChangeOf(entry);
    return { entry, after: { total, held } };
  });
}
