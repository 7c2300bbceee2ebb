import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { useKeepDraft } from '../../state/drafts.ts';
import { AwayNote, KeptBody } from '../../components/draft-notes.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { InputEditor } from './input-editor.tsx';
import type { Wish } from './wish.ts';

/** What a person would do while the server is away: kept as a draft, which somebody sends later, once it was checked anew. */
export function KeepDraftForm({
  detail,
  kind,
  wish,
  onClose,
}: {
  detail: JobDetail;
  kind: 'retry' | 'cancel';
  wish: Wish;
  onClose: () => void;
}): ReactNode {
  const { reason, original, input, edited, isEditing } = wish;
  const keep = useKeepDraft(wish.drop);
  const { id: subjectId, state: seenState, updatedAtMs: seenUpdatedAtMs } = detail.row;
  if (keep.isSuccess) {
    return <KeptBody onClose={onClose} />;
  }
  return (
    <form
      className="dialog-body"
      onSubmit={(event) => {
        event.preventDefault();
        const seen = { reason, seenState, seenUpdatedAtMs };
        keep.mutate(
          kind === 'cancel' ? { kind, subjectId, body: seen } : { kind, subjectId, body: { ...seen, edited } },
        );
      }}
    >
      <AwayNote />
      {kind === 'retry' && isEditing === true && (
        <InputEditor original={original} edited={input} onEdit={wish.setInput} />
      )}
      {kind === 'retry' && isEditing !== true && detail.isPromptKept && (
        <button type="button" className="text-button" onClick={wish.edit}>
          Edit prompt or options first
        </button>
      )}
      <label className="field">
        Reason
        <input value={reason} maxLength={500} onChange={(event) => wish.setReason(event.target.value)} />
      </label>
      <FailureLine failure={keep.error} look="note" />
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={keep.isPending}>
          Keep as a draft
        </button>
      </div>
    </form>
  );
}
