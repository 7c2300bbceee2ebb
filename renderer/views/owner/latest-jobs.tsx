/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobState } from '#domain/job.ts';
import type { OwnerKind } from '#contract/owner-views.ts';
import { JobLink } from '../../components/job-link.tsx';
import { MarkedText } from '../../components/marked-text.tsx';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { jobsHref } from '../../state/jobs-query-string.ts';
import { ownerFilter, useLatestJobs } from '../../state/owner-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The newest jobs of an owner in some states, with the way to all of them. */
export function LatestJobs({
  title,
  owner,
  id,
  states,
  nothing,
}: {
  title: string;
  owner: OwnerKind;
  id: string;
  states: readonly JobState[];
  nothing: string;
}): ReactNode {
  const jobs = useLatestJobs(owner, id, [...states]);
  return (
    <Panel
      title={title}
      aside={<Link href={jobsHref({ ...ownerFilter(owner, id), states: [...states] })}>Show all</Link>}
    >
      {jobs.data !== undefined && <OldNote failure={jobs.error} />}
      {jobs.data === undefined ? (
        jobs.error === null ? (
          <output>Reading…</output>
        ) : (
          <FailureMessage failure={jobs.error} onAskAgain={() => void jobs.refetch()} />
        )
      ) : jobs.data.length === 0 ? (
        <p className="muted">{nothing}</p>
      ) : (
        <table className="plain-table owner-jobs">
          <caption className="visually-hidden">{title}</caption>
          <TableHead columns={['State', 'Job', 'What', 'Charge', { number: 'Credits' }, 'Created']} />
          <tbody>
            {jobs.data.map((row) => (
              <tr key={row.id}>
                <td>
                  <StateBadge state={row.state} />
                </td>
                <td className="owner-job">
                  <JobLink jobId={row.id} />
                </td>
                <td className="owner-what">
                  <bdi>{row.kind}</bdi>
                  <span className="cell-note">
                    <bdi>
                      <MarkedText text={row.failureMessage ?? row.promptStart} />
                    </bdi>
                  </span>
                </td>
                <td>
                  <ChargeBadge status={row.chargeStatus} />
                </td>
                <td className="number">
                  <Credits credits={row.priceCredits} />
                </td>
                <td>
                  <RelativeTime atMs={row.createdAtMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
