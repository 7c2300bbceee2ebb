import { Ban, RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { CaseExportButton } from '../../components/case-export.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { useRefusal } from '../../state/access.ts';
import { useRetry } from '../../state/job-desk.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { useWish } from './wish.ts';

/** What a person can do with the job in the state that it is in. */
export function JobActions({ detail }: { detail: JobDetail }): ReactNode {
  const [open, setOpen] = useState<'retry' | 'cancel' | null>(null);
  const [retryWish, cancelWish] = [useWish(detail), useWish(detail)];
  // Above its dialog: who closes that before the answer finds what became of it, and cannot order it once more.
  const retry = useRetry(detail.row.id, retryWish.drop);
  const { state } = detail.row;
  const retryRefusal = useRefusal('retry.run');
  const cancelRefusal = useRefusal('cancel.run');
  const canRetry = state === 'failed';
  const canCancel = state !== 'failed' && state !== 'completed';
  const refusal = canRetry ? retryRefusal : canCancel ? cancelRefusal : null;
  const openRetry = (): void => {
    // The job itself went on since: what is asked now is another retry.
    if (retry.data?.jobId === detail.row.id) retry.reset();
    setOpen('retry');
  };
  const close = (): void => {
    setOpen(null);
    if (!retry.isPending) retry.reset();
  };
  return (
    <div className="job-actions">
      {canRetry && (
        <button type="button" className="button" disabled={refusal !== null} onClick={openRetry}>
          <RotateCcw aria-hidden size={14} />
          Retry…
        </button>
      )}
      {canCancel && (
        <button type="button" className="button" disabled={refusal !== null} onClick={() => setOpen('cancel')}>
          <Ban aria-hidden size={14} />
          Cancel…
        </button>
      )}
      {refusal !== null && <RefusalNote refusal={refusal} />}
      <CaseExportButton chosen={{ type: 'ids', ids: [detail.row.id] }} count={1} />
      {open === 'retry' && <RetryDialog detail={detail} retry={retry} wish={retryWish} onClose={close} />}
      {open === 'cancel' && <CancelDialog detail={detail} wish={cancelWish} onClose={close} />}
    </div>
  );
}
