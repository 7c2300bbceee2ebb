/* oxlint-disable jsx-a11y/prefer-tag-over-role -- an output is of no use around buttons and placeholders, which a status may hold */
import { ArrowUpToLine, LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { formatCount } from '#domain/counted.ts';
import { toWireError } from '../../state/engine-failure.ts';
import type { JobWindow } from '../../state/job-window.ts';

/** New rows wait behind this bar while somebody reads. It lies over the rows, so nothing moves. */
export function NewsBar({ waitingCount, onClick }: { waitingCount: number; onClick: () => void }): ReactNode {
  if (waitingCount === 0) return null;
  return (
    <div className="news-bar" role="status">
      <button type="button" className="news-button" onClick={onClick}>
        <ArrowUpToLine aria-hidden size={14} />
        {waitingCount} new
      </button>
    </div>
  );
}

/** Which rows are in sight, and of how many, below them and always of one height. */
export function TableFoot({
  jobs,
  rowCount,
  first,
  last,
}: {
  jobs: JobWindow;
  rowCount: number;
  first: number;
  last: number;
}): ReactNode {
  const { list, isTotalKnown } = jobs;
  return (
    <footer className="table-foot">
      <span className="tabular">
        Rows {formatCount(first + 1)} to {formatCount(last + 1)} of {isTotalKnown ? '' : 'at least '}
        {formatCount(rowCount)}
      </span>
      <FootState list={list} />
    </footer>
  );
}

function FootState({ list }: { list: JobWindow['list'] }): ReactNode {
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
  return list.hasNextPage ? null : <span>The end of the list is loaded</span>;
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
