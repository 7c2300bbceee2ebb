import { periodOf, periodSchema } from '#domain/ledger.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** A month that finance looks at, as it stands in the address of a screen. */
export interface MonthView {
  /** The month, or empty where somebody emptied its field. */
  readonly period: string;
  /** The workspace as it was typed; empty for every one. */
  readonly workspace: string;
}

/**
 * Reads a view of a month from an address; a part that makes no sense is dropped.
 * @param now its last month that is over is what an address without a month is about
 */
export function parseMonthQuery(query: string, now: Date): MonthView {
  const params = new URLSearchParams(query);
  const month = params.get('month');
  const isMeant = month === '' || safeParse(periodSchema, month).success;
  return { period: month !== null && isMeant ? month : lastMonth(now), workspace: params.get('workspace') ?? '' };
}

/** The address of a view of a month. @param path of the screen that shows it */
export function monthHref(path: string, { period, workspace }: MonthView): string {
  const params = new URLSearchParams({ month: period });
  if (workspace !== '') params.set('workspace', workspace.toWellFormed());
  return `${path}?${params.toString()}`;
}

/** Reads from an address whether mends that are over are asked for, and not the open ones. */
export function parseMendsQuery(query: string): boolean {
  return new URLSearchParams(query).get('show') === 'closed';
}

/** The address of the mends that are over, or of the open ones. */
export function mendsHref(isOver: boolean): string {
  return isOver ? '/reconciliation/mends?show=closed' : '/reconciliation/mends';
}

function lastMonth(now: Date): string {
  return periodOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)));
}
