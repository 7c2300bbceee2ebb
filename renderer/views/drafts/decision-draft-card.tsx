import type { ReactNode } from 'react';
import type { MendView } from '#contract/mend-views.ts';
import { explainError } from '#domain/errors.ts';
import { OPEN_MEND_STATES } from '#domain/reconciliation/mend-record.ts';
import { mayDecide } from '#domain/second-person.ts';
import { Credits } from '../../components/credits-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { useRefusal } from '../../state/access.ts';
import { useDecisionDraftCheck } from '../../state/draft-checks.ts';
import { useSendDraft, type SentDraft } from '../../state/draft-sending.ts';
import type { KeptDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { MEND_STATES, nameOfMend } from '../reconciliation/mend-words.ts';
import { DraftFoot } from './draft-foot.tsx';
import { CheckLine, Hindrance, KeptLine } from './draft-frame.tsx';

/** How many proposals are shown one by one; the rest is summed up. */
const SHOWN_MAX = 50;

const DECISIONS = {
  approved: { does: 'Approve', says: 'Send the approval' },
  rejected: { does: 'Reject', says: 'Send the rejection' },
  withdrawn: { does: 'Withdraw', says: 'Send the withdrawal' },
} as const;

/** A decision about proposals of mends that was kept, and how each of them stands now. */
export function DecisionDraftCard({
  draft,
  onSent,
}: {
  draft: KeptDraft<'decision'>;
  onSent: (done: SentDraft) => void;
}): ReactNode {
  const status = useEngineStatus().data;
  const isConnected = status?.connection.state === 'connected';
  const check = useDecisionDraftCheck(draft, isConnected);
  const refusal = useRefusal('mends.decide');
  const send = useSendDraft(onSent);
  const { decision, note, mends } = draft.body;
  const me = status?.person.id ?? '';
  const rows = (isConnected ? check.data?.rows : undefined)?.map((mend) => {
    const isOpen = OPEN_MEND_STATES.includes(mend.state);
    const proposal = { state: mend.state, isOpen, proposedBy: mend.proposed.by };
    return { mend, may: mayDecide(proposal, decision, { type: 'user', id: me }) };
  });
  const decidable = (rows ?? []).filter(({ may }) => may.ok).map(({ mend }) => mend.mendId);
  const seen = new Map(mends.map(({ mendId, seenState }) => [mendId, seenState]));
  const what = mends.length === 1 ? 'a mend' : `${mends.length.toLocaleString('en')} mends`;
  const gone = rows === undefined ? 0 : mends.length - rows.length;
  return (
    <Panel title={`${DECISIONS[decision].does} ${what}`}>
      <KeptLine madeAtMs={draft.madeAtMs} note={note} />
      <CheckLine isConnected={isConnected} check={check} />
      {rows !== undefined && (
        <ul className="mend-list">
          {rows.slice(0, SHOWN_MAX).map(({ mend, may }) => (
            <MendLine
              key={mend.mendId}
              mend={mend}
              seenState={seen.get(mend.mendId) ?? mend.state}
              problem={may.ok ? null : explainError(may.error)}
            />
          ))}
        </ul>
      )}
      {rows !== undefined && rows.length > SHOWN_MAX && (
        <p className="muted">and {(rows.length - SHOWN_MAX).toLocaleString('en')} more</p>
      )}
      {gone > 0 && <p className="muted">The server no longer has {gone.toLocaleString('en')} of them.</p>}
      {rows !== undefined && decidable.length === 0 && <Hindrance>There is nothing left to decide about.</Hindrance>}
      <DraftFoot
        draftId={draft.id}
        says={DECISIONS[decision].says}
        refusal={refusal}
        send={send}
        canSend={decidable.length > 0 && !check.isFetching}
        onSend={() => send.mutate({ kind: 'decision', draft, mendIds: decidable })}
      />
    </Panel>
  );
}

function MendLine({
  mend,
  seenState,
  problem,
}: {
  mend: MendView;
  seenState: MendView['state'];
  problem: string | null;
}): ReactNode {
  return (
    <li>
      <bdi>{nameOfMend(mend)}</bdi>: <Credits credits={mend.credits} /> credits, proposed by{' '}
      <bdi>{mend.proposed.by.id}</bdi>, {MEND_STATES[mend.state]} now
      {mend.decided !== null && (
        <>
          {' '}
          by <bdi>{mend.decided.by.id}</bdi>
        </>
      )}
      . {mend.state !== seenState && <span className="tag">was {MEND_STATES[seenState]} when you saw it</span>}
      {problem !== null && <span className="cell-note">It is left out: {problem}</span>}
    </li>
  );
}
