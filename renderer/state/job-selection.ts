import { create } from 'zustand';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { isSameFilter, printJobQuery } from '#contract/query/job-query.ts';
import type { JobFilter } from '#contract/job-views.ts';

/** Which jobs of the list are chosen: single ones by their ids, or everything that a filter matches. */
export type JobSelection =
  { readonly kind: 'ids'; readonly ids: ReadonlySet<string> } | { readonly kind: 'filter'; readonly filter: JobFilter };

const NO_SELECTION: JobSelection = { kind: 'ids', ids: new Set() };

interface SelectionState {
  readonly selection: JobSelection;
  /** Where a range begins. */
  readonly anchorId: string | null;
  readonly toggle: (id: string) => void;
  /** Chooses everything between the anchor and the row, in the order of the list, besides what was chosen before. */
  readonly extendTo: (id: string, order: readonly string[]) => void;
  readonly selectAll: (filter: JobFilter) => void;
  readonly clear: () => void;
}

/** What is chosen in the list of jobs. */
export const useJobSelection = create<SelectionState>()((set) => ({
  selection: NO_SELECTION,
  anchorId: null,
  toggle: (id) =>
    set(({ selection }) => ({ selection: { kind: 'ids', ids: toggled(idsOf(selection), id) }, anchorId: id })),
  extendTo: (id, order) =>
    set(({ selection, anchorId }) => {
      const ids = new Set(idsOf(selection));
      for (const each of between(order, anchorId ?? id, id)) ids.add(each);
      return { selection: { kind: 'ids', ids }, anchorId: anchorId ?? id };
    }),
  selectAll: (filter) => set({ selection: { kind: 'filter', filter }, anchorId: null }),
  clear: () => set({ selection: NO_SELECTION, anchorId: null }),
}));

/** True where everything is chosen that a filter matches. */
export function isAllOf(selection: JobSelection, filter: JobFilter): boolean {
  if (selection.kind === 'ids') return false;
  return isSameFilter(selection.filter, filter);
}

/** True where a job is known to be chosen. @param isAll see {@link isAllOf}: of all that another filter matches nobody knows here */
export function isSelected(selection: JobSelection, id: string, isAll: boolean): boolean {
  return selection.kind === 'filter' ? isAll : selection.ids.has(id);
}

/** The address at which a retry of what is chosen is planned. */
export function planHref(selection: JobSelection): string {
  const params = new URLSearchParams(
    selection.kind === 'ids'
      ? { ids: [...selection.ids].map((id) => encodeURIComponent(id.toWellFormed())).join(',') }
      : { where: printJobQuery(selection.filter, CREDIT_SCALE) },
  );
  return `/plans/new?${params.toString()}`;
}

function idsOf(selection: JobSelection): ReadonlySet<string> {
  return selection.kind === 'ids' ? selection.ids : new Set();
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}

function between(order: readonly string[], from: string, to: string): readonly string[] {
  const [start, end] = [order.indexOf(from), order.indexOf(to)];
  if (start < 0 || end < 0) return [to];
  return order.slice(Math.min(start, end), Math.max(start, end) + 1);
}
