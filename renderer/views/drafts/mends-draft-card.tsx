import type { ReactNode } from 'react';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useRefusal } from '../../state/access.ts';
import { useMendsDraftCheck } from '../../state/draft-checks.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { KeptDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { MendPreviewTable } from '../reconciliation/mend-preview-table.tsx';
import { DraftFoot } from './draft-foot.tsx';
import { CheckLine, Hindrance } from './draft-frame.tsx';

/** Mends that were to be proposed, and what proposing them would write now. */
export function MendsDraftCard({
  draft,
  onSent,
}: {
  draft: KeptDraft<'mends'>;
  onSent: (done: SentDraft) => void;
}): ReactNode {
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  const check = useMendsDraftCheck(draft, isConnected);
  const refusal = useRefusal('mends.propose');
  const send = useSendDraft(onSent);
  const { findingIds, reason, bookedIn } = draft.body;
  const proposable = check.data?.rows.filter(({ outcome }) => outcome === 'proposes').length ?? 0;
  return (
    <Panel title={findingIds.length === 1 ? 'Propose a mend' : `Propose ${findingIds.length} mends`}>
      <p className="muted">
        Kept <ExactTime atMs={draft.madeAtMs} />
        {bookedIn !== null && `, to be dated into ${bookedIn}`}.
        {reason !== '' && (
          <>
            {' '}
            Reason: <bdi>{reason}</bdi>
          </>
        )}
      </p>
      <CheckLine isConnected={isConnected} check={check} asks="what it would take" />
      {isConnected && check.data !== undefined && (
        <>
          <MendPreviewTable rows={check.data.rows} />
          {proposable === 0 && <Hindrance>There is nothing left to propose.</Hindrance>}
        </>
      )}
      <DraftFoot
        draftId={draft.id}
        says={proposable > 1 ? `Propose ${proposable} mends` : 'Propose'}
        refusal={refusal}
        send={send}
        canSend={isConnected && proposable > 0 && !check.isFetching}
        onSend={() => send.mutate({ kind: 'mends', draft })}
      />
    </Panel>
  );
}
