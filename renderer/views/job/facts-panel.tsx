import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobDetail } from '#contract/job-views.ts';
import { JobLink } from '../../components/job-link.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { ExactTime, RelativeTime } from '../../components/time-text.tsx';
import { jobsHref, ownerHref } from '../../state/jobs-query-string.ts';
import { compareHref } from './compare-jobs.ts';

/** Who asked, what makes it, and who holds it. */
export function FactsPanel({ detail }: { detail: JobDetail }): ReactNode {
  const { row, lease, progress, lineage } = detail;
  return (
    <Panel title="Facts">
      <Facts>
        <Fact name="Kind">
          <Link href={jobsHref({ kinds: [row.kind] })}>
            <bdi>{row.kind}</bdi>
          </Link>
        </Fact>
        <Fact name="Workspace">
          <Link href={ownerHref('workspace', row.workspaceId)}>
            <bdi>{row.workspaceId}</bdi>
          </Link>
        </Fact>
        <Fact name="User">
          <Link href={ownerHref('user', row.userId)}>
            <bdi>{row.userId}</bdi>
          </Link>
        </Fact>
        <Fact name="Provider">
          <bdi>
            {row.provider} {row.model}
          </bdi>
        </Fact>
        <Fact name="Acceptance id">
          {detail.acceptanceId !== null && <bdi className="mono">{detail.acceptanceId}</bdi>}
        </Fact>
        <Fact name="Created">
          <ExactTime atMs={row.createdAtMs} />
        </Fact>
        <Fact name="Changed">
          <RelativeTime atMs={row.updatedAtMs} />
        </Fact>
        <Fact name="Runner">
          {lease !== null && (
            <>
              <bdi className="mono">{lease.runnerId}</bdi>, token {lease.token}, lease until{' '}
              <RelativeTime atMs={lease.expiresAtMs} />
            </>
          )}
        </Fact>
        <Fact name="Progress">
          {progress !== null && (
            <>
              <progress value={progress.fraction} max={1} aria-label="Progress" /> {Math.round(progress.fraction * 100)}
              % <bdi>{progress.message}</bdi>
            </>
          )}
        </Fact>
        <LineageFact name="Retry of" ownId={row.id} jobId={lineage?.retryOf ?? null} />
        <LineageFact name="Edited from" ownId={row.id} jobId={lineage?.editedFrom ?? null} />
        {detail.followers.map((follower) => (
          <LineageFact key={follower} name="Followed by" ownId={row.id} jobId={follower} />
        ))}
      </Facts>
    </Panel>
  );
}

function LineageFact({ name, ownId, jobId }: { name: string; ownId: string; jobId: string | null }): ReactNode {
  if (jobId === null) return null;
  return (
    <Fact name={name}>
      <JobLink jobId={jobId} /> (<Link href={compareHref(jobId, ownId)}>side by side</Link>)
    </Fact>
  );
}
