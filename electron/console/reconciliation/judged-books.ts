import type { StandingOptions, Verdict } from '#domain/reconciliation/standing/judge.ts';

/** Books with what the rules say of them, before the server was asked about each difference. */
export interface JudgedBooks {
  readonly verdict: Verdict;
  /** What accounts and ledger were when they were read on the server; null where they were read from the copy. */
  readonly first: FirstSums | null;
  /** The job of a generation that a finding speaks of, null where there is none. */
  readonly ownerOf: (generationId: string) => string | null;
}

/** What the entries of each workspace added up to, beside the version that its account had before they were read. */
export interface FirstSums {
  readonly ledger: ReadonlyMap<string, number>;
  readonly accountVersions: ReadonlyMap<string, number>;
}

/** What the rules of a run are measured by. */
export type RunRules = StandingOptions;
