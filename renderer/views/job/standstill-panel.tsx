import { CircleHelp, Footprints, Hourglass, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { explainError } from '#domain/errors.ts';
import { Panel } from '../../components/panel.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { useStandstill } from '../../state/engine-queries.tsx';

/** Why a job that is not at its end does not get there, from the server as it is now. */
export function StandstillPanel({ detail }: { detail: JobDetail }): ReactNode {
  const { row } = detail;
  const isOver = row.state === 'completed' || row.state === 'failed';
  return isOver ? null : <Standstill jobId={row.id} updatedAtMs={row.updatedAtMs} />;
}

function Standstill({ jobId, updatedAtMs }: { jobId: string; updatedAtMs: number }): ReactNode {
  const { data, error, isPending } = useStandstill(jobId, updatedAtMs);
  const isMoving = data?.cause === 'lease_held';
  const Icon: LucideIcon = data === undefined ? CircleHelp : isMoving ? Footprints : Hourglass;
  return (
    <Panel title="Why is it not moving?">
      <p className="standstill" data-cause={data?.cause}>
        <Icon aria-hidden size={16} />
        <span aria-live="polite">
          {isPending && 'Asking the server…'}
          {data !== undefined && (isMoving ? `It is moving. ${data.explanation}` : data.explanation)}
        </span>
      </p>
      {error !== null && (
        <p className="note" data-tone="danger" role="alert">
          {data === undefined ? 'It cannot be said now. ' : 'This may be old. '}
          {explainError(toWireError(error))}
        </p>
      )}
    </Panel>
  );
}
