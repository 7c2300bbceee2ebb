/* oxlint-disable react/incompatible-library -- it tells the React compiler to leave this component alone; the compiler is not used here */
/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import {
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
} from 'react';
import type { JobFilter, JobRow, JobSort } from '#contract/job-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { LIVE_PAGES_MAX, type useJobPages } from '../../state/engine-queries.tsx';
import type { ShownRow } from '../../state/held-rows.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { isSelected, useJobSelection } from '../../state/job-selection.ts';
import { gridTracks, shownColumns, type JobsColumns } from './jobs-columns.ts';
import { TableHead } from './jobs-table-head.tsx';
import { NewsBar, TableFoot } from './jobs-table-parts.tsx';
import { JobsTableRow } from './jobs-table-row.tsx';
import { rowAfterKey } from './row-keys.ts';
import { useHeldRows } from './use-held-rows.ts';
import { useReading } from './use-reading.ts';
import { useKeptScroll, useNextPage } from './use-table-scroll.ts';

/** The heights of a row and of the head in pixels; jobs.css draws them. */
const ROW_PX = 36;
const HEAD_PX = 34;
/** Rows beyond the visible ones that are kept ready. */
const OVERSCAN_ROWS = 15;

interface JobsTableProps {
  readonly jobs: ReturnType<typeof useJobPages>;
  readonly pages: readonly { readonly rows: readonly JobRow[] }[];
  /** The address of what was asked, to tell one list from another. */
  readonly query: string;
  readonly filter: JobFilter;
  readonly columns: JobsColumns;
  readonly sort: JobSort;
  readonly onSort: (sort: JobSort) => void;
}

/** The live table. Only the rows in sight exist; the next page is read before the last row is reached. */
export function JobsTable({ jobs, pages, query, filter, columns, sort, onSort }: JobsTableProps): ReactNode {
  const { list, readFirstPageOnly } = jobs;
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useActiveRow(scroller);
  const { isReading, handlers } = useReading(activeId !== null);
  const answered = list.isPlaceholderData ? null : query;
  const { shown, letIn } = useHeldRows({ pages, query: answered, isReading });
  const { rows, waitingCount } = shown;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    // The head covers the first pixels of what is scrolled, so the last row is in sight only above them.
    scrollPaddingEnd: HEAD_PX,
    getItemKey: (index) => rows[index]?.row.id ?? index,
  });
  useNextPage(list, rows.length, virtualizer.getVirtualItems().at(-1)?.index ?? 0);
  useKeptScroll(scroller, answered);
  const tracks = gridTracks(columns);
  useLayoutEffect(() => scroller.current?.style.setProperty('--jobs-tracks', tracks), [tracks]);
  const activeIndex = activeId === null ? -1 : rows.findIndex(({ row }) => row.id === activeId);
  const backToTop = (): void => {
    letIn();
    if (scroller.current !== null) scroller.current.scrollTop = 0;
    if (pages.length > LIVE_PAGES_MAX) readFirstPageOnly();
  };
  return (
    <div className="jobs-table" data-updating={list.isPlaceholderData}>
      <NewsBar waitingCount={waitingCount} isFarDown={pages.length > LIVE_PAGES_MAX} onClick={backToTop} />
      <div
        ref={scroller}
        className="jobs-scroll"
        role="grid"
        aria-label="Jobs"
        aria-multiselectable
        aria-rowcount={list.hasNextPage ? -1 : rows.length + 1}
        aria-activedescendant={activeIndex < 0 ? undefined : rowDomId(activeIndex)}
        aria-busy={list.isPlaceholderData}
        tabIndex={0}
        onKeyDown={(event) => {
          if (chooseByKey(event, { activeId, filter, order: () => rows.map(({ row }) => row.id) })) return;
          const next = moveByKey(event, rows, activeIndex);
          const nextId = next === null ? undefined : rows[next]?.row.id;
          if (next === null || nextId === undefined) return;
          if (event.shiftKey && activeId !== null) chooseRange(activeId, nextId, rows);
          setActiveId(nextId);
          virtualizer.scrollToIndex(next);
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
          chooseByClick(event, jobId, rows);
        }}
        onDoubleClick={(event) => {
          const jobId = jobIdAt(event.target);
          if (jobId !== null) navigateTo(jobHref(jobId));
        }}
        {...handlers}
      >
        <TableHead columns={columns} sort={sort} onSort={onSort} />
        <VisibleRows
          virtualizer={virtualizer}
          rows={rows}
          activeIndex={activeIndex}
          columnIds={shownColumns(columns)
            .map(({ id }) => id)
            .join(' ')}
        />
      </div>
      <TableFoot list={list} pageCount={pages.length} rowCount={rows.length} />
    </div>
  );
}

function VisibleRows({
  virtualizer,
  rows,
  activeIndex,
  columnIds,
}: {
  virtualizer: Virtualizer<HTMLDivElement, Element>;
  rows: readonly ShownRow<JobRow>[];
  activeIndex: number;
  columnIds: string;
}): ReactNode {
  const selection = useJobSelection((state) => state.selection);
  return (
    <div role="rowgroup" className="jobs-body" style={{ height: virtualizer.getTotalSize() }}>
      {virtualizer.getVirtualItems().map(({ index, key, start }) => {
        const shown = rows[index];
        if (shown === undefined) return null;
        return (
          <JobsTableRow
            key={key}
            row={shown.row}
            domId={rowDomId(index)}
            index={index}
            topPx={start}
            columnIds={columnIds}
            isActive={index === activeIndex}
            isChosen={isSelected(selection, shown.row.id)}
            hasLeft={shown.hasLeft}
          />
        );
      })}
    </div>
  );
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

/** The row that a key moves the cursor to, null for none; Enter opens the row that has it. */
function moveByKey(
  event: KeyboardEvent<HTMLDivElement>,
  rows: readonly ShownRow<JobRow>[],
  active: number,
): number | null {
  const isOnGrid = event.target === event.currentTarget;
  if (!isOnGrid || event.altKey || event.ctrlKey || event.metaKey) return null;
  const activeRow = rows[active];
  if (event.key === 'Enter' && activeRow !== undefined) navigateTo(jobHref(activeRow.row.id));
  const pageRows = Math.max(1, Math.floor(event.currentTarget.clientHeight / ROW_PX) - 2);
  const next = rowAfterKey(event.key, { active, rowCount: rows.length, pageRows });
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

function chooseRange(fromId: string, toId: string, rows: readonly ShownRow<JobRow>[]): void {
  const { anchorId, toggle, extendTo } = useJobSelection.getState();
  if (anchorId === null) toggle(fromId);
  extendTo(
    toId,
    rows.map(({ row }) => row.id),
  );
}

/** A click on the box chooses a row, with Shift everything up to it, with Ctrl from anywhere in the row. */
function chooseByClick(event: MouseEvent, jobId: string, rows: readonly ShownRow<JobRow>[]): void {
  const isOnBox = event.target instanceof Element && event.target.closest('[data-choose]') !== null;
  const { toggle, extendTo } = useJobSelection.getState();
  if (event.shiftKey) {
    extendTo(
      jobId,
      rows.map(({ row }) => row.id),
    );
  } else if (isOnBox || event.ctrlKey || event.metaKey) {
    toggle(jobId);
  }
}

/** The job whose row was hit, null for none. */
function jobIdAt(target: EventTarget): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-job-id]') : null;
  return row?.dataset['jobId'] ?? null;
}

function rowDomId(index: number): string {
  return `jobs-row-${index}`;
}
