/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import type { JobFilter, JobRow } from '#contract/job-views.ts';
import { isAllOf, isSelected, useJobSelection } from '../../state/job-selection.ts';
import type { ShownRow } from '../../state/held-rows.ts';
import { ROW_PX } from '../../state/job-window.ts';
import { JobsTableRow, type JobsCell } from './jobs-table-row.tsx';
import { RowSlots } from './row-slots.ts';
import { elementHeight } from './scaled-scroll.ts';
import { useFirstRowsMark } from './use-first-rows-mark.ts';
import type { ScaledScroll } from './use-scaled-scroll.ts';

/** After so long in one place rows are put in their order in the page, in milliseconds. */
const AT_REST_MS = 150;

/** The rows in sight, each in a place of the page that it keeps while it is there; see {@link RowSlots}. */
export function VisibleRows({
  scroll: { position, span },
  first,
  last,
  firstRank,
  rows,
  activeIndex,
  filter,
  cells,
}: {
  scroll: ScaledScroll;
  first: number;
  last: number;
  /** The rank of the first of the rows. */
  firstRank: number;
  rows: readonly ShownRow<JobRow>[];
  activeIndex: number;
  filter: JobFilter;
  cells: readonly JobsCell[];
}): ReactNode {
  const selection = useJobSelection((state) => state.selection);
  const isAll = isAllOf(selection, filter);
  const body = useRef<HTMLDivElement>(null);
  const heightPx = elementHeight(span);
  useLayoutEffect(() => body.current?.style.setProperty('height', `${heightPx}px`), [heightPx]);
  // In a list that is higher than an element may be, rows stand where the element is and not where they would be.
  const topOf = (rank: number): number => rank * ROW_PX + position.topPx - position.offsetPx;
  const ranks = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
  const shown = ranks.flatMap((rank) => {
    const row = rows[rank - firstRank];
    return row === undefined ? [] : [{ ...row, rank }];
  });
  const [slots] = useState(() => new RowSlots());
  const isAtRest = useAtRest(first);
  const placed = slots.place(
    shown.map(({ row }) => row.id),
    isAtRest,
  );
  useFocusOfRow(body);
  useFirstRowsMark(shown.length > 0);
  return (
    <div role="rowgroup" className="jobs-body" ref={body}>
      {placed.map(({ slot, index }) => {
        const one = shown[index];
        if (one === undefined) return null;
        return (
          <JobsTableRow
            key={slot}
            row={one.row}
            domId={rowDomId(one.rank)}
            index={one.rank}
            topPx={topOf(one.rank)}
            cells={cells}
            isActive={one.rank - firstRank === activeIndex}
            isChosen={isSelected(selection, one.row.id, isAll)}
            hasLeft={one.hasLeft}
          />
        );
      })}
      {ranks
        .filter((rank) => rows[rank - firstRank] === undefined)
        .map((rank) => (
          <EmptyRow key={`rank ${rank}`} topPx={topOf(rank)} rank={rank} />
        ))}
    </div>
  );
}

/** Gives the focus back to the table where the element that has it has come to show another job. */
function useFocusOfRow(body: RefObject<HTMLDivElement | null>): void {
  const focusedId = useRef<string | null>(null);
  useEffect(() => {
    const element = body.current;
    const onFocus = ({ target }: FocusEvent): void => {
      focusedId.current = jobIdAt(target);
    };
    element?.addEventListener('focusin', onFocus);
    return () => element?.removeEventListener('focusin', onFocus);
  }, [body]);
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (focusedId.current === null || focused === null || body.current?.contains(focused) !== true) return;
    if (jobIdAt(focused) === focusedId.current) return;
    focusedId.current = null;
    body.current.closest<HTMLElement>('[role="grid"]')?.focus({ preventScroll: true });
  });
}

/** True as soon as a number has stayed the same for a moment. */
function useAtRest(now: number): boolean {
  const [rested, setRested] = useState(now);
  useEffect(() => {
    const timer = setTimeout(() => setRested(now), AT_REST_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return rested === now;
}

/** Stands for a row that is being read. */
function EmptyRow({ topPx, rank }: { topPx: number; rank: number }): ReactNode {
  return (
    <div role="row" className="jobs-row is-empty" aria-rowindex={rank + 2} aria-busy style={{ top: topPx }}>
      <div role="gridcell">
        <span className="visually-hidden">Being read</span>
      </div>
    </div>
  );
}

/** The job whose row was hit, null for none. */
export function jobIdAt(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-job-id]') : null;
  return row?.dataset['jobId'] ?? null;
}

/** The id in the page of the row of a rank. */
export function rowDomId(rank: number): string {
  return `jobs-row-${rank}`;
}
