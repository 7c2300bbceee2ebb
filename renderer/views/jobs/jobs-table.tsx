/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import {
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
} from 'react';
import type { JobFilter, JobRow, JobSort } from '#contract/job-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { OVERSCAN_ROWS, ROW_PX, type JobWindow } from '../../state/job-window.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { useJobSelection } from '../../state/job-selection.ts';
import { gridTracks, shownColumns, type JobsColumns } from './jobs-columns.ts';
import { TableHead } from './jobs-table-head.tsx';
import { NewsBar, TableFoot } from './jobs-table-parts.tsx';
import type { JobsCell } from './jobs-table-row.tsx';
import { rowAfterKey } from './row-keys.ts';
import { useHeldRows } from './use-held-rows.ts';
import { useReading } from './use-reading.ts';
import { useScaledScroll, type ScaledScroll } from './use-scaled-scroll.ts';
import { useSeenOrder } from './use-seen-order.ts';
import { useKeptScroll } from './use-table-scroll.ts';
import { jobIdAt, rowDomId, VisibleRows } from './visible-rows.tsx';

/** The height of the head in pixels; jobs-table.css draws it. */
const HEAD_PX = 34;
/** After so long at the top of a list the rows below it are read, in milliseconds. */
const READ_AHEAD_AFTER_MS = 100;

interface JobsTableProps {
  readonly jobs: JobWindow;
  readonly pages: readonly { readonly rows: readonly JobRow[] }[];
  /** The address of what was asked, to tell one list from another. */
  readonly query: string;
  readonly filter: JobFilter;
  readonly columns: JobsColumns;
  readonly sort: JobSort;
  readonly onSort: (sort: JobSort) => void;
}

/** The live table. Only the rows in sight exist; those around them are loaded, wherever in the list they are. */
export function JobsTable({ jobs, pages, query, filter, columns, sort, onSort }: JobsTableProps): ReactNode {
  const { list, firstRank } = jobs;
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useActiveRow(scroller);
  const { isReading, ofTable, ofRows } = useReading(activeId !== null);
  const answered = list.isPlaceholderData ? null : query;
  const { shown, letIn } = useHeldRows({
    pages,
    query: list.isPlaceholderData ? null : jobs.stretch,
    isReading: isReading || firstRank > 0,
  });
  const { rows } = shown;
  // What waits to be let in is not among the rows yet.
  const rowCount = Math.max(firstRank + rows.length, jobs.total - (list.hasNextPage ? 0 : shown.waitingCount));
  const scroll = useScaledScroll(scroller, { rowsPx: rowCount * ROW_PX, headPx: HEAD_PX });
  const [first, last] = rowsInSight(scroll, rowCount);
  const { look } = jobs;
  useEffect(() => {
    // What lies below the top can wait until the top is drawn; whoever scrolls is ahead of that at once.
    const timer = setTimeout(() => look(first, last), first === 0 ? READ_AHEAD_AFTER_MS : 0);
    return () => clearTimeout(timer);
  }, [look, first, last]);
  useKeptScroll(scroll, answered, jobs.place);
  const seen = useSeenOrder(query, firstRank, rows);
  const tracks = gridTracks(columns);
  useLayoutEffect(() => scroller.current?.style.setProperty('--jobs-tracks', tracks), [tracks]);
  const cells = useCells(columns);
  const [wantedRank, setWantedRank] = useState<number | null>(null);
  const activeIndex = activeId === null ? -1 : rows.findIndex(({ row }) => row.id === activeId);
  /** The row with the cursor, where this list has it: what nobody sees is not chosen. */
  const seenActiveId = activeIndex < 0 ? null : activeId;
  const activeRank = wantedRank ?? (activeIndex < 0 ? null : firstRank + activeIndex);
  const idAt = (rank: number): string | undefined => rows[rank - firstRank]?.row.id;
  const wantedId = wantedRank === null ? undefined : idAt(wantedRank);
  // The row that the keyboard went to takes the cursor as soon as it is loaded.
  if (wantedId !== undefined) {
    setActiveId(wantedId);
    setWantedRank(null);
  }
  const backToTop = (): void => {
    letIn();
    jobs.backToTop();
    scroll.scrollTo(0);
    // The bar's button goes with what waited, and would take the keyboard with it.
    scroller.current?.focus({ preventScroll: true });
  };
  const goTo = (rank: number): void => {
    setWantedRank(rank);
    scroll.scrollTo(offsetShowing(rank, scroll));
  };
  return (
    <div className="jobs-table" data-updating={list.isPlaceholderData} {...ofTable}>
      <NewsBar waitingCount={firstRank === 0 ? shown.waitingCount : 0} onClick={backToTop} />
      <div
        ref={scroller}
        className="jobs-scroll"
        role="grid"
        aria-label="Jobs"
        aria-multiselectable
        aria-rowcount={jobs.isTotalKnown ? rowCount + 1 : -1}
        aria-activedescendant={activeIndex < 0 ? undefined : rowDomId(firstRank + activeIndex)}
        aria-busy={list.isPlaceholderData}
        tabIndex={0}
        onKeyDown={(event) => {
          if (chooseByKey(event, { activeId: seenActiveId, filter, order: seen })) return;
          const next = moveByKey(event, { rowCount, active: activeRank ?? -1, activeId });
          if (next === null) return;
          const nextId = idAt(next);
          if (event.shiftKey && seenActiveId !== null && nextId !== undefined) {
            chooseRange(seenActiveId, nextId, seen());
          }
          goTo(next);
        }}
        onMouseDown={(event) => {
          // A range of rows is meant, not the text of the page between two clicks.
          if (!event.shiftKey || jobIdAt(event.target) === null) return;
          event.preventDefault();
          event.currentTarget.focus({ preventScroll: true });
        }}
        onClick={(event) => {
          const jobId = jobIdAt(event.target);
          if (jobId === null) return;
          setActiveId(jobId);
          chooseByClick(event, jobId, seen());
        }}
        onDoubleClick={(event) => {
          const jobId = jobIdAt(event.target);
          if (jobId !== null) navigateTo(jobHref(jobId));
        }}
        {...ofRows}
      >
        <TableHead columns={columns} sort={sort} onSort={onSort} />
        <VisibleRows
          scroll={scroll}
          first={Math.max(0, first - OVERSCAN_ROWS)}
          last={Math.min(rowCount - 1, last + OVERSCAN_ROWS)}
          firstRank={firstRank}
          rows={rows}
          activeIndex={activeIndex}
          filter={filter}
          cells={cells}
        />
      </div>
      <TableFoot jobs={jobs} rowCount={rowCount} first={first} last={last} />
    </div>
  );
}

/** The shown columns with their widths, as the same list for as long as nobody changes them. */
function useCells(columns: JobsColumns): readonly JobsCell[] {
  const shown = shownColumns(columns).map(({ id, widthPx }) => ({
    id,
    widthPx: columns.getColumn(id)?.getSize() ?? widthPx,
  }));
  const key = JSON.stringify(shown);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the text says all that the list holds
  return useMemo(() => shown, [key]);
}

/** The ranks of the first and the last row that can be seen. */
function rowsInSight({ position, span }: ScaledScroll, rowCount: number): readonly [number, number] {
  const last = Math.min(rowCount - 1, Math.floor((position.offsetPx + span.viewPx - 1) / ROW_PX));
  return [Math.min(last, Math.floor(position.offsetPx / ROW_PX)), last];
}

/** The offset at which a row is in sight; the one that there is where it is already. */
function offsetShowing(rank: number, { position, span }: ScaledScroll): number {
  const [top, bottom] = [rank * ROW_PX, (rank + 1) * ROW_PX];
  if (top < position.offsetPx) return top;
  return bottom > position.offsetPx + span.viewPx ? bottom - span.viewPx : position.offsetPx;
}

/** The row with the keyboard's cursor. Whoever comes back from a job finds the cursor on it. */
function useActiveRow(
  scroller: React.RefObject<HTMLDivElement | null>,
): readonly [string | null, (id: string | null) => void] {
  const [activeId, setActiveId] = useState(() => useScreenMemory.getState().activeJobId);
  useEffect(() => {
    if (useScreenMemory.getState().activeJobId !== null) scroller.current?.focus({ preventScroll: true });
  }, [scroller]);
  useEffect(() => useScreenMemory.getState().rememberActiveJob(activeId), [activeId]);
  return [activeId, setActiveId];
}

/** The row that a key moves the cursor to, by its rank; null for none. Enter opens the row that has it. */
function moveByKey(
  event: KeyboardEvent<HTMLDivElement>,
  {
    rowCount,
    active,
    activeId,
  }: { readonly rowCount: number; readonly active: number; readonly activeId: string | null },
): number | null {
  const isOnGrid = event.target === event.currentTarget;
  if (!isOnGrid || event.altKey || event.ctrlKey || event.metaKey) return null;
  if (event.key === 'Enter' && activeId !== null && active >= 0) navigateTo(jobHref(activeId));
  const pageRows = Math.max(1, Math.floor(event.currentTarget.clientHeight / ROW_PX) - 2);
  const next = rowAfterKey(event.key, { active, rowCount, pageRows });
  if (next !== null) event.preventDefault();
  return next;
}

interface Choosing {
  readonly activeId: string | null;
  readonly filter: JobFilter;
  readonly order: () => readonly string[];
}

/** Chooses by keyboard: the row with the cursor, everything, or nothing. @returns true where the key meant that */
function chooseByKey(event: KeyboardEvent<HTMLDivElement>, { activeId, filter, order }: Choosing): boolean {
  if (event.target !== event.currentTarget || event.altKey) return false;
  const { toggle, extendTo, selectAll, clear } = useJobSelection.getState();
  if (event.key === 'a' && (event.ctrlKey || event.metaKey)) selectAll(filter);
  else if (event.key === 'Escape') clear();
  else if (event.key === ' ' && activeId !== null && event.shiftKey) extendTo(activeId, order());
  else if (event.key === ' ' && activeId !== null) toggle(activeId);
  else return false;
  event.preventDefault();
  return true;
}

function chooseRange(fromId: string, toId: string, order: readonly string[]): void {
  const { anchorId, toggle, extendTo } = useJobSelection.getState();
  if (anchorId === null) toggle(fromId);
  extendTo(toId, order);
}

/** A click on the box chooses a row, with Shift everything up to it, with Ctrl from anywhere in the row. */
function chooseByClick(event: MouseEvent, jobId: string, order: readonly string[]): void {
  const isOnBox = event.target instanceof Element && event.target.closest('[data-choose]') !== null;
  const { toggle, extendTo } = useJobSelection.getState();
  if (event.shiftKey) {
    extendTo(jobId, order);
  } else if (isOnBox || event.ctrlKey || event.metaKey) {
    toggle(jobId);
  }
}
