import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useIsServerAway } from '../../state/engine-queries.tsx';
import { useCancel, useCancelPreview } from '../../state/job-desk.ts';
import { KeepDraftForm } from './keep-draft-form.tsx';
import type { Wish } from './wish.ts';

/** Shows what cancelling gives back before anything is written, and then does it. */
export function CancelDialog({
  detail,
  wish,
  onClose,
}: {
  detail: JobDetail;
  wish: Wish;
  onClose: () => void;
}): ReactNode {
  const { id, updatedAtMs } = detail.row;
  const preview = useCancelPreview(id, updatedAtMs);
  const cancel = useCancel(id, wish.drop);
  const isAway = useIsServerAway();
  const isOver = preview.data?.verdict === 'blocked';
  const leave = (): void => {
    wish.drop();
    onClose();
  };
  return (
    <ModalDialog
      title={
        <>
          Cancel <bdi className="mono">{id}</bdi>
        </>
      }
      onClose={onClose}
    >
      {isAway && !cancel.isPending ? (
        <KeepDraftForm detail={detail} kind="cancel" wish={wish} onClose={leave} />
      ) : (
        <form
          className="dialog-body"
          aria-busy={preview.isPending}
          onSubmit={(event) => {
            event.preventDefault();
            if (preview.data?.verdict !== 'cancel') return;
            const { generationId } = preview.data;
            cancel.mutate({ reason: wish.reason, generationId }, { onSuccess: onClose });
          }}
        >
          {preview.isPending && <p className="muted">Asking the server what it would give back…</p>}
          {preview.error !== null && (
            <FailureMessage failure={preview.error} onAskAgain={() => void preview.refetch()} />
          )}
          {preview.data?.verdict === 'blocked' && <p>{preview.data.why} Nothing can be cancelled.</p>}
          {preview.data?.verdict === 'cancel' && (
            <>
              <p>
                The job ends as failed, and a runner that works on it stops.{' '}
                {preview.data.keptCredits > 0 && (
                  <>
                    <Credits credits={preview.data.keptCredits} /> credits that are held are charged.{' '}
                  </>
                )}
                {(preview.data.releasedCredits > 0 || preview.data.keptCredits === 0) && (
                  <>
                    <Credits credits={preview.data.releasedCredits} /> credits that are held go back to the
                    customer.{' '}
                  </>
                )}
                What the provider has begun may still cost us.
              </p>
              <label className="field">
                Reason
                <input value={wish.reason} maxLength={500} onChange={(event) => wish.setReason(event.target.value)} />
              </label>
            </>
          )}
          <FailureLine failure={cancel.error} look="note" />
          <div className="dialog-actions">
            <button type="button" className="button" onClick={leave}>
              {isOver ? 'Close' : 'Let it run'}
            </button>
            {preview.data?.verdict === 'cancel' && (
              <button type="submit" className="button" data-kind="danger" disabled={cancel.isPending}>
                Cancel the job
              </button>
            )}
          </div>
        </form>
      )}
    </ModalDialog>
  );
}
