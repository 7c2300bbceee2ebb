import { useState, type ReactNode } from 'react';
import type { MendPreview } from '#contract/mend-views.ts';
import { explainError } from '#domain/errors.ts';
import { Credits } from '../../components/credits-text.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { useMendPreview, usePropose } from '../../state/finance-queries.ts';
import { MEND_KINDS } from './mend-words.ts';

interface ProposeProps {
  readonly runId: string;
  readonly findingIds: readonly string[];
  /** The month of the findings, where they have one and the same. */
  readonly period: string | null;
  readonly onClose: () => void;
  /** Called with how many proposals are open now. */
  readonly onProposed: (count: number) => void;
}

/** Shows what proposals would write before anything is kept, and then keeps them. Nothing moves until one is posted. */
export function ProposeDialog({ runId, findingIds, period, onClose, onProposed }: ProposeProps): ReactNode {
  const [reason, setReason] = useState('');
  const [isInMonth, setInMonth] = useState(false);
  const bookedIn = isInMonth ? period : null;
  const wish = { runId, findingIds: [...findingIds], reason: '', bookedIn };
  const preview = useMendPreview(wish);
  const propose = usePropose();
  const proposable = preview.data?.rows.filter(({ outcome }) => outcome === 'proposes') ?? [];
  return (
    <ModalDialog
      title={findingIds.length === 1 ? 'Propose a mend' : `Propose ${findingIds.length} mends`}
      onClose={onClose}
    >
      <form
        className="dialog-body"
        aria-busy={preview.isPending}
        onSubmit={(event) => {
          event.preventDefault();
          propose.mutate({ ...wish, reason }, { onSuccess: ({ rows }) => onProposed(rows.length) });
        }}
      >
        {preview.isPending && <output>Asking the server what it would take…</output>}
        {preview.error !== null && <FailureMessage failure={preview.error} onAskAgain={() => void preview.refetch()} />}
        {preview.data !== undefined && (
          <>
            <PreviewTable rows={preview.data.rows} />
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
        {propose.error !== null && (
          <p className="note" data-tone="danger" role="alert">
            {explainError(toWireError(propose.error))}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button"
            data-kind="primary"
            disabled={proposable.length === 0 || propose.isPending}
          >
            {proposable.length > 1 ? `Propose ${proposable.length} mends` : 'Propose'}
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}

/** How many lines of a preview are shown; the rest is summed up. */
const SHOWN_MAX = 50;

const OUTCOMES: Readonly<Record<Exclude<MendPreview['outcome'], 'proposes'>, string>> = {
  open_already: 'a proposal is open already',
  by_hand: 'no entry can mend it: accept it with a reason',
  gone: 'the server no longer has it',
};

function PreviewTable({ rows }: { rows: readonly MendPreview[] }): ReactNode {
  const credits = rows.reduce((sum, row) => (row.outcome === 'proposes' ? sum + row.credits : sum), 0);
  return (
    <div className="mend-preview">
      <table className="plain-table">
        <caption className="visually-hidden">What would be written</caption>
        <thead>
          <tr>
            <th scope="col">Mend</th>
            <th scope="col">Entries</th>
            <th scope="col" className="number">
              Credits
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN_MAX).map((row) => (
            <PreviewRow key={row.findingId} row={row} />
          ))}
          {rows.length > SHOWN_MAX && (
            <tr>
              <td colSpan={3} className="muted">
                and {(rows.length - SHOWN_MAX).toLocaleString('en')} more
              </td>
            </tr>
          )}
          {rows.length > 1 && (
            <tr>
              <th scope="row" colSpan={2}>
                Together
              </th>
              <td className="number">
                <Credits credits={credits} />
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function PreviewRow({ row }: { row: MendPreview }): ReactNode {
  return (
    <tr>
      <td>
        {row.outcome === 'by_hand' ? 'Nothing' : MEND_KINDS[row.kind]}{' '}
        {row.isSecondPersonNeeded && <span className="tag">second person</span>}
        <span className="cell-note">
          <bdi className="mono">{row.jobId ?? row.workspaceId ?? row.findingId}</bdi>
          {row.outcome !== 'proposes' && `: ${OUTCOMES[row.outcome]}`}
        </span>
      </td>
      <td>
        {row.entries.map((entry) => (
          <span key={entry.key} className="cell-note">
            {entry.type} <Credits credits={entry.credits} />
          </span>
        ))}
      </td>
      <td className="number">
        <Credits credits={row.outcome === 'proposes' ? row.credits : 0} />
      </td>
    </tr>
  );
}
