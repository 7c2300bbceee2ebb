import { Pencil, Plug, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';

/** What can be done with one connection; null for what cannot. */
export function ProfileRowActions({
  name,
  isOpen,
  isBusy,
  onConnect,
  onEdit,
  onRemove,
}: {
  name: string;
  isOpen: boolean;
  isBusy: boolean;
  onConnect: () => void;
  onEdit: (() => void) | null;
  onRemove: (() => void) | null;
}): ReactNode {
  const says = isOpen ? 'Connect anew' : 'Connect';
  return (
    <div className="connection-actions">
      {isOpen && <span className="tag">Open</span>}
      <button type="button" className="button" disabled={isBusy} onClick={onConnect} aria-label={`${says} to ${name}`}>
        <Plug aria-hidden size={14} />
        {says}
      </button>
      {onEdit !== null && (
        <button type="button" className="icon-button" onClick={onEdit} aria-label={`Edit ${name}`} title="Edit">
          <Pencil aria-hidden size={14} />
        </button>
      )}
      {onRemove !== null && (
        <button type="button" className="icon-button" onClick={onRemove} aria-label={`Forget ${name}`} title="Forget">
          <Trash2 aria-hidden size={14} />
        </button>
      )}
    </div>
  );
}
