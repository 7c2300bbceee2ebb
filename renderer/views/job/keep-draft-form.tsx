import { useState, type ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import type { EditedInput } from '#contract/retry-views.ts';
import { useKeepDraft } from '../../state/drafts.ts';
import { AwayNote, KeptBody } from '../../components/draft-notes.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { InputEditor, isSameInput } from './input-editor.tsx';

/** What a person would do while the server is away: kept as a draft, which somebody sends later, once it was checked anew. */
export function KeepDraftForm({
  detail,
  kind,
  onClose,
}: {
  detail: JobDetail;
  kind: 'retry' | 'cancel';
  onClose: () => void;
}): ReactNode {
  const original: EditedInput = { prompt: detail.prompt, optionsJson: detail.optionsJson };
  const [edited, setEdited] = useState(original);
  const [isEditing, setEditing] = useState(false);
  const [reason, setReason] = useState('');
  const keep = useKeepDraft();
  const { id: subjectId, state: seenState, updatedAtMs: seenUpdatedAtMs } = detail.row;
  const isEdited = isEditing && !isSameInput(original, edited);
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
          kind === 'cancel'
            ? { kind, subjectId, body: seen }
            : { kind, subjectId, body: { ...seen, edited: isEdited ? edited : null } },
        );
      }}
    >
      <AwayNote />
      {kind === 'retry' && isEditing && <InputEditor original={original} edited={edited} onEdit={setEdited} />}
      {kind === 'retry' && !isEditing && detail.isPromptKept && (
        <button type="button" className="text-button" onClick={() => setEditing(true)}>
          Edit prompt or options first
        </button>
      )}
      <label className="field">
        Reason
        <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
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
