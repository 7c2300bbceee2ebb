import { Hammer } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { MendResult, MendView } from '#contract/mend-views.ts';
import { explainError } from '#domain/errors.ts';
import type { MendState } from '#domain/reconciliation/mend-record.ts';
import { findRule } from '#domain/reconciliation/rules.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { useDecide, useMends, usePost } from '../../state/finance-queries.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import { MEND_KINDS, MEND_STATES } from './mend-words.ts';
import './reconciliation.css';

const OPEN: MendState[] = ['proposed', 'approved'];
const OVER: MendState[] = ['posted', 'rejected', 'withdrawn'];

/** Proposals of mends: who proposed what, who approves it, and posting it. */
export function MendsScreen(): ReactNode {
  useTitle('Mends');
  const [isOver, setOver] = useState(false);
  const mends = useMends(isOver ? OVER : OPEN);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Mends</h1>
        <p className="muted">
          Differences are mended by new entries only. Above a set amount a second person approves a proposal before it
          is posted; posting twice does nothing.
        </p>
      </header>
      <FinanceTabs />
      <fieldset className="segmented" aria-label="Which proposals">
        <button type="button" className="button" aria-pressed={!isOver} onClick={() => setOver(false)}>
          Open
        </button>
        <button type="button" className="button" aria-pressed={isOver} onClick={() => setOver(true)}>
          Closed
        </button>
      </fieldset>
      {mends.isPending && <output>Reading the proposals…</output>}
      {mends.data === undefined && mends.error !== null && (
        <FailureMessage failure={mends.error} onAskAgain={() => void mends.refetch()} />
      )}
      {mends.data !== undefined && <Mends key={String(isOver)} rows={mends.data.rows} isOver={isOver} />}
    </div>
  );
}

function Mends({ rows, isOver }: { rows: readonly MendView[]; isOver: boolean }): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (rows.length === 0) {
    return (
      <ScreenMessage
        icon={Hammer}
        title={isOver ? 'Nothing was posted, rejected or withdrawn yet' : 'No proposal is open'}
        action={
          <Link className="button" href="/reconciliation">
            Show the findings
          </Link>
        }
      >
        Proposals are made from findings.
      </ScreenMessage>
    );
  }
  const shown = rows.filter(({ mendId }) => chosen.has(mendId));
  const toggle = (mendId: string): void => {
    const next = new Set(chosen);
    if (!next.delete(mendId)) next.add(mendId);
    setChosen(next);
  };
  return (
    <>
      {!isOver && (
        <MendActions
          chosen={shown}
          isAll={shown.length === rows.length}
          onAll={(isAll) => setChosen(new Set(isAll ? rows.map(({ mendId }) => mendId) : []))}
          onDone={() => setChosen(new Set())}
        />
      )}
      <table className="findings-table">
        <caption className="visually-hidden">{isOver ? 'Closed proposals' : 'Open proposals'}</caption>
        <thead>
          <tr>
            {!isOver && (
              <th scope="col" className="choose-cell">
                <span className="visually-hidden">Chosen</span>
              </th>
            )}
            <th scope="col">Mend</th>
            <th scope="col">Finding</th>
            <th scope="col">Workspace</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Credits
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((mend) => (
            <MendRow
              key={mend.mendId}
              mend={mend}
              isChosen={chosen.has(mend.mendId)}
              onToggle={isOver ? null : () => toggle(mend.mendId)}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

function MendActions({
  chosen,
  isAll,
  onAll,
  onDone,
}: {
  chosen: readonly MendView[];
  isAll: boolean;
  onAll: (isAll: boolean) => void;
  onDone: () => void;
}): ReactNode {
  const decide = useDecide();
  const post = usePost();
  const refusal = useRefusal('money', 'write');
  const [note, setNote] = useState('');
  const me = useEngineStatus().data?.person.id;
  const mendIds = chosen.map(({ mendId }) => mendId);
  const isBusy = decide.isPending || post.isPending;
  const cannot = mendIds.length === 0 || isBusy || refusal !== null;
  const isMine = chosen.length > 0 && chosen.every(({ proposed }) => proposed.by.id === me);
  const decideAll = (decision: 'approved' | 'rejected' | 'withdrawn'): void => {
    post.reset();
    decide.mutate({ mendIds, decision, note }, { onSuccess: ({ rows }) => finish(rows) });
  };
  const finish = (rows: readonly MendResult[]): void => {
    setNote('');
    if (rows.every(({ error }) => error === null)) onDone();
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
          disabled={cannot}
          onClick={() => {
            decide.reset();
            post.mutate({ mendIds }, { onSuccess: ({ rows }) => finish(rows) });
          }}
        >
          Post
        </button>
      </div>
      {refusal !== null && <p className="muted">You may look and not decide: {refusal.detail}.</p>}
      <Results rows={results} failure={post.error ?? decide.error} />
    </>
  );
}

function Results({ rows, failure }: { rows: readonly MendResult[]; failure: unknown }): ReactNode {
  if (failure !== null) {
    return (
      <p className="note" data-tone="danger" role="alert">
        {explainError(toWireError(failure))}
      </p>
    );
  }
  const failed = rows.filter(({ error }) => error !== null);
  if (rows.length === 0) return null;
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
                <bdi className="mono">{mendId}</bdi>: {error !== null && explainError(error)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function MendRow({
  mend,
  isChosen,
  onToggle,
}: {
  mend: MendView;
  isChosen: boolean;
  onToggle: (() => void) | null;
}): ReactNode {
  const { decided, posted } = mend;
  return (
    <tr>
      {onToggle !== null && (
        <td>
          <input
            type="checkbox"
            checked={isChosen}
            onChange={onToggle}
            aria-label={`Choose ${MEND_KINDS[mend.kind]} of ${mend.jobId ?? mend.workspaceId}`}
          />
        </td>
      )}
      <td>
        <strong>{MEND_KINDS[mend.kind]}</strong>{' '}
        {mend.isSecondPersonNeeded && <span className="tag">second person</span>}
        <span className="cell-note">
          {mend.entries.map(({ type }) => type).join(', ')}
          {mend.bookedIn === null ? '' : `, dated into ${mend.bookedIn}`}
        </span>
        <span className="cell-note">
          <bdi>{mend.reason}</bdi>
        </span>
      </td>
      <td>
        {findRule(mend.rule)?.title ?? mend.rule}
        <span className="cell-note">
          {mend.jobId === null ? (
            <bdi className="mono">{mend.findingId}</bdi>
          ) : (
            <Link href={jobHref(mend.jobId)}>
              <bdi className="mono">{mend.jobId}</bdi>
            </Link>
          )}
        </span>
      </td>
      <td className="mono">
        <bdi>{mend.workspaceId}</bdi>
      </td>
      <td>
        {MEND_STATES[mend.state]}
        <Step word="proposed" step={mend.proposed} />
        {decided !== null && <Step word={mend.state === 'posted' ? 'approved' : mend.state} step={decided} />}
        {posted !== null && <Step word="posted" step={posted} />}
      </td>
      <td className="number">
        <Credits credits={mend.credits} />
      </td>
    </tr>
  );
}

function Step({ word, step }: { word: string; step: MendView['proposed'] }): ReactNode {
  return (
    <span className="cell-note">
      {word} by <bdi>{step.by.id}</bdi>, <ExactTime atMs={step.atMs} />
    </span>
  );
}
