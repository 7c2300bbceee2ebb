/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import type { JobSort } from '#contract/job-views.ts';
import { shownColumns, sortAfterClick, type JobsColumn, type JobsColumns } from './jobs-columns.ts';

interface TableHeadProps {
  readonly columns: JobsColumns;
  readonly sort: JobSort;
  readonly onSort: (sort: JobSort) => void;
}

/** The heads of the columns; those that can be sorted by are buttons, and the right edge of each sets its width. */
export function TableHead({ columns, sort, onSort }: TableHeadProps): ReactNode {
  return (
    <div role="rowgroup" className="jobs-head">
      <div role="row" className="jobs-grid" aria-rowindex={1}>
        <div role="columnheader">
          <span className="visually-hidden">Chosen</span>
        </div>
        {shownColumns(columns).map((column) => {
          const isSorted = column.sort !== null && column.sort === sort.column;
          const Arrow = sort.direction === 'ascending' ? ArrowUp : ArrowDown;
          return (
            <div
              key={column.id}
              role="columnheader"
              aria-sort={isSorted ? sort.direction : undefined}
              className={column.id === 'price' ? 'number' : undefined}
            >
              {column.sort === null ? (
                <span className="head-title">{column.title}</span>
              ) : (
                <button type="button" className="head-button" onClick={() => onSort(sortAfterClick(sort, column))}>
                  <span className="head-title">{column.title}</span>
                  {isSorted && <Arrow aria-hidden size={13} />}
                </button>
              )}
              <WidthHandle columns={columns} column={column} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const STEP_PX = 12;

/** The edge of a column: dragged, moved with the arrow keys, and set back with a double click. */
function WidthHandle({ columns, column }: { columns: JobsColumns; column: JobsColumn }): ReactNode {
  const header = columns.getFlatHeaders().find(({ id }) => id === column.id);
  if (header === undefined) return null;
  const sizePx = header.column.getSize();
  const resize = header.getResizeHandler();
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? STEP_PX : event.key === 'ArrowLeft' ? -STEP_PX : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    columns.setColumnSizing((sizes) => ({ ...sizes, [column.id]: Math.min(900, Math.max(34, sizePx + step)) }));
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${column.title}`}
      aria-valuenow={Math.round(sizePx)}
      aria-valuemin={34}
      aria-valuemax={900}
      tabIndex={0}
      className="width-handle"
      data-resizing={header.column.getIsResizing()}
      onMouseDown={resize}
      onTouchStart={resize}
      onDoubleClick={() => header.column.resetSize()}
      onKeyDown={onKeyDown}
    />
  );
}
