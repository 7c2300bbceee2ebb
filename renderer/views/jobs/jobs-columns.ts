import {
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  createColumnHelper,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import type { JobRow, JobSort } from '#contract/job-views.ts';
import { useColumnLayout } from '../../state/table-columns.ts';

/** A column of the list; `sort` names the order that a click on its head asks for, null where there is none. */
export interface JobsColumn {
  readonly id:
    | 'state'
    | 'job'
    | 'kind'
    | 'prompt'
    | 'workspace'
    | 'user'
    | 'provider'
    | 'model'
    | 'code'
    | 'attempt'
    | 'charge'
    | 'price'
    | 'created'
    | 'updated';
  readonly title: string;
  readonly sort: JobSort['column'] | null;
  /** The direction of the first click. */
  readonly first: JobSort['direction'];
  /** In pixels, until somebody drags its edge. */
  readonly widthPx: number;
  /** False where it is shown only when somebody asks for it. */
  readonly isUsual: boolean;
}

/** The columns from left to right. */
export const JOBS_COLUMNS: readonly JobsColumn[] = [
  { id: 'state', title: 'State', sort: 'state', first: 'ascending', widthPx: 114, isUsual: true },
  { id: 'job', title: 'Job', sort: null, first: 'ascending', widthPx: 132, isUsual: true },
  { id: 'kind', title: 'Kind', sort: 'kind', first: 'ascending', widthPx: 68, isUsual: true },
  { id: 'prompt', title: 'Prompt or error', sort: null, first: 'ascending', widthPx: 150, isUsual: true },
  { id: 'workspace', title: 'Workspace', sort: 'workspace', first: 'ascending', widthPx: 92, isUsual: true },
  { id: 'user', title: 'User', sort: null, first: 'ascending', widthPx: 92, isUsual: false },
  { id: 'provider', title: 'Provider', sort: null, first: 'ascending', widthPx: 92, isUsual: false },
  { id: 'model', title: 'Model', sort: null, first: 'ascending', widthPx: 110, isUsual: false },
  { id: 'code', title: 'Code', sort: null, first: 'ascending', widthPx: 140, isUsual: false },
  { id: 'attempt', title: 'Try', sort: null, first: 'ascending', widthPx: 36, isUsual: true },
  { id: 'charge', title: 'Charge', sort: null, first: 'ascending', widthPx: 104, isUsual: true },
  { id: 'price', title: 'Price', sort: 'price', first: 'descending', widthPx: 60, isUsual: true },
  { id: 'created', title: 'Created', sort: 'createdAt', first: 'descending', widthPx: 76, isUsual: true },
  { id: 'updated', title: 'Changed', sort: 'updatedAt', first: 'descending', widthPx: 76, isUsual: true },
];

/** The order after a click on a column's head: its first direction, or the other way round where it is sorted by already. */
export function sortAfterClick(current: JobSort, column: JobsColumn): JobSort {
  if (column.sort === null) return current;
  if (current.column !== column.sort) return { column: column.sort, direction: column.first };
  return { column: column.sort, direction: current.direction === 'ascending' ? 'descending' : 'ascending' };
}

const features = tableFeatures({ columnSizingFeature, columnResizingFeature, columnVisibilityFeature });
const helper = createColumnHelper<typeof features, JobRow>();
const DEFINITIONS = helper.columns(
  JOBS_COLUMNS.map(({ id, title, widthPx }) =>
    helper.display({ id, header: title, size: widthPx, minSize: 34, maxSize: 900 }),
  ),
);
/** Rows are placed by the virtual list; the table knows its columns only. */
const NO_ROWS: JobRow[] = [];
const USUAL_VISIBILITY = Object.fromEntries(JOBS_COLUMNS.map(({ id, isUsual }) => [id, isUsual]));

/** The columns that this person wants, with their widths. */
export function useJobsColumns() {
  const { sizes, visible, setSizes, setVisible } = useColumnLayout();
  const columnVisibility = { ...USUAL_VISIBILITY, ...visible };
  return useTable({
    features,
    columns: DEFINITIONS,
    data: NO_ROWS,
    columnResizeMode: 'onChange',
    state: { columnSizing: sizes, columnVisibility },
    onColumnSizingChange: (change) => setSizes(typeof change === 'function' ? change(sizes) : change),
    onColumnVisibilityChange: (change) => setVisible(typeof change === 'function' ? change(columnVisibility) : change),
  });
}
export type JobsColumns = ReturnType<typeof useJobsColumns>;

/** The shown columns, left to right. */
export function shownColumns(columns: JobsColumns): readonly JobsColumn[] {
  return JOBS_COLUMNS.filter(({ id }) => columns.getColumn(id)?.getIsVisible() === true);
}

/** The tracks of the grid that head and rows share; the prompt takes what is left. */
export function gridTracks(columns: JobsColumns): string {
  const tracks = shownColumns(columns).map(({ id, widthPx }) => {
    const sizePx = columns.getColumn(id)?.getSize() ?? widthPx;
    return id === 'prompt' ? `minmax(${sizePx}px, 1fr)` : `${sizePx}px`;
  });
  return ['22px', ...tracks].join(' ');
}
