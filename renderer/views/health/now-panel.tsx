import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { HealthFilter, QueueFigures } from '#contract/health-views.ts';
import type { JobFilter, JobSort } from '#contract/job-views.ts';
import { counted } from '#domain/counted.ts';
import { formatDuration } from '../../components/durations.ts';
import { Panel } from '../../components/panel.tsx';
import { useClock } from '../../state/clock.ts';
import { useFleet } from '../../state/fleet-queries.ts';
import { jobsOfHealth } from '../../state/health-query-string.ts';
import { jobsHref } from '../../state/jobs-query-string.ts';

const OLDEST_FIRST: JobSort = { column: 'createdAt', direction: 'ascending' };

/** What waits, what is in flight and who works on it, at this moment. */
export function NowPanel({ queue, filter }: { queue: QueueFigures; filter: HealthFilter }): ReactNode {
  const hrefOf = (states: JobFilter['states']): string => jobsHref({ ...jobsOfHealth(filter), states });
  const waitsMs = useClock((nowMs) => (queue.oldestReadySinceMs === null ? null : nowMs - queue.oldestReadySinceMs));
  return (
    <Panel title="Now">
      <ul className="now-list">
        <NowFigure value={queue.queued} says="queued" href={hrefOf(['queued'])} />
        {waitsMs === null ? (
          <li>
            <span className="now-value">–</span>
            <span className="muted">nothing waits</span>
          </li>
        ) : (
          <NowFigure
            value={formatDuration(waitsMs)}
            says="the oldest waits"
            href={jobsHref({ ...jobsOfHealth(filter), states: ['queued'] }, OLDEST_FIRST)}
          />
        )}
        <NowFigure value={queue.running + queue.validating} says="in flight" href={hrefOf(['running', 'validating'])} />
        <NowFigure value={queue.retrying} says="wait for another attempt" href={hrefOf(['retrying'])} />
        <RunnersFigure />
      </ul>
    </Panel>
  );
}

function NowFigure({ value, says, href }: { value: number | string; says: string; href: string }): ReactNode {
  const shown = typeof value === 'number' ? value.toLocaleString('en') : value;
  return (
    <li>
      <Link className="now-value tabular" href={href} aria-label={`${shown} ${says}: show the jobs`}>
        {shown}
      </Link>
      <span className="muted">{says}</span>
    </li>
  );
}

/** Runners announce themselves on the server, so without it nobody knows. */
function RunnersFigure(): ReactNode {
  const fleet = useFleet();
  if (fleet.data === undefined || fleet.error !== null) {
    return (
      <li>
        <span className="now-value">?</span>
        <span className="muted">
          {fleet.error === null ? 'looking for runners' : 'runners: the server is not there'}
        </span>
      </li>
    );
  }
  const live = fleet.data.runners.filter(({ isLive }) => isLive);
  const room = live.reduce((sum, { concurrency }) => sum + concurrency, 0);
  return (
    <li>
      <span className="now-value tabular" data-alert={live.length === 0}>
        {live.length.toLocaleString('en')}
      </span>
      <span className="muted tabular">
        {live.length === 1 ? 'runner alive' : 'runners alive'}
        {live.length > 0 && `, for ${counted(room, 'job')} at once`}
      </span>
    </li>
  );
}
