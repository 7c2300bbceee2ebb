import { Pencil } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RequestName } from '#contract/requests.ts';
import { useRefusal } from '../../state/access.ts';
import { Panel } from '../panel.tsx';
import { RefusalNote } from '../refusal-note.tsx';

/** What is in force, and the way to a draft of the next version for who may put one in force. */
export function InForcePanel({
  request,
  title,
  onEdit,
  children,
}: {
  /** The request that puts a version in force. */
  request: RequestName;
  title: string;
  onEdit: () => void;
  children: ReactNode;
}): ReactNode {
  const refusal = useRefusal(request);
  return (
    <Panel
      title={title}
      aside={
        refusal === null && (
          <button type="button" className="button" onClick={onEdit}>
            <Pencil aria-hidden size={14} />
            Draft the next version
          </button>
        )
      }
    >
      {children}
      {refusal !== null && <RefusalNote refusal={refusal} />}
    </Panel>
  );
}
