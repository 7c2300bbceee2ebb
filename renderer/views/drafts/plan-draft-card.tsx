import type { ReactNode } from 'react';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { KeptDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { wishWords } from '../plans/plan-words.ts';
import { DraftFoot } from './draft-foot.tsx';

/** A plan of retries that was kept. To send it is to plan it: that itself is the check, and retries nothing. */
export function PlanDraftCard({
  draft,
  onSent,
}: {
  draft: KeptDraft<'plan'>;
  onSent: (done: SentDraft) => void;
}): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const refusal = useRefusal('plans.make');
  const send = useSendDraft(onSent);
  const { wish, reason, isCollecting } = draft.body;
  return (
    <Panel title="Plan a retry">
      <p>
        <bdi>{wishWords(wish)}</bdi>
      </p>
      <p className="muted">
        Kept <ExactTime atMs={draft.madeAtMs} />
        {isCollecting ? '.' : ', without collecting results that nobody received.'}
        {reason !== '' && (
          <>
            {' '}
            Reason: <bdi>{reason}</bdi>
          </>
        )}
      </p>
      <p className="muted">
        {isConnected
          ? 'The server is asked about every job as it is now. Nothing is retried until somebody runs the plan.'
          : 'It is checked when the server is back.'}
      </p>
      {send.isPending && <output>Asking the server about every job…</output>}
      <DraftFoot
        draftId={draft.id}
        says="Plan, retry nothing yet"
        refusal={refusal}
        send={send}
        canSend={isConnected}
        onSend={() => send.mutate({ kind: 'plan', draft })}
      />
    </Panel>
  );
}
