import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { ReviewView } from '#contract/finding-views.ts';
import { explainError } from '#domain/errors.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { ReviewAct } from '#domain/reconciliation/finding-review.ts';
import { Credits } from '../../components/credits-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useMendsOfFinding, useReview, useReviewAct } from '../../state/finance-queries.ts';
import { MEND_KINDS, MEND_STATES } from './mend-words.ts';
import { ProposeDialog } from './propose-dialog.tsx';

/** What people made of a finding, and what they can do about it: assign, comment, accept, solve, propose a mend. */
export function ReviewPanel({ runId, finding }: { runId: string; finding: Finding }): ReactNode {
  const review = useReview(runId, finding.id);
  return (
    <Panel title="What was made of it">
      <MendsOfFinding runId={runId} finding={finding} />
      {review.isPending && <output>Asking the server…</output>}
      {review.data === undefined && review.error !== null && (
        <FailureMessage failure={review.error} onAskAgain={() => void review.refetch()} />
      )}
      {review.data !== undefined && <Review runId={runId} review={review.data} />}
    </Panel>
  );
}

function MendsOfFinding({ runId, finding }: { runId: string; finding: Finding }): ReactNode {
  const mends = useMendsOfFinding(finding.id);
  const refusal = useRefusal('findings.act');
  const [isProposing, setProposing] = useState(false);
  const rows = mends.data?.rows ?? [];
  return (
    <>
      {rows.length > 0 && (
        <ul className="mend-list">
          {rows.map((mend) => (
            <li key={mend.mendId}>
              {MEND_KINDS[mend.kind]} of <Credits credits={mend.credits} /> {MEND_STATES[mend.state]}, proposed by{' '}
              <bdi>{mend.proposed.by.id}</bdi>. <Link href="/reconciliation/mends">Show the proposals</Link>
            </li>
          ))}
        </ul>
      )}
      <button
        type="button"
        className="button"
        data-kind="primary"
        disabled={refusal !== null}
        onClick={() => setProposing(true)}
      >
        Propose a mend…
      </button>
      {isProposing && (
        <ProposeDialog
          runId={runId}
          findingIds={[finding.id]}
          period={finding.period}
          onClose={() => setProposing(false)}
          onProposed={() => setProposing(false)}
        />
      )}
    </>
  );
}

function Review({ runId, review }: { runId: string; review: ReviewView }): ReactNode {
  const act = useReviewAct();
  const refusal = useRefusal('findings.act');
  const me = useEngineStatus().data?.person.id ?? '';
  const [text, setText] = useState('');
  const { settled, comments, standing, assignedTo } = review;
  const send = (what: ReviewAct): void =>
    act.mutate({ runId, findingIds: [review.findingId], act: what }, { onSuccess: () => setText('') });
  const words = text.trim();
  const cannot = act.isPending || refusal !== null;
  return (
    <>
      <p>
        {standing === 'accepted' ? 'Accepted' : 'Open'},{' '}
        {assignedTo === null ? 'nobody looks after it' : 'looked after by '}
        {assignedTo !== null && <bdi>{assignedTo}</bdi>}.{' '}
        <button
          type="button"
          className="text-button"
          disabled={cannot}
          onClick={() => send({ type: 'assign', to: assignedTo === me ? null : me })}
        >
          {assignedTo === me ? 'Give it back' : 'Assign to me'}
        </button>
      </p>
      {settled !== null && (
        <p>
          {settled.as === 'accepted' ? 'Accepted' : 'Said to be solved'} by <bdi>{settled.by.id}</bdi>,{' '}
          <ExactTime atMs={settled.atMs} />: <bdi>{settled.reason}</bdi>
          {settled.as === 'accepted' && standing === 'open' && ' It was for another amount and no longer holds.'}
          {settled.as === 'solved' && ' The next run proves it.'}
        </p>
      )}
      {comments.length > 0 && (
        <ul className="mend-list">
          {comments.map((comment) => (
            <li key={`${comment.atMs}-${comment.by.id}`}>
              <bdi>{comment.text}</bdi>
              <span className="cell-note">
                <bdi>{comment.by.id}</bdi>, <ExactTime atMs={comment.atMs} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <label className="field">
        Comment or reason
        <textarea rows={2} maxLength={500} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="dialog-actions">
        <button
          type="button"
          className="button"
          disabled={cannot || words === ''}
          onClick={() => send({ type: 'comment', text: words })}
        >
          Comment
        </button>
        {settled === null ? (
          <>
            <button
              type="button"
              className="button"
              disabled={cannot || words === ''}
              onClick={() => send({ type: 'solve', reason: words })}
            >
              Solved
            </button>
            <button
              type="button"
              className="button"
              disabled={cannot || words === ''}
              onClick={() => send({ type: 'accept', reason: words })}
            >
              Accept
            </button>
          </>
        ) : (
          <button
            type="button"
            className="button"
            disabled={cannot || words === ''}
            onClick={() => send({ type: 'reopen', reason: words })}
          >
            Open it again
          </button>
        )}
      </div>
      {act.error !== null && (
        <p className="note" data-tone="danger" role="alert">
          {explainError(toWireError(act.error))}
        </p>
      )}
    </>
  );
}
