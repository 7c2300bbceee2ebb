import { Ban, RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { CaseExportButton } from '../../components/case-export.tsx';
import { CancelDialog } from './cancel-dialog.tsx';
import { RetryDialog } from './retry-dialog.tsx';

/** What a person can do with the job in the state that it is in. */
export function JobActions({ detail }: { detail: JobDetail }): ReactNode {
  const [open, setOpen] = useState<'retry' | 'cancel' | null>(null);
  const { state } = detail.row;
  const close = (): void => setOpen(null);
  return (
    <div className="job-actions">
      {state === 'failed' && (
        <button type="button" className="button" onClick={() => setOpen('retry')}>
          <RotateCcw aria-hidden size={14} />
          Retry…
        </button>
      )}
      {state !== 'failed' && state !== 'completed' && (
        <button type="button" className="button" onClick={() => setOpen('cancel')}>
          <Ban aria-hidden size={14} />
          Cancel…
        </button>
      )}
      <CaseExportButton jobIds={[detail.row.id]} />
      {open === 'retry' && <RetryDialog detail={detail} onClose={close} />}
      {open === 'cancel' && <CancelDialog detail={detail} onClose={close} />}
    </div>
  );
}
