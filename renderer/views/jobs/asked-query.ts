import type { JobFilter } from '#contract/job-views.ts';
import { isSameFilter, parseJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';

/** A text of the field that was asked for, and the filter that the list had then. */
export interface AskedQuery {
  readonly text: string;
  readonly under: JobFilter;
}

/**
 * True where a text was asked for and nothing has come of it: what the address cannot hold leaves the filter as it was, and asking once
 * more would never end. After another filter, by the way back or a click, the same text is a new wish.
 */
export function wasAsked(last: AskedQuery | null, { text, under }: AskedQuery): boolean {
  return last !== null && last.text === text && last.under === under;
}

/**
 * True where a filter is what was asked for coming true: whoever has typed on meanwhile keeps the text. A filter by a click, or by the
 * way back, is none.
 */
export function isAskedCome(
  last: AskedQuery | null,
  { before, now }: { readonly before: JobFilter; readonly now: JobFilter },
): boolean {
  return last !== null && last.under === before && isSameFilter(parseJobQuery(last.text, CREDIT_SCALE).filter, now);
}
