import { idKeyOf, type Job, type MalformedJob } from '#domain/job.ts';
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
  | { readonly type: 'deleted'; readonly part: CachedPart; readonly id: string; readonly hasTextId?: false }
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
  /** Where `id` only tells of an id that is no text: another document may have that text for its id. */
  readonly hasTextId?: false;
}

/** What says of a document that its id is no text; nothing where it is one. */
export function oddIdMark(hasTextId: boolean): { readonly hasTextId?: false } {
  return hasTextId ? {} : { hasTextId };
}

/** Which document a change is about, with its whole id: a malformed document's id may be longer than any job's. */
export function subjectOf(change: CacheChange): ChangeSubject {
  switch (change.type) {
    case 'job': {
      const id: unknown = change.job.type === 'job' ? change.job.job._id : change.job.document['_id'];
      return { part: 'jobs', id: idKeyOf(id), ...oddIdMark(typeof id === 'string') };
    }
    case 'account':
      return { part: 'accounts', id: change.account._id };
    case 'entry':
      return { part: 'ledger', id: change.entry._id };
    case 'deleted':
    case 'unreadable':
      return { part: change.part, id: change.id, ...oddIdMark(change.hasTextId !== false) };
  }
}
