import type { ReactNode } from 'react';
import type { HealthFilter, HealthJobs, HealthMoment } from '#contract/health-views.ts';
import { counted } from '#domain/counted.ts';
import { Credits } from '../../components/credits-text.tsx';
import { formatDuration, formatExact } from '../../components/durations.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { JobLink } from '../../components/job-link.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { ClockTime } from '../../components/time-text.tsx';
import { useHealthJobs } from '../../state/health-queries.ts';
import { usePreferences } from '../../state/preferences.ts';
import type { PickedMark } from './health-charts.tsx';
import { TableHead } from '../../components/table-head.tsx';

const MOMENT_WORDS: Readonly<Record<HealthMoment, string>> = {
  arrived: 'that arrived',
  started: 'that were begun',
  completed: 'that were completed',
  failed: 'that failed',
  cancelled: 'that were cancelled',
  ended: 'that ended',
};

/** The jobs behind a mark of a chart or a figure. */
export function MarkedJobsDialog({
  mark,
  filter,
  onClose,
}: {
  mark: PickedMark;
  filter: HealthFilter;
  onClose: () => void;
}): ReactNode {
  const { fromMs, toMs, moment } = mark;
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  const found = useHealthJobs({ fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), moment, filter });
  return (
    <ModalDialog title={`Jobs ${MOMENT_WORDS[moment]}`} onClose={onClose}>
      <div className="dialog-body">
        <p className="muted tabular">
          {formatExact(fromMs, timeZone)} to {formatExact(toMs, timeZone)}
        </p>
        {found.data === undefined ? (
          found.error === null ? (
            <output>Looking for the jobs…</output>
          ) : (
            <FailureMessage failure={found.error} onAskAgain={() => void found.refetch()} />
          )
        ) : (
          <MarkedJobs found={found.data} />
        )}
      </div>
    </ModalDialog>
  );
}

function MarkedJobs({ found: { jobs, isWhole } }: { found: HealthJobs }): ReactNode {
  if (jobs.length === 0) {
    return (
      <p className="note">
        {isWhole
          ? 'None is left: jobs that were counted here were changed or deleted since.'
          : 'None was found among the jobs that were looked at; choose a shorter or later time.'}
      </p>
    );
  }
  return (
    <ScrollBox className="marked-jobs" name="Jobs behind the mark">
      <table className="plain-table">
        <caption>
          {counted(jobs.length, 'job')}
          {isWhole ? '' : ', and there are more'}
        </caption>
        <TableHead columns={['When', 'Job', 'State', { number: 'Took' }, { number: 'Credits' }]} />
        <tbody>
          {jobs.map((job) => (
            <MarkedJob key={job.row.id} job={job} />
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function MarkedJob({ job }: { job: HealthJobs['jobs'][number] }): ReactNode {
  const { row, atMs, queueMs, finishMs, earnedCredits, lostCredits } = job;
  const tookMs = finishMs ?? queueMs;
  return (
    <tr>
      <td>
        <ClockTime atMs={atMs} />
      </td>
      <td>
        <JobLink jobId={row.id} />
        <span className="cell-note">
          <bdi>{row.kind}</bdi> · <bdi>{row.workspaceId}</bdi> · <bdi>{row.provider}</bdi> <bdi>{row.model}</bdi>
        </span>
      </td>
      <td>
        <StateBadge state={row.state} />
        {row.failureClass !== null && <span className="cell-note">{FAILURE_CLASS_NAMES[row.failureClass]}</span>}
      </td>
      <td className="number tabular">
        {tookMs === null ? '–' : formatDuration(tookMs)}
        <span className="cell-note">{finishMs === null ? 'in queue' : 'to finish'}</span>
      </td>
      <td className="number">
        <Credits credits={lostCredits > 0 ? lostCredits : earnedCredits} />
        <span className="cell-note">{lostCredits > 0 ? 'lost' : 'earned'}</span>
      </td>
    </tr>
  );
}
