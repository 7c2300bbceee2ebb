import type { LedgerEntry } from '../../ledger.ts';
import type { JobFacts } from '../facts.ts';
import type { AccountFacts } from '../view-builder.ts';

/**
 * Documents that changed since a view was made, as they are now; null for one that is gone. The account of each workspace that a
 * changed entry belonged to is among them, because an account may still contain what was taken out of the ledger, and so is each of
 * `IndexedView.overlaidWorkspaces`.
 */
export interface BookChanges {
  readonly jobs: ReadonlyMap<string, JobFacts | 'malformed' | null>;
  readonly accounts: ReadonlyMap<string, AccountFacts | null>;
  readonly entries: ReadonlyMap<string, LedgerEntry | null>;
  /** Generations that changed entries belonged to, as far as they are known. */
  readonly generationIds: ReadonlySet<string>;
}

/** How many documents changed. */
export function sizeOfChanges({ jobs, accounts, entries }: BookChanges): number {
  return jobs.size + accounts.size + entries.size;
}
