import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { MENDS_AT_ONCE_MAX } from '#contract/mend-views.ts';
import type { ReviewView } from '#contract/finding-views.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { AwayNote, KeptNote } from '../../components/draft-notes.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { withoutSent } from '../../components/sent-text.ts';
import { useRefusal } from '../../state/access.ts';
import { useReviewOrKeep } from '../../state/finance-queries.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { ProposeDialog, type ToPropose } from './propose-dialog.tsx';

/** What can be done to several findings at once. */
export function FindingsActions({
  runId,
  chosen,
  reviews,
  isAll,
  onAll,
}: {
  runId: string;
  chosen: readonly Finding[];
  /** What was made of findings, as far as it is known. */
  reviews: Readonly<Record<string, ReviewView>>;
  isAll: boolean;
  onAll: (isAll: boolean) => void;
}): ReactNode {
  // As it was when it was asked for: a run that ends meanwhile takes nothing out of the dialog.
  const [proposing, setProposing] = useState<ToPropose | null>(null);
  const [proposed, setProposed] = useState<number | null>(null);
  const [reason, setReason] = useState('');
  const act = useReviewOrKeep(runId);
  const proposal = useRefusal('mends.propose');
  const reviewing = useRefusal('findings.act');
  const status = useEngineStatus().data;
  const isTooMany = chosen.length > MENDS_AT_ONCE_MAX;
  const isNothingToDo = chosen.length === 0 || isTooMany || act.isPending;
  const cannotPropose = isNothingToDo || proposal !== null;
  const cannot = isNothingToDo || reviewing !== null;
  const seen = chosen.map(({ id }) => ({ findingId: id, seenVersion: reviews[id]?.version ?? null }));
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
          onClick={() => setProposing({ runId, findingIds, period })}
        >
          Propose mends…
        </button>
        <button
          type="button"
          className="button"
          disabled={cannot}
          onClick={() => act.review(seen, { type: 'assign', to: status?.person.id ?? null })}
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
            act.review(seen, { type: 'accept', reason: reason.trim() }, () => setReason(withoutSent(reason)))
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
      {act.isAway && chosen.length > 0 && !act.isKept && <AwayNote />}
      {act.isKept && <KeptNote />}
      <FailureLine failure={act.error} look="note" />
      {proposing !== null && (
        <ProposeDialog
          {...proposing}
          onClose={() => setProposing(null)}
          onProposed={(count) => {
            setProposing(null);
            setProposed(count);
            onAll(false);
          }}
        />
      )}
    </>
  );
}
