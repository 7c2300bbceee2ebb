import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, type ReactNode } from 'react';
import { useSearch } from 'wouter';
import type { JobFilter, JobSort } from '#contract/job-views.ts';
import { areLettersTaken } from '../../app/global-keys.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { OutsideNote } from '../../components/outside-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useJobWindow } from '../../state/job-window.ts';
import { parseJobsQuery, toJobsQuery, type JobsView } from '../../state/jobs-query-string.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { JumpBar } from './jump-bar.tsx';
import { JobsFilterBar } from './jobs-filter-bar.tsx';
import { useJobsColumns, type JobsColumns } from './jobs-columns.ts';
import { SelectionBar } from './selection-bar.tsx';
import { JobsTableSkeleton } from './jobs-table-parts.tsx';
import { JobsTable } from './jobs-table.tsx';
import { NoJobs } from './no-jobs.tsx';
import type { ChangeFilter } from './query-field.tsx';
import './filter-bar.css';
import './saved-views.css';
import './selection-bar.css';
import './chips.css';
import './jobs-table.css';

/** The list of jobs: filters above, the live table below. Filter and order stand in the address. */
export function JobsScreen(): ReactNode {
  useTitle('Jobs');
  const query = useSearch();
  const view = useMemo(() => parseJobsQuery(query), [query]);
  const rememberJobsQuery = useScreenMemory((memory) => memory.rememberJobsQuery);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => rememberJobsQuery(query), [query, rememberJobsQuery]);
  // What was typed takes effect a moment later; whatever else is changed meanwhile goes with it.
  const wished = useRef(view.filter);
  const setView = useCallback(
    (change: Partial<JobsView>, options: { replace?: boolean } = {}) => {
      const changed = toJobsQuery({ ...view, filter: wished.current, ...change });
      navigateTo(changed === '' ? '/jobs' : `/jobs?${changed}`, options);
    },
    [view],
  );
  const onTyped = useCallback((filter: JobFilter) => {
    wished.current = filter;
  }, []);
  const onChangeFilter = useCallback<ChangeFilter>(
    (change, options) => setView({ filter: change(wished.current) }, options),
    [setView],
  );
  const columns = useJobsColumns();
  useSearchKey(search);
  return (
    <>
      <h1 className="visually-hidden">Jobs</h1>
      <JobsFilterBar
        filter={view.filter}
        query={query}
        columns={columns}
        search={search}
        onTyped={onTyped}
        onChange={onChangeFilter}
      />
      <SelectionBar filter={view.filter} />
      <JumpBar view={view} onJump={(startAtMs) => setView({ startAtMs })} />
      <OutsideNote fromMs={sinceMsOf(view.filter)} />
      <JobsList view={view} query={query} columns={columns} onSort={(sort) => setView({ sort })} />
    </>
  );
}

function JobsList({
  view,
  query,
  columns,
  onSort,
}: {
  view: JobsView;
  query: string;
  columns: JobsColumns;
  onSort: (sort: JobSort) => void;
}): ReactNode {
  const jobs = useJobWindow(view, query);
  const { list } = jobs;
  if (list.isPending) return <JobsTableSkeleton />;
  if (list.data === undefined) return <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />;
  if (jobs.total === 0 && !list.isPlaceholderData) return <NoJobs view={view} />;
  return (
    <JobsTable
      jobs={jobs}
      pages={list.data.pages}
      query={query}
      filter={view.filter}
      columns={columns}
      sort={view.sort}
      onSort={onSort}
    />
  );
}

/** From when on a filter looks at jobs, null for all. */
function sinceMsOf({ since }: JobsView['filter']): number | null {
  if (since === null) return null;
  return 'atMs' in since ? since.atMs : Date.now() - since.agoSeconds * 1000;
}

/** `/` puts the cursor into the search field. */
function useSearchKey(search: React.RefObject<HTMLInputElement | null>): void {
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== '/' || areLettersTaken(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [search]);
}
