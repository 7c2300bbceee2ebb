import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobDetail } from '#contract/job-views.ts';
import type { RetryPreviewView } from '#contract/retry-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useIsServerAway } from '../../state/engine-queries.tsx';
import { canCollect, useRetryPreview, type useRetry } from '../../state/job-desk.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { InputEditor } from './input-editor.tsx';
import { KeepDraftForm } from './keep-draft-form.tsx';
import { RetryFacts } from './retry-facts.tsx';
import type { Wish } from './wish.ts';

/** Shows what a retry costs and whether it may happen before anything is written, and then does it. */
export function RetryDialog({
  detail,
  retry,
  wish,
  onClose,
}: {
  detail: JobDetail;
  retry: ReturnType<typeof useRetry>;
  wish: Wish;
  onClose: () => void;
}): ReactNode {
  const preview = useRetryPreview(detail.row.id, detail.row.updatedAtMs);
  const isAway = useIsServerAway();
  const leave = (): void => {
    wish.drop();
    onClose();
  };
  return (
    <ModalDialog
      title={
        <>
          Retry <bdi className="mono">{detail.row.id}</bdi>
        </>
      }
      onClose={onClose}
    >
      <div className="dialog-body" aria-busy={preview.isPending}>
        {isAway && retry.data === undefined && !retry.isPending ? (
          <KeepDraftForm detail={detail} kind="retry" wish={wish} onClose={leave} />
        ) : retry.data === undefined ? (
          <>
            {preview.isPending && <p className="muted">Asking the server what it would cost…</p>}
            {preview.error !== null && (
              <FailureMessage failure={preview.error} onAskAgain={() => void preview.refetch()} />
            )}
            {preview.data !== undefined && (
              <RetryForm detail={detail} preview={preview.data} retry={retry} wish={wish} onLeave={leave} />
            )}
          </>
        ) : (
          <Retried jobId={retry.data.jobId} detail={detail} onClose={onClose} />
        )}
      </div>
    </ModalDialog>
  );
}

function RetryForm({
  detail,
  preview,
  retry,
  wish,
  onLeave,
}: {
  detail: JobDetail;
  preview: RetryPreviewView;
  retry: ReturnType<typeof useRetry>;
  wish: Wish;
  onLeave: () => void;
}): ReactNode {
  const { reason, original, input, edited } = wish;
  const { verdict } = preview.verdict;
  const isEditing = wish.isEditing ?? verdict === 'edit_input';
  const isEdited = edited !== null;
  const hasReason = reason.trim() !== '';
  const missing = whatIsMissing(verdict, { isEdited, hasReason });
  const isCollectable = canCollect(edited, preview);
  const send = (isCollecting: boolean): void =>
    retry.mutate({ version: preview.version, reason, edited, isCollecting });
  return (
    <form
      className="dialog-body"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) send(false);
      }}
    >
      <RetryFacts preview={preview} />
      {verdict !== 'blocked' && (
        <>
          {!detail.isPromptKept ? (
            <p className="muted">This machine&apos;s copy leaves prompts out, so the input cannot be edited here.</p>
          ) : isEditing ? (
            <InputEditor original={original} edited={input} onEdit={wish.setInput} />
          ) : (
            <button type="button" className="text-button" onClick={wish.edit}>
              Edit prompt or options first
            </button>
          )}
          <label className="field">
            {verdict === 'retry' || verdict === 'edit_input' ? 'Reason' : 'Reason (needed)'}
            <input value={reason} maxLength={500} onChange={(event) => wish.setReason(event.target.value)} />
          </label>
        </>
      )}
      <FailureLine failure={retry.error} look="note" />
      <div className="dialog-actions">
        <span className="muted">{missing}</span>
        <button type="button" className="button" onClick={onLeave}>
          {verdict === 'blocked' ? 'Close' : 'Leave it'}
        </button>
        {verdict !== 'blocked' && (
          <button
            type="submit"
            className="button"
            data-kind={isCollectable ? undefined : 'primary'}
            disabled={missing !== null || retry.isPending}
          >
            {isEdited ? 'Order the edited job for ' : isCollectable ? 'Buy it again for ' : 'Retry for '}
            <Credits credits={detail.charge.priceCredits} />
          </button>
        )}
        {verdict !== 'blocked' && isCollectable && (
          <button
            type="button"
            className="button"
            data-kind="primary"
            disabled={(verdict !== 'collect_first' && !hasReason) || retry.isPending}
            onClick={() => send(true)}
          >
            Collect the result for <Credits credits={detail.charge.priceCredits} />
          </button>
        )}
      </div>
    </form>
  );
}

function whatIsMissing(
  verdict: RetryPreviewView['verdict']['verdict'],
  brought: { readonly isEdited: boolean; readonly hasReason: boolean },
): string | null {
  switch (verdict) {
    case 'retry':
      return null;
    case 'needs_reason':
      return brought.hasReason ? null : 'Say why it would work now.';
    case 'collect_first':
      return brought.hasReason ? null : 'Collect the result, or say why it is bought again.';
    case 'refund_first':
      return brought.hasReason ? null : 'Refund it first, or say why it is paid again.';
    case 'edit_input':
      return brought.isEdited ? null : 'The same input cannot succeed: edit it.';
    case 'blocked':
      return 'This job cannot be retried.';
  }
}

function Retried({ jobId, detail, onClose }: { jobId: string; detail: JobDetail; onClose: () => void }): ReactNode {
  return (
    <>
      <output>
        {jobId === detail.row.id ? (
          'The job waits again: the next free runner takes it, and it is charged when it completes.'
        ) : (
          <>
            The edited job waits as{' '}
            <Link href={jobHref(jobId)} onClick={onClose}>
              {jobId}
            </Link>
            , with a charge of its own. This one stays as it is.
          </>
        )}
      </output>
      <div className="dialog-actions">
        <button type="button" className="button" data-kind="primary" onClick={onClose}>
          Done
        </button>
      </div>
    </>
  );
}
