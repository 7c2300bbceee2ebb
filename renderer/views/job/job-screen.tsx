import { ArrowLeft, SearchX } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobDetail } from '#contract/job-views.ts';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { OutsideNote } from '../../components/outside-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useEngineStatus, useJob } from '../../state/engine-queries.tsx';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { AttemptsPanel } from './attempts-panel.tsx';
import { ChargePanel } from './charge-panel.tsx';
import { ChecksPanel } from './checks-panel.tsx';
import { OutputPanel } from './output-panel.tsx';
import { FactsPanel } from './facts-panel.tsx';
import { FailurePanel, Standing } from './failure-panel.tsx';
import { DocumentPanel, InputPanel } from './input-panel.tsx';
import { JobActions } from './job-actions.tsx';
import './job.css';
import { StandstillPanel } from './standstill-panel.tsx';
import { TimelinePanel } from './timeline-panel.tsx';

/** Everything about one job, live. */
export function JobScreen({ jobId }: { jobId: string }): ReactNode {
  useTitle(`Job ${jobId}`);
  const job = useJob(jobId);
  if (job.isPending) return <JobSkeleton jobId={jobId} />;
  if (job.data === undefined) {
    return toWireError(job.error).code === 'not_found' ? (
      <NoSuchJob jobId={jobId} />
    ) : (
      <FailureMessage isWholeScreen failure={job.error} onAskAgain={() => void job.refetch()} />
    );
  }
  const detail = job.data;
  return (
    <article className="page job" aria-labelledby="job-title">
      <JobHead detail={detail} />
      <OldNote failure={job.error} />
      <div className="job-columns">
        <div className="job-main">
          <FailurePanel detail={detail} />
          <StandstillPanel detail={detail} />
          <TimelinePanel detail={detail} />
          <OutputPanel detail={detail} />
          <AttemptsPanel detail={detail} />
          <ChecksPanel detail={detail} />
          <InputPanel detail={detail} />
          <DocumentPanel detail={detail} />
        </div>
        <div className="job-side">
          <ChargePanel charge={detail.charge} />
          <FactsPanel detail={detail} />
        </div>
      </div>
    </article>
  );
}

function JobHead({ detail }: { detail: JobDetail }): ReactNode {
  const { row } = detail;
  const asOfMs = useEngineStatus().data?.monitor.asOfMs ?? null;
  const title = useRef<HTMLHeadingElement>(null);
  // Whoever opened the job by keyboard or with a screen reader begins at its name.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  return (
    <header className="job-head">
      <BackToJobs />
      <div className="job-head-line">
        <h1 id="job-title" className="mono" ref={title} tabIndex={-1}>
          <bdi>{row.id}</bdi>
        </h1>
        <CopyButton text={row.id} name="the job's id" />
        <StateBadge state={row.state} />
        <ChargeBadge status={detail.charge.status} />
        <span>
          <Credits credits={row.priceCredits} /> credits
        </span>
        <JobActions detail={detail} />
        {asOfMs !== null && (
          <span className="job-as-of muted">
            as of <ExactTime atMs={asOfMs} />
          </span>
        )}
      </div>
      <Standing detail={detail} />
    </header>
  );
}

function BackToJobs(): ReactNode {
  const query = useScreenMemory((memory) => memory.jobsQuery);
  return (
    <Link className="back-link" href={query === '' ? '/jobs' : `/jobs?${query}`}>
      <ArrowLeft aria-hidden size={14} />
      Jobs
    </Link>
  );
}

function NoSuchJob({ jobId }: { jobId: string }): ReactNode {
  return (
    <ScreenMessage
      isWholeScreen
      icon={SearchX}
      title="There is no such job"
      detail={jobId}
      action={
        <>
          <OutsideNote />
          <Link className="button" href="/jobs">
            Show the jobs
          </Link>
        </>
      }
    >
      Check the id. A job that was written just now may not have reached the copy yet; then it appears here by itself.
    </ScreenMessage>
  );
}

function JobSkeleton({ jobId }: { jobId: string }): ReactNode {
  return (
    <div className="page job" aria-busy>
      <output className="visually-hidden">Reading job {jobId}</output>
      <div className="skeleton-block is-head" />
      <div className="job-columns">
        <div className="job-main">
          <div className="skeleton-block" />
          <div className="skeleton-block" />
        </div>
        <div className="job-side">
          <div className="skeleton-block" />
        </div>
      </div>
    </div>
  );
}
