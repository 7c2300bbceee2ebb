import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { ReviewView } from '#contract/finding-views.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { ReviewAct } from '#domain/reconciliation/finding-review.ts';
import { AwayNote, KeptNote } from '../../components/draft-notes.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { withoutSent } from '../../components/sent-text.ts';
import { FailureMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus, useIsServerAway } from '../../state/engine-queries.tsx';
import { useMendsOfFinding, useReview, useReviewOrKeep } from '../../state/finance-queries.ts';
import { MEND_KINDS, MEND_STATES } from './mend-words.ts';
import { ProposeDialog } from './propose-dialog.tsx';

/** What people made of a finding, and what they can do about it: assign, comment, accept, solve, propose a mend. */
export function ReviewPanel({ runId, finding }: { runId: string; finding: Finding }): ReactNode {
  const review = useReview(runId, finding.id);
  const isAway = useIsServerAway();
  const isUnknown = review.data === undefined;
  return (
    <Panel title="What was made of it">
      <MendsOfFinding runId={runId} finding={finding} />
      {review.isPending && !isAway && <output>Asking the server…</output>}
      {isUnknown && review.error !== null && !isAway && (
        <FailureMessage failure={review.error} onAskAgain={() => void review.refetch()} />
      )}
      {isUnknown && isAway && <p className="muted">What was made of it stands on the server.</p>}
      {(!isUnknown || isAway) && <Review runId={runId} findingId={finding.id} review={review.data ?? null} />}
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

function Review({
  runId,
  findingId,
  review,
}: {
  runId: string;
  findingId: string;
  /** Null where it is not known: then what is wanted can only be kept. */
  review: ReviewView | null;
}): ReactNode {
  const act = useReviewOrKeep(runId);
  const refusal = useRefusal('findings.act');
  const me = useEngineStatus().data?.person.id ?? '';
  const [text, setText] = useState('');
  const assignedTo = review?.assignedTo ?? null;
  const settled = review?.settled ?? null;
  const send = (what: ReviewAct): void =>
    act.review([{ findingId, seenVersion: review?.version ?? null }], what, () => {
      // Whoever is assigned has said nothing by it: what they are writing stays.
      if (what.type !== 'assign') setText(withoutSent(text));
    });
  const words = text.trim();
  const cannot = act.isPending || refusal !== null;
  return (
    <>
      <p>
        {review !== null && <Standing review={review} />}
        <button
          type="button"
          className="text-button"
          disabled={cannot}
          onClick={() => send({ type: 'assign', to: assignedTo === me ? null : me })}
        >
          {assignedTo === me ? 'Give it back' : 'Assign to me'}
        </button>
      </p>
      {review !== null && <Said review={review} />}
      {act.isAway && !act.isKept && <AwayNote />}
      {act.isKept && <KeptNote />}
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
      <FailureLine failure={act.error} look="note" />
    </>
  );
}

function Standing({ review: { standing, assignedTo } }: { review: ReviewView }): ReactNode {
  return (
    <>
      {standing === 'accepted' ? 'Accepted' : 'Open'},{' '}
      {assignedTo === null ? 'nobody looks after it' : 'looked after by '}
      {assignedTo !== null && <bdi>{assignedTo}</bdi>}.{' '}
    </>
  );
}

/** What people have said about it: the last word, and every comment. */
function Said({ review: { settled, standing, comments } }: { review: ReviewView }): ReactNode {
  return (
    <>
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
    </>
  );
}
