import { CalendarX2, FilterX, Inbox } from 'lucide-react';
import type { ReactNode } from 'react';
import { navigateTo } from '../../app/hash-location.ts';
import { ScreenMessage } from '../../components/screen-message.tsx';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { isFiltering, NO_FILTER, toJobsQuery, type JobsView } from '../../state/jobs-query-string.ts';

/** What stands in the place of a list that has no job, and why it has none. */
export function NoJobs({ view }: { view: JobsView }): ReactNode {
  const status = useEngineStatus().data;
  if (view.startAtMs !== null) {
    return (
      <ScreenMessage icon={CalendarX2} title="No job from there on">
        The list begins at the time above, and nothing that it shows lies behind it. Jump to another time, or go back.
      </ScreenMessage>
    );
  }
  if (isFiltering(view.filter)) {
    return (
      <ScreenMessage
        icon={FilterX}
        title="No job matches"
        action={
          <button
            type="button"
            className="button"
            onClick={() => navigateTo(`/jobs?${toJobsQuery({ ...view, filter: NO_FILTER })}`)}
          >
            Show all jobs
          </button>
        }
      >
        Remove a filter or change the words.
      </ScreenMessage>
    );
  }
  const isCopying = status === undefined || status.monitor.mode === 'starting' || status.monitor.mode === 'snapshot';
  return (
    <ScreenMessage icon={Inbox} title={isCopying ? 'No jobs yet' : 'No jobs'}>
      {isCopying
        ? 'The first copy from the server is being made; jobs appear here as they arrive.'
        : 'The collection of jobs is empty. A job that the product writes appears here by itself.'}
    </ScreenMessage>
  );
}
