import type { Job, MalformedJob } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';

/** The collections that the copy holds. */
export const CACHED_PARTS = ['jobs', 'accounts', 'ledger'] as const;
export type CachedPart = (typeof CACHED_PARTS)[number];

/** A document of the job collection: what it parsed to, and as it came. */
export type CachedDocument =
  | { readonly type: 'job'; readonly job: Job; readonly document: Readonly<Record<string, unknown>> }
  | {
      readonly type: 'malformed';
      readonly malformed: MalformedJob;
      readonly document: Readonly<Record<string, unknown>>;
    };

/**
 * What became of one document, as the copy takes it. The store's changes have this shape; the copy states its own, because it
 * must not know the store.
 */
export type CacheChange =
  | { readonly type: 'job'; readonly job: CachedDocument }
  | { readonly type: 'account'; readonly account: CreditAccount }
  | { readonly type: 'entry'; readonly entry: LedgerEntry }
  | { readonly type: 'deleted'; readonly part: CachedPart; readonly id: string }
  | {
      readonly type: 'unreadable';
      readonly part: CachedPart;
      readonly id: string;
      /** False where `id` only tells of an id that is no text. */
      readonly hasTextId: boolean;
      readonly reason: string;
    };

/** The document that a change is about. */
export interface ChangeSubject {
  readonly part: CachedPart;
  readonly id: string;
}

/** Which document a change is about, with its whole id: a malformed document's id may be longer than any job's. */
export function subjectOf(change: CacheChange): ChangeSubject {
  switch (change.type) {
    case 'job':
      return {
        part: 'jobs',
        id: change.job.type === 'job' ? change.job.job._id : String(change.job.document['_id']),
      };
    case 'account':
      return { part: 'accounts', id: change.account._id };
    case 'entry':
      return { part: 'ledger', id: change.entry._id };
    case 'deleted':
    case 'unreadable':
      return { part: change.part, id: change.id };
  }
}
