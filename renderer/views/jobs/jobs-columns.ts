import type { JobSort } from '#contract/job-views.ts';

/** A column of the list; `sort` names the order that a click on its head asks for, null where there is none. */
export interface JobsColumn {
  readonly id:
    | 'state'
    | 'job'
    | 'kind'
    | 'prompt'
    | 'workspace'
    | 'model'
    | 'attempt'
    | 'charge'
    | 'price'
    | 'created'
    | 'updated';
  readonly title: string;
  readonly sort: JobSort['column'] | null;
  /** The direction of the first click. */
  readonly first: JobSort['direction'];
}

/** The columns from left to right; their widths stand in jobs.css. */
export const JOBS_COLUMNS: readonly JobsColumn[] = [
  { id: 'state', title: 'State', sort: 'state', first: 'ascending' },
  { id: 'job', title: 'Job', sort: null, first: 'ascending' },
  { id: 'kind', title: 'Kind', sort: 'kind', first: 'ascending' },
  { id: 'prompt', title: 'Prompt or error', sort: null, first: 'ascending' },
  { id: 'workspace', title: 'Workspace', sort: 'workspace', first: 'ascending' },
  { id: 'model', title: 'Model', sort: null, first: 'ascending' },
  { id: 'attempt', title: 'Try', sort: null, first: 'ascending' },
  { id: 'charge', title: 'Charge', sort: null, first: 'ascending' },
  { id: 'price', title: 'Price', sort: 'price', first: 'descending' },
  { id: 'created', title: 'Created', sort: 'createdAt', first: 'descending' },
  { id: 'updated', title: 'Changed', sort: 'updatedAt', first: 'descending' },
];

/** The order after a click on a column's head: its first direction, or the other way round where it is sorted by already. */
export function sortAfterClick(current: JobSort, column: JobsColumn): JobSort {
  if (column.sort === null) return current;
  if (current.column !== column.sort) return { column: column.sort, direction: column.first };
  return { column: column.sort, direction: current.direction === 'ascending' ? 'descending' : 'ascending' };
}
