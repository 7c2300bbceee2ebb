import type { StandingOptions, Verdict } from '#domain/reconciliation/standing/judge.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';

/** Books with what the rules say of them, before the server was asked about each difference. */
export interface JudgedBooks {
  readonly verdict: Verdict;
  /** What the rules looked at: all of the books, or what had changed of them and what that concerns. */
  readonly view: LedgerView;
  /** By workspace, of the accounts as they were read; null where they were read from the copy. */
  readonly accountVersions: ReadonlyMap<string, number> | null;
  /** The job that a generation belongs to by these books, null where there is none. */
  readonly ownerOf: (generationId: string) => string | null;
}

/** What the rules of a run are measured by. */
export type RunRules = StandingOptions;
