import { useState, type ReactNode } from 'react';
import type { MendResult, MendView } from '#contract/mend-views.ts';
import { explainError } from '#domain/errors.ts';
import { AwayNote, KeptNote } from '../../components/draft-notes.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { withoutSent } from '../../components/sent-text.ts';
import { useRefusal } from '../../state/access.ts';
import { useKeepDraft } from '../../state/drafts.ts';
import { useEngineStatus, useIsServerAway } from '../../state/engine-queries.tsx';
import { useDecide, usePost } from '../../state/finance-queries.ts';
import { nameOfMend } from './mend-words.ts';

/** What can be done with the chosen proposals, and what became of each: approving, rejecting, withdrawing, posting. */
export function MendActions({
  mends,
  chosen,
  isAll,
  onAll,
  onDone,
}: {
  /** Every open proposal. */
  mends: readonly MendView[];
  chosen: readonly MendView[];
  isAll: boolean;
  onAll: (isAll: boolean) => void;
  onDone: () => void;
}): ReactNode {
  const decide = useDecide();
  const post = usePost();
  const keep = useKeepDraft();
  const isAway = useIsServerAway();
  const deciding = useRefusal('mends.decide');
  const posting = useRefusal('mends.post');
  const [note, setNote] = useState('');
  const me = useEngineStatus().data?.person.id;
  const mendIds = chosen.map(({ mendId }) => mendId);
  const isBusy = decide.isPending || post.isPending || keep.isPending;
  const isNothingToDo = mendIds.length === 0 || isBusy;
  const cannot = isNothingToDo || deciding !== null;
  const isMine = chosen.length > 0 && chosen.every(({ proposed }) => proposed.by.id === me);
  const decideAll = (decision: 'approved' | 'rejected' | 'withdrawn'): void => {
    post.reset();
    keep.reset();
    if (isAway) {
      const seen = chosen.map(({ mendId, state }) => ({ mendId, seenState: state }));
      const body = { decision, note, mends: seen };
      keep.mutate({ kind: 'decision', subjectId: 'mends', body }, { onSuccess: () => finishDecision([]) });
      return;
    }
    decide.mutate({ mendIds, decision, note }, { onSuccess: ({ rows }) => finishDecision(rows) });
  };
  const finish = (rows: readonly MendResult[]): void => {
    if (rows.every(({ error }) => error === null)) onDone();
  };
  const finishDecision = (rows: readonly MendResult[]): void => {
    setNote(withoutSent(note));
    finish(rows);
  };
  const results = post.data?.rows ?? decide.data?.rows ?? [];
  return (
    <>
      <div className="mend-actions" role="toolbar" aria-label="Chosen proposals">
        <label className="check-field">
          <input type="checkbox" checked={isAll} onChange={(event) => onAll(event.target.checked)} />
          All
        </label>
        <span className="tabular muted">
          {chosen.length.toLocaleString('en')} chosen,{' '}
          <Credits credits={chosen.reduce((sum, { credits }) => sum + credits, 0)} /> credits
        </span>
        <input
          className="mend-note"
          aria-label="Note"
          placeholder="Note"
          maxLength={500}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <button type="button" className="button" disabled={cannot} onClick={() => decideAll('approved')}>
          Approve
        </button>
        <button type="button" className="button" disabled={cannot} onClick={() => decideAll('rejected')}>
          Reject
        </button>
        <button type="button" className="button" disabled={cannot || !isMine} onClick={() => decideAll('withdrawn')}>
          Withdraw
        </button>
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={isNothingToDo || posting !== null}
          onClick={() => {
            decide.reset();
            keep.reset();
            post.mutate({ mendIds }, { onSuccess: ({ rows }) => finish(rows) });
          }}
        >
          Post
        </button>
      </div>
      {isAway && deciding === null && !keep.isSuccess && <AwayNote />}
      {keep.isSuccess && <KeptNote />}
      {deciding !== null && <p className="muted">You may look and not decide: {deciding.detail}.</p>}
      {deciding === null && posting !== null && <p className="muted">You may decide and not post: {posting.detail}.</p>}
      <Results mends={mends} rows={results} failure={post.error ?? decide.error ?? keep.error} />
    </>
  );
}

function Results({
  mends,
  rows,
  failure,
}: {
  mends: readonly MendView[];
  rows: readonly MendResult[];
  failure: Error | null;
}): ReactNode {
  if (failure !== null) return <FailureLine failure={failure} look="note" />;
  const failed = rows.filter(({ error }) => error !== null);
  if (rows.length === 0) return null;
  const names = new Map(mends.map((mend) => [mend.mendId, nameOfMend(mend)]));
  return (
    <>
      <output>
        {(rows.length - failed.length).toLocaleString('en')} done
        {failed.length > 0 && `, ${failed.length.toLocaleString('en')} refused`}.
      </output>
      {failed.length > 0 && (
        <div className="note" data-tone="danger" role="alert">
          <ul>
            {failed.slice(0, 10).map(({ mendId, error }) => (
              <li key={mendId}>
                <bdi title={mendId}>{names.get(mendId) ?? mendId}</bdi>: {error !== null && explainError(error)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
