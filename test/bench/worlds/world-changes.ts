import type { Job } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import type { ChangedBooks } from '#domain/reconciliation/blocks/block-changes.ts';
import { jobFactsOf } from '#domain/reconciliation/facts.ts';
import type { BookChanges } from '#domain/reconciliation/standing/book-changes.ts';
import type { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { worldChargeRule } from './clean-job.ts';
import type { World } from './world.ts';

/** The documents of a world at one moment. */
export interface WorldMoment {
  readonly jobs: ReadonlyMap<string, Job>;
  readonly accounts: ReadonlyMap<string, CreditAccount>;
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
}

/** The world as it is now, kept while it goes on. Documents of a world are replaced and never changed. */
export function momentOf({ jobs, accounts, ledger }: World): WorldMoment {
  return { jobs: new Map(jobs), accounts: new Map(accounts), ledger: new Map(ledger) };
}

/** What changed from the moment that a view was made of to now, as the copy would tell it: also documents that changed and changed back. */
export function changesSince(
  base: IndexedView,
  before: WorldMoment,
  now: World,
  touched: readonly string[] = [],
): BookChanges {
  const differing = <Document>(then: ReadonlyMap<string, Document>, today: ReadonlyMap<string, Document>): string[] =>
    [...new Set([...then.keys(), ...today.keys(), ...touched])].filter(
      (id) => then.get(id) !== today.get(id) || (touched.includes(id) && (then.has(id) || today.has(id))),
    );
  const keys = differing(before.ledger, now.ledger);
  const entriesThen = keys.flatMap((key) => before.ledger.get(key) ?? []);
  const workspaceIds = new Set([
    ...differing(before.accounts, now.accounts),
    ...entriesThen.map(({ workspaceId }) => workspaceId),
    ...base.overlaidWorkspaces,
  ]);
  return {
    jobs: new Map(
      differing(before.jobs, now.jobs).map((id) => {
        const job = now.jobs.get(id);
        return [id, job === undefined ? null : jobFactsOf(job, worldChargeRule)];
      }),
    ),
    accounts: new Map([...workspaceIds].map((id) => [id, now.accounts.get(id) ?? null])),
    entries: new Map(keys.map((key) => [key, now.ledger.get(key) ?? null])),
    generationIds: new Set(entriesThen.flatMap(({ generationId }) => generationId ?? [])),
  };
}

/** The same for books that are divided into blocks: each of these asks for more by itself. */
export function booksChangedSince(before: WorldMoment, now: World, touched: readonly string[] = []): ChangedBooks {
  const differing = <Document>(then: ReadonlyMap<string, Document>, today: ReadonlyMap<string, Document>): string[] =>
    [...new Set([...then.keys(), ...today.keys()])].filter(
      (id) => then.get(id) !== today.get(id) || touched.includes(id),
    );
  const jobNow = (id: string) => {
    const job = now.jobs.get(id);
    return job === undefined ? null : jobFactsOf(job, worldChargeRule);
  };
  const keys = differing(before.ledger, now.ledger);
  return {
    jobs: new Map(differing(before.jobs, now.jobs).map((id) => [id, jobNow(id)])),
    entries: new Map(keys.map((key) => [key, now.ledger.get(key) ?? null])),
    workspaceIds: new Set(differing(before.accounts, now.accounts)),
    generationIds: new Set(keys.flatMap((key) => before.ledger.get(key)?.generationId ?? [])),
    jobNow,
    accountNow: (id) => now.accounts.get(id) ?? null,
  };
}
