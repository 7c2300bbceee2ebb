import { Ban, RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { CaseExportButton } from '../../components/case-export.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { useRefusal } from '../../state/access.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { useWish } from './wish.ts';

/** What a person can do with the job in the state that it is in. */
export function JobActions({ detail }: { detail: JobDetail }): ReactNode {
  const [open, setOpen] = useState<'retry' | 'cancel' | null>(null);
  const retry = useWish(detail);
  const cancellation = useWish(detail);
  const { state } = detail.row;
  const retryRefusal = useRefusal('retry.run');
  const cancelRefusal = useRefusal('cancel.run');
  const canRetry = state === 'failed';
  const canCancel = state !== 'failed' && state !== 'completed';
  const refusal = canRetry ? retryRefusal : canCancel ? cancelRefusal : null;
  const close = (): void => setOpen(null);
  return (
    <div className="job-actions">
      {canRetry && (
        <button type="button" className="button" disabled={refusal !== null} onClick={() => setOpen('retry')}>
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
      {open === 'retry' && <RetryDialog detail={detail} wish={retry} onClose={close} />}
      {open === 'cancel' && <CancelDialog detail={detail} wish={cancellation} onClose={close} />}
    </div>
  );
}
