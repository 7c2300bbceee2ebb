import { CircleHelp, Footprints, Hourglass, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { explainError } from '#domain/errors.ts';
import { OldNote } from '../../components/old-note.tsx';
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
      {data === undefined ? <Unanswered failure={error} /> : <OldNote failure={error} />}
    </Panel>
  );
}

/** That the server is away stands above every screen; here it is said only what follows from it. */
function Unanswered({ failure }: { failure: Error | null }): ReactNode {
  if (failure === null) return null;
  const error = toWireError(failure);
  if (error.code === 'server_unreachable') {
    return <p className="muted">It cannot be said while the server is away.</p>;
  }
  return (
    <p className="note" data-tone="danger" role="alert">
      It cannot be said now. {explainError(error)}
    </p>
  );
}
