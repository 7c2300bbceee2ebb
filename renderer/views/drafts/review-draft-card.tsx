import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { ReviewView } from '#contract/finding-views.ts';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { useReviewDraftCheck } from '../../state/draft-checks.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { KeptDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { findingHref } from '../../state/findings-query-string.ts';
import { DraftFoot } from './draft-foot.tsx';
import { CheckLine, Hindrance, KeptLine } from './draft-frame.tsx';
import { noteOf, wordsOfReviewAct } from './draft-words.ts';

/** How many findings are shown one by one; the rest is summed up. */
const SHOWN_MAX = 50;

/** What was to be done about findings, and what people made of them until now. */
export function ReviewDraftCard({
  draft,
  onSent,
}: {
  draft: KeptDraft<'review'>;
  onSent: (done: SentDraft) => void;
}): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const check = useReviewDraftCheck(draft, isConnected);
  const refusal = useRefusal('findings.act');
  const send = useSendDraft(onSent);
  const { act, findings } = draft.body;
  const seen = new Map(findings.map(({ findingId, seenVersion }) => [findingId, seenVersion]));
  // What changed stands first: a change that is summed up below would be passed over unseen.
  const changedFirst = (row: ReviewView): number => (isChanged(row, seen.get(row.findingId) ?? null) ? 0 : 1);
  const rows = isConnected
    ? check.data?.rows.toSorted((left, right) => changedFirst(left) - changedFirst(right))
    : undefined;
  const what = findings.length === 1 ? 'a finding' : `${findings.length.toLocaleString('en')} findings`;
  return (
    <Panel title={`${wordsOfReviewAct(act)} ${what}`}>
      <KeptLine madeAtMs={draft.madeAtMs} note={noteOf(act)} />
      <CheckLine isConnected={isConnected} check={check} />
      {rows !== undefined && (
        <ul className="mend-list">
          {rows.slice(0, SHOWN_MAX).map((row) => (
            <ReviewRow
              key={row.findingId}
              runId={draft.subjectId}
              review={row}
              seenVersion={seen.get(row.findingId) ?? null}
            />
          ))}
        </ul>
      )}
      {rows !== undefined && rows.length > SHOWN_MAX && (
        <p className="muted">and {(rows.length - SHOWN_MAX).toLocaleString('en')} more</p>
      )}
      {rows?.length === 0 && <Hindrance>The run no longer has them.</Hindrance>}
      <DraftFoot
        draftId={draft.id}
        says="Send the review"
        refusal={refusal}
        send={send}
        canSend={rows !== undefined && rows.length > 0 && !check.isFetching}
        onSend={() =>
          send.mutate({
            kind: 'review',
            draft,
            findings: (rows ?? []).map(({ findingId, version }) => ({ findingId, seenVersion: version })),
          })
        }
      />
    </Panel>
  );
}

function isChanged({ version }: ReviewView, seenVersion: number | null): boolean {
  return seenVersion !== null && seenVersion !== version;
}

function ReviewRow({
  runId,
  review,
  seenVersion,
}: {
  runId: string;
  review: ReviewView;
  seenVersion: number | null;
}): ReactNode {
  const { findingId, standing, assignedTo, settled } = review;
  return (
    <li>
      <Link href={findingHref(findingId, runId)}>
        <bdi className="mono">{findingId}</bdi>
      </Link>{' '}
      is {standing}
      {assignedTo !== null && (
        <>
          , looked after by <bdi>{assignedTo}</bdi>
        </>
      )}
      {settled !== null && (
        <>
          ; {settled.as === 'accepted' ? 'accepted' : 'said to be solved'} by <bdi>{settled.by.id}</bdi>,{' '}
          <ExactTime atMs={settled.atMs} />: <bdi>{settled.reason}</bdi>
        </>
      )}
      . {isChanged(review, seenVersion) && <span className="tag">changed since you saw it</span>}
    </li>
  );
}
