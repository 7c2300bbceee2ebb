import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { KnownView } from '#contract/retry-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { useDraftCheck, type DraftCheck } from '../../state/draft-checks.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { JobDraft } from '../../state/drafts.ts';
import { useEngineStatus, useJob } from '../../state/engine-queries.tsx';
import { canCollect } from '../../state/job-desk.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { RetryWarnings } from '../job/retry-facts.tsx';
import { DraftFoot } from './draft-foot.tsx';
import { CheckLine, Hindrance } from './draft-frame.tsx';
import { jobHindrance } from './draft-words.ts';

/** A retry or a cancellation that was kept, and what it would do now. */
export function JobDraftCard({ draft, onSent }: { draft: JobDraft; onSent: (done: SentDraft) => void }): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const job = useJob(draft.subjectId);
  const row = job.data?.row ?? null;
  const check = useDraftCheck(draft, { isConnected, jobUpdatedAtMs: row?.updatedAtMs ?? null });
  const refusal = useRefusal(draft.kind === 'retry' ? 'retry.run' : 'cancel.run');
  const send = useSendDraft(onSent);
  const hindrance = check.data === undefined ? 'not checked yet' : jobHindrance(draft, check.data);
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
      <CheckLine isConnected={isConnected} check={check} asks="what it would do" />
      {isConnected && check.data !== undefined && <Effect check={check.data} hindrance={hindrance} />}
      <DraftFoot
        draftId={draft.id}
        says={whatIsSent(draft, check.data)}
        refusal={refusal}
        send={send}
        canSend={isConnected && hindrance === null && !check.isFetching}
        onSend={() => {
          if (check.data !== undefined) send.mutate({ kind: 'job', draft, check: check.data });
        }}
      />
    </Panel>
  );
}

function whatIsSent(draft: JobDraft, check: DraftCheck | undefined): string {
  if (draft.kind === 'cancel') return 'Send the cancellation';
  const collects = check?.kind === 'retry' && canCollect(draft.body.edited, check.preview);
  return collects ? 'Collect the result' : 'Send the retry';
}

function Effect({ check, hindrance }: { check: DraftCheck; hindrance: string | null }): ReactNode {
  if (hindrance !== null) return <Hindrance>{hindrance}</Hindrance>;
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
        {verdict.why} <Price price={price} />
      </p>
      <RetryWarnings warnings={warnings} />
    </>
  );
}

/** What the customer pays, with how well that is known. */
function Price({ price }: { price: KnownView }): ReactNode {
  if (price.type === 'unknown') return `What the customer pays is not known (${price.basis}).`;
  return (
    <>
      The customer pays {price.type === 'estimated' && 'about '}
      <Credits credits={price.value} /> credits when it completes{price.type === 'estimated' && ` (${price.basis})`}.
    </>
  );
}
