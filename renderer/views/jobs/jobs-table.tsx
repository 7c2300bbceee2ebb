/* oxlint-disable react/incompatible-library -- it tells the React compiler to leave this component alone; the compiler is not used here */
/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { JobRow, JobSort } from '#contract/job-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { LIVE_PAGES_MAX, type useJobPages } from '../../state/engine-queries.tsx';
import type { ShownRow } from '../../state/held-rows.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { NewsBar, TableFoot, TableHead } from './jobs-table-parts.tsx';
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
  readonly sort: JobSort;
  readonly onSort: (sort: JobSort) => void;
}

/** The live table. Only the rows in sight exist; the next page is read before the last row is reached. */
export function JobsTable({ jobs, pages, query, sort, onSort }: JobsTableProps): ReactNode {
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
        aria-rowcount={list.hasNextPage ? -1 : rows.length + 1}
        aria-activedescendant={activeIndex < 0 ? undefined : rowDomId(activeIndex)}
        aria-busy={list.isPlaceholderData}
        tabIndex={0}
        onKeyDown={(event) => {
          const next = moveByKey(event, rows, activeIndex);
          if (next === null) return;
          setActiveId(rows[next]?.row.id ?? null);
          virtualizer.scrollToIndex(next);
        }}
        onClick={(event) => setActiveId(jobIdAt(event.target) ?? activeId)}
        onDoubleClick={(event) => {
          const jobId = jobIdAt(event.target);
          if (jobId !== null) navigateTo(jobHref(jobId));
        }}
        {...handlers}
      >
        <TableHead sort={sort} onSort={onSort} />
        <VisibleRows virtualizer={virtualizer} rows={rows} activeIndex={activeIndex} />
      </div>
      <TableFoot list={list} pageCount={pages.length} rowCount={rows.length} />
    </div>
  );
}

function VisibleRows({
  virtualizer,
  rows,
  activeIndex,
}: {
  virtualizer: Virtualizer<HTMLDivElement, Element>;
  rows: readonly ShownRow<JobRow>[];
  activeIndex: number;
}): ReactNode {
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
            isActive={index === activeIndex}
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

/** The job whose row was hit, null for none. */
function jobIdAt(target: EventTarget): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-job-id]') : null;
  return row?.dataset['jobId'] ?? null;
}

function rowDomId(index: number): string {
  return `jobs-row-${index}`;
}
