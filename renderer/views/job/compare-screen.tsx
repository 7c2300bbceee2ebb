import { Columns2, Equal } from 'lucide-react';
import type { ReactNode } from 'react';
import { useSearch } from 'wouter';
import type { JobDetail } from '#contract/job-views.ts';
import { formatCredits } from '#domain/credits.ts';
import { JobLink } from '../../components/job-link.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useCreditScale, useJob } from '../../state/engine-queries.tsx';
import { compareJobs } from './compare-jobs.ts';
import './compare.css';
import { TimelinePanel } from './timeline-panel.tsx';

/** Two jobs side by side: what differs first, then their timelines. The address names both. */
export function CompareScreen(): ReactNode {
  useTitle('Two jobs');
  const params = new URLSearchParams(useSearch());
  const [left, right] = [params.get('left') ?? '', params.get('right') ?? ''];
  if (left === '' || right === '') {
    return (
      <ScreenMessage isWholeScreen icon={Columns2} title="Choose two jobs">
        Choose two rows in the list of jobs with the space bar, then “Side by side”.
      </ScreenMessage>
    );
  }
  return <Both leftId={left} rightId={right} />;
}

function Both({ leftId, rightId }: { leftId: string; rightId: string }): ReactNode {
  const [left, right] = [useJob(leftId), useJob(rightId)];
  const scale = useCreditScale();
  const failed = [left, right].find((job) => job.data === undefined && job.error !== null);
  if (failed !== undefined) {
    return <FailureMessage isWholeScreen failure={failed.error} onAskAgain={() => void failed.refetch()} />;
  }
  if (left.data === undefined || right.data === undefined) return <p className="page muted">Reading both jobs…</p>;
  const lines = compareJobs(left.data, right.data, (credits) => formatCredits(credits, scale));
  const differing = lines.filter(({ isSame }) => !isSame).length;
  return (
    <article className="page compare" aria-labelledby="compare-title">
      <h1 id="compare-title">Two jobs side by side</h1>
      <p className="muted">
        {differing} of {lines.length} lines differ; they are marked.
      </p>
      <table className="plain-table compare-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">What</span>
            </th>
            <JobHead detail={left.data} />
            <JobHead detail={right.data} />
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.name} data-differs={!line.isSame}>
              <th scope="row">
                {line.name}
                {line.isSame && <Equal aria-label="the same" size={12} />}
              </th>
              <td>
                <bdi>{line.left}</bdi>
              </td>
              <td>
                <bdi>{line.right}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="compare-timelines">
        <TimelinePanel detail={left.data} title={`Timeline of ${leftId}`} />
        <TimelinePanel detail={right.data} title={`Timeline of ${rightId}`} />
      </div>
    </article>
  );
}

function JobHead({ detail }: { detail: JobDetail }): ReactNode {
  return (
    <th scope="col">
      <JobLink jobId={detail.row.id} /> <StateBadge state={detail.row.state} />
    </th>
  );
}
