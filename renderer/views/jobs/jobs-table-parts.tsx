/* oxlint-disable jsx-a11y/prefer-tag-over-role -- an output is of no use around buttons and placeholders, which a status may hold */
import { ArrowUpToLine, LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { LOADED_PAGES_MAX, type useJobPages } from '../../state/engine-queries.tsx';

/** New rows wait behind this bar while somebody reads; far down it says that the list stands still. It lies over the rows, so nothing moves. */
export function NewsBar({
  waitingCount,
  isFarDown,
  onClick,
}: {
  waitingCount: number;
  isFarDown: boolean;
  onClick: () => void;
}): ReactNode {
  if (waitingCount === 0 && !isFarDown) return null;
  return (
    <div className="news-bar" role="status">
      <button type="button" className="news-button" onClick={onClick}>
        <ArrowUpToLine aria-hidden size={14} />
        {isFarDown ? 'Not live this far down: back to the top' : `${waitingCount} new`}
      </button>
    </div>
  );
}

/** What is loaded and what comes next, below the rows and always of one height. */
export function TableFoot({
  list,
  pageCount,
  rowCount,
}: {
  list: ReturnType<typeof useJobPages>['list'];
  pageCount: number;
  rowCount: number;
}): ReactNode {
  return (
    <footer className="table-foot">
      <span className="tabular">{rowCount.toLocaleString('en')} rows loaded</span>
      <FootState list={list} pageCount={pageCount} />
    </footer>
  );
}

function FootState({
  list,
  pageCount,
}: {
  list: ReturnType<typeof useJobPages>['list'];
  pageCount: number;
}): ReactNode {
  if (list.error !== null) {
    const askAgain = (): void => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch());
    return (
      <span role="alert" className="text-danger">
        {explainError(toWireError(list.error))}{' '}
        <button type="button" className="text-button" onClick={askAgain}>
          Try again
        </button>
      </span>
    );
  }
  if (list.isFetchingNextPage) {
    return (
      <span>
        <LoaderCircle aria-hidden size={13} className="is-turning" /> Reading more…
      </span>
    );
  }
  if (pageCount >= LOADED_PAGES_MAX) return <span>No more rows are loaded: narrow the filter to get further.</span>;
  return list.hasNextPage ? <span>Scroll for more</span> : <span>All shown</span>;
}

/** The look of the table before the first rows are there: as high as rows, so nothing jumps when they come. */
export function JobsTableSkeleton(): ReactNode {
  return (
    <div className="jobs-table" role="status" aria-label="Reading the jobs">
      <div className="jobs-scroll is-skeleton" aria-hidden>
        {Array.from({ length: 14 }, (_, index) => (
          <div key={index} className="skeleton-row">
            <span />
            <span />
            <span />
          </div>
        ))}
      </div>
    </div>
  );
}
