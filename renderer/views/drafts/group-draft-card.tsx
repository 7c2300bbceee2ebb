import type { ReactNode } from 'react';
import type { GroupNow } from '#contract/failure-views.ts';
import { counted } from '#domain/counted.ts';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useClock } from '../../state/clock.ts';
import { useRefusal } from '../../state/access.ts';
import { useGroupDraftCheck } from '../../state/draft-checks.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { KeptDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { DraftFoot } from './draft-foot.tsx';
import { CheckLine, Hindrance, KeptLine } from './draft-frame.tsx';
import { groupHindrance, noteOf, wordsOfFailureAct } from './draft-words.ts';

/** A decision about a group of failures that was kept, and how the group stands now. */
export function GroupDraftCard({
  draft,
  onSent,
}: {
  draft: KeptDraft<'group'>;
  onSent: (done: SentDraft) => void;
}): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const check = useGroupDraftCheck(draft, isConnected);
  const refusal = useRefusal('failures.decide');
  const send = useSendDraft(onSent);
  const { act, title, seenVersion } = draft.body;
  const now = isConnected ? check.data : undefined;
  const hindrance = useClock((nowMs) => (now === undefined ? null : groupHindrance(act, now, nowMs)));
  return (
    <Panel title={wordsOfFailureAct(act)}>
      <p>
        <bdi>{title}</bdi>
      </p>
      <KeptLine madeAtMs={draft.madeAtMs} note={noteOf(act)} />
      {act.type === 'ignore' && act.until.type === 'time' && (
        <p className="muted">
          Until <ExactTime atMs={act.until.atMs} />.
        </p>
      )}
      <CheckLine isConnected={isConnected} check={check} />
      {now !== undefined && <GroupStanding now={now} seenVersion={seenVersion} />}
      {hindrance !== null && <Hindrance>{hindrance}</Hindrance>}
      <DraftFoot
        draftId={draft.id}
        says="Send the decision"
        refusal={refusal}
        send={send}
        canSend={now !== undefined && hindrance === null && !check.isFetching}
        onSend={() => {
          if (now !== undefined) send.mutate({ kind: 'group', draft, version: now.version });
        }}
      />
    </Panel>
  );
}

function GroupStanding({ now, seenVersion }: { now: GroupNow; seenVersion: number | null }): ReactNode {
  const { verdict, jobsSince, customersSince, version } = now;
  return (
    <>
      {seenVersion !== null && seenVersion !== version && (
        <p className="note" data-tone="warning">
          Somebody decided about the group since you saw it.
        </p>
      )}
      {verdict === null ? (
        <p>Nobody has decided about it yet.</p>
      ) : (
        <p>
          It is {verdict.as} by <bdi>{verdict.by.id}</bdi>, <ExactTime atMs={verdict.atMs} />
          {verdict.note === '' ? '.' : ': '}
          <bdi>{verdict.note}</bdi>
        </p>
      )}
      <p>
        {jobsSince === 0
          ? 'No job has failed for it since the draft was kept.'
          : `Since the draft was kept ${counted(jobsSince, 'job')} of ${counted(customersSince, 'customer')} failed for it.`}
      </p>
    </>
  );
}
