import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { MENDS_AT_ONCE_MAX } from '#contract/mend-views.ts';
import { explainError } from '#domain/errors.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { Credits } from '../../components/credits-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useReviewAct } from '../../state/finance-queries.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { ProposeDialog } from './propose-dialog.tsx';

/** What can be done to several findings at once. */
export function FindingsActions({
  runId,
  chosen,
  isAll,
  onAll,
}: {
  runId: string;
  chosen: readonly Finding[];
  isAll: boolean;
  onAll: (isAll: boolean) => void;
}): ReactNode {
  const [isProposing, setProposing] = useState(false);
  const [proposed, setProposed] = useState<number | null>(null);
  const [reason, setReason] = useState('');
  const act = useReviewAct();
  const proposing = useRefusal('mends.propose');
  const reviewing = useRefusal('findings.act');
  const status = useEngineStatus().data;
  const isOnline = status?.connection.state === 'connected';
  const isTooMany = chosen.length > MENDS_AT_ONCE_MAX;
  const isNothingToDo = chosen.length === 0 || isTooMany || act.isPending;
  const cannotPropose = isNothingToDo || proposing !== null;
  const cannot = isNothingToDo || reviewing !== null || !isOnline;
  const findingIds = chosen.map(({ id }) => id);
  const periods = new Set(chosen.map(({ period }) => period));
  const [period = null] = periods.size === 1 ? periods : [];
  return (
    <>
      <div className="mend-actions" role="toolbar" aria-label="Chosen findings">
        <label className="check-field">
          <input type="checkbox" checked={isAll} onChange={(event) => onAll(event.target.checked)} />
          All shown
        </label>
        <span className="tabular muted">
          {chosen.length.toLocaleString('en')} chosen,{' '}
          <Credits credits={chosen.reduce((sum, { credits }) => sum + Math.abs(credits), 0)} /> credits
        </span>
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={cannotPropose}
          onClick={() => setProposing(true)}
        >
          Propose mends…
        </button>
        <button
          type="button"
          className="button"
          disabled={cannot}
          onClick={() => act.mutate({ runId, findingIds, act: { type: 'assign', to: status?.person.id ?? null } })}
        >
          Assign to me
        </button>
        <input
          className="mend-note"
          aria-label="Reason to accept"
          placeholder="Reason to accept"
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <button
          type="button"
          className="button"
          disabled={cannot || reason.trim() === ''}
          onClick={() =>
            act.mutate(
              { runId, findingIds, act: { type: 'accept', reason: reason.trim() } },
              { onSuccess: () => setReason('') },
            )
          }
        >
          Accept
        </button>
        {isTooMany && <span className="muted">At most {MENDS_AT_ONCE_MAX} at once.</span>}
        {proposed !== null && (
          <output>
            {proposed.toLocaleString('en')} proposed. <Link href="/reconciliation/mends">Show the proposals</Link>
          </output>
        )}
      </div>
      {act.error !== null && (
        <p className="note" data-tone="danger" role="alert">
          {explainError(toWireError(act.error))}
        </p>
      )}
      {isProposing && (
        <ProposeDialog
          runId={runId}
          findingIds={findingIds}
          period={period}
          onClose={() => setProposing(false)}
          onProposed={(count) => {
            setProposing(false);
            setProposed(count);
            onAll(false);
          }}
        />
      )}
    </>
  );
}
