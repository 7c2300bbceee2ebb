import { useState, type ReactNode } from 'react';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useKeepDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useMendPreview, usePropose } from '../../state/finance-queries.ts';
import { AwayNote, KeptBody } from '../../components/draft-notes.tsx';
import { MendPreviewTable } from './mend-preview-table.tsx';

/** The findings of a run that mends are proposed of. */
export interface ToPropose {
  readonly runId: string;
  readonly findingIds: readonly string[];
  /** The month of the findings, where they have one and the same. */
  readonly period: string | null;
}

interface ProposeProps extends ToPropose {
  readonly onClose: () => void;
  /** Called with how many proposals are open now. */
  readonly onProposed: (count: number) => void;
}

/**
 * Shows what proposals would write before anything is kept, and then keeps them. Nothing moves until one is posted. While the server is
 * away what is wanted is kept as a draft.
 */
export function ProposeDialog({ runId, findingIds, period, onClose, onProposed }: ProposeProps): ReactNode {
  const [reason, setReason] = useState('');
  const [isInMonth, setInMonth] = useState(false);
  const bookedIn = isInMonth ? period : null;
  const wish = { runId, findingIds: [...findingIds], reason: '', bookedIn };
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const preview = useMendPreview(wish, isConnected);
  const propose = usePropose();
  const keep = useKeepDraft();
  const proposable = preview.data?.rows.filter(({ outcome }) => outcome === 'proposes') ?? [];
  const title = findingIds.length === 1 ? 'Propose a mend' : `Propose ${findingIds.length.toLocaleString('en')} mends`;
  if (keep.isSuccess) {
    return (
      <ModalDialog title={title} onClose={onClose}>
        <KeptBody onClose={onClose} />
      </ModalDialog>
    );
  }
  return (
    <ModalDialog title={title} onClose={onClose}>
      <form
        className="dialog-body"
        aria-busy={isConnected && preview.isPending}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isConnected)
            keep.mutate({ kind: 'mends', subjectId: runId, body: { findingIds: [...findingIds], reason, bookedIn } });
          else propose.mutate({ ...wish, reason }, { onSuccess: ({ rows }) => onProposed(rows.length) });
        }}
      >
        {!isConnected && <AwayNote />}
        {isConnected && preview.isPending && <output>Asking the server what it would take…</output>}
        {isConnected && preview.error !== null && (
          <FailureMessage failure={preview.error} onAskAgain={() => void preview.refetch()} />
        )}
        {isConnected && preview.data !== undefined && (
          <>
            <MendPreviewTable rows={preview.data.rows} />
            <p className="muted">
              Nothing moves until a proposal is posted. Above <Credits credits={preview.data.limitCredits} /> credits a
              second person approves it first.
            </p>
          </>
        )}
        <label className="field">
          Reason
          <input
            value={reason}
            maxLength={500}
            placeholder="the rule’s own words"
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        {period !== null && (
          <label className="check-field">
            <input type="checkbox" checked={isInMonth} onChange={(event) => setInMonth(event.target.checked)} />
            Date the entries into {period}, the month of the finding, and not to the day of posting
          </label>
        )}
        <FailureLine failure={propose.error} look="note" />
        <FailureLine failure={keep.error} look="note" />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button"
            data-kind="primary"
            disabled={isConnected ? proposable.length === 0 || propose.isPending : keep.isPending}
          >
            {!isConnected
              ? 'Keep as a draft'
              : proposable.length > 1
                ? `Propose ${proposable.length} mends`
                : 'Propose'}
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}
