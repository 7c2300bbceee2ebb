import type { ReactNode } from 'react';
import { JobLink } from '../../components/job-link.tsx';
import { Panel } from '../../components/panel.tsx';
import { useClock } from '../../state/clock.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useJob } from '../../state/engine-queries.tsx';
import { buildTimeline } from '../job/timeline-model.ts';
import { TimelineStrip } from '../job/timeline-strip.tsx';
import '../job/job.css';

/** The life of the job that a finding is about, beside the entries: states, attempts and ledger on one axis of time. */
export function JobStrip({ jobId }: { jobId: string }): ReactNode {
  const job = useJob(jobId);
  const nowMs = useClock((now) => now);
  return (
    <Panel title="The job" aside={<JobLink jobId={jobId} />}>
      {job.isPending && <output>Reading the job…</output>}
      {job.data === undefined && job.error !== null && (
        <p className="muted">
          {toWireError(job.error).code === 'not_found'
            ? 'There is no such job.'
            : 'The job cannot be shown as a strip.'}
        </p>
      )}
      {job.data !== undefined && (
        <TimelineStrip
          timeline={buildTimeline(
            job.data,
            // A finished job does not change with the clock.
            ['completed', 'failed'].includes(job.data.row.state) ? job.data.row.updatedAtMs : nowMs,
          )}
        />
      )}
    </Panel>
  );
}
