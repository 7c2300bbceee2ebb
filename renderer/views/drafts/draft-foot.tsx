import { Send, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Refusal } from '#domain/people.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import type { useSendDraft } from '../../state/draft-sending.ts';
import { useDropDraft } from '../../state/drafts.ts';

/** What can be done with a draft: it is dropped, or sent where its check lets it. */
export function DraftFoot({
  draftId,
  says,
  refusal,
  send,
  canSend,
  onSend,
}: {
  draftId: string;
  says: string;
  refusal: Refusal | null;
  send: ReturnType<typeof useSendDraft>;
  canSend: boolean;
  onSend: () => void;
}): ReactNode {
  const drop = useDropDraft();
  return (
    <>
      {refusal !== null && <RefusalNote refusal={refusal} />}
      <FailureLine failure={send.error} />
      <FailureLine failure={drop.error} />
      <div className="dialog-actions">
        <button type="button" className="button" disabled={drop.isPending} onClick={() => drop.mutate(draftId)}>
          <Trash2 aria-hidden size={14} />
          Drop
        </button>
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={!canSend || refusal !== null || send.isPending}
          onClick={onSend}
        >
          <Send aria-hidden size={14} />
          {says}
        </button>
      </div>
    </>
  );
}
