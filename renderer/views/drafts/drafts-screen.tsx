import { Inbox, Send, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { explainError } from '#domain/errors.ts';
import { Credits } from '../../components/credits-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import {
  useDraftCheck,
  useDrafts,
  useDropDraft,
  useSendDraft,
  type DraftCheck,
  type JobDraft,
  type SentDraft,
} from '../../state/drafts.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useEngineStatus, useJob } from '../../state/engine-queries.tsx';
import { jobHref } from '../../state/jobs-query-string.ts';

/** What was to be done while the server was away: each checked anew, and sent or dropped by a person. */
export function DraftsScreen(): ReactNode {
  useTitle('Drafts');
  const drafts = useDrafts();
  const [sent, setSent] = useState<readonly SentDraft[]>([]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Drafts</h1>
        <p className="muted">
          What you wanted done while the server was away. Nothing is sent by itself: each draft is held against what the
          server says now.
        </p>
      </header>
      {sent.map(({ jobId, kind }) => (
        <output key={`${kind} ${jobId}`} className="text-success">
          {kind === 'retry' ? 'Waits again: ' : 'Cancelled: '}
          <Link href={jobHref(jobId)}>
            <bdi className="mono">{jobId}</bdi>
          </Link>
        </output>
      ))}
      {drafts.data === undefined && drafts.error === null && <output>Reading…</output>}
      {drafts.data === undefined && drafts.error !== null && (
        <FailureMessage failure={drafts.error} onAskAgain={() => void drafts.refetch()} />
      )}
      {drafts.data?.drafts.length === 0 && (
        <ScreenMessage icon={Inbox} title="No drafts">
          A retry or a cancellation that is asked for while the server is away can be kept here.
        </ScreenMessage>
      )}
      {drafts.data?.drafts.map((draft) => (
        <DraftCard key={draft.id} draft={draft} onSent={(done) => setSent([...sent, done])} />
      ))}
      {drafts.data !== undefined && drafts.data.unknown > 0 && (
        <p className="note">
          {drafts.data.unknown} more cannot be read by this version of the program. They stay where they are.
        </p>
      )}
    </div>
  );
}

function DraftCard({ draft, onSent }: { draft: JobDraft; onSent: (done: SentDraft) => void }): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const job = useJob(draft.subjectId);
  const row = job.data?.row ?? null;
  const check = useDraftCheck(draft, { isConnected, jobUpdatedAtMs: row?.updatedAtMs ?? null });
  const refusal = useRefusal('retry', 'write');
  const send = useSendDraft(onSent);
  const drop = useDropDraft();
  const hindrance = check.data === undefined ? 'not checked yet' : hindranceOf(draft, check.data);
  const name = draft.kind === 'retry' ? 'Retry' : 'Cancel';
  return (
    <Panel
      title={`${name} ${draft.subjectId}`}
      aside={
        <Link className="text-button" href={jobHref(draft.subjectId)}>
          Open the job
        </Link>
      }
    >
      <p className="muted">
        Kept <ExactTime atMs={draft.madeAtMs} />, when the job was {draft.body.seenState}.
        {draft.body.reason !== '' && (
          <>
            {' '}
            Reason: <bdi>{draft.body.reason}</bdi>
          </>
        )}
        {draft.kind === 'retry' && draft.body.edited !== null && ' With an edited input.'}
      </p>
      {row !== null && row.updatedAtMs !== draft.body.seenUpdatedAtMs && (
        <p className="note" data-tone="warning">
          The job has changed since: it is {row.state} now.
        </p>
      )}
      {!isConnected && <p className="muted">It is checked when the server is back.</p>}
      {isConnected && check.isPending && <output>Asking the server what it would do…</output>}
      {check.error !== null && (
        <p className="text-danger" role="alert">
          {explainError(toWireError(check.error))}
        </p>
      )}
      {isConnected && check.data !== undefined && <Effect check={check.data} hindrance={hindrance} />}
      {refusal !== null && <RefusalNote refusal={refusal} />}
      {[send.error, drop.error].map((error, index) =>
        error === null ? null : (
          <p key={index === 0 ? 'send' : 'drop'} className="text-danger" role="alert">
            {explainError(toWireError(error))}
          </p>
        ),
      )}
      <div className="dialog-actions">
        <button type="button" className="button" disabled={drop.isPending} onClick={() => drop.mutate(draft.id)}>
          <Trash2 aria-hidden size={14} />
          Drop
        </button>
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={!isConnected || hindrance !== null || refusal !== null || check.isFetching || send.isPending}
          onClick={() => {
            if (check.data !== undefined) send.mutate({ draft, check: check.data });
          }}
        >
          <Send aria-hidden size={14} />
          {draft.kind === 'retry' ? 'Send the retry' : 'Send the cancellation'}
        </button>
      </div>
    </Panel>
  );
}

function Effect({ check, hindrance }: { check: DraftCheck; hindrance: string | null }): ReactNode {
  if (hindrance !== null) {
    return (
      <p className="note" data-tone="danger">
        {hindrance}
      </p>
    );
  }
  if (check.kind === 'cancel') {
    return check.preview.verdict === 'cancel' ? (
      <p>
        The job ends as failed; <Credits credits={check.preview.releasedCredits} /> credits go back to the customer
        {check.preview.keptCredits > 0 && (
          <>
            , <Credits credits={check.preview.keptCredits} /> are charged
          </>
        )}
        .
      </p>
    ) : null;
  }
  const { price, warnings, verdict } = check.preview;
  return (
    <>
      <p>
        {verdict.why} The customer pays{' '}
        {price.type === 'unknown' ? 'what is not known' : <Credits credits={price.value} />} credits when it completes.
      </p>
      {warnings.length > 0 && (
        <p className="note" data-tone="warning">
          {warnings.some(({ type }) => type === 'insufficient_credit') && 'The account has too little credit. '}
          {warnings.some(({ type }) => type === 'already_charged') && 'It was charged before. '}
          {warnings.some(({ type }) => type === 'provider_accepted') && 'A provider accepted it before. '}
          {warnings.some(({ type }) => type === 'same_input_under_way') && 'The same input is under way. '}
        </p>
      )}
    </>
  );
}

/** Why a draft cannot be sent as it is; null where it can. */
function hindranceOf(draft: JobDraft, check: DraftCheck): string | null {
  if (check.kind === 'cancel') return check.preview.verdict === 'blocked' ? check.preview.why : null;
  const { verdict } = check.preview;
  if (verdict.verdict === 'blocked') return verdict.why;
  if (verdict.verdict === 'retry') return null;
  const isEdited = draft.kind === 'retry' && draft.body.edited !== null;
  if (verdict.verdict === 'edit_input') return isEdited ? null : `${verdict.why} The same input cannot succeed.`;
  return draft.body.reason.trim() === '' ? `${verdict.why} It needs a reason: retry it from the job.` : null;
}
