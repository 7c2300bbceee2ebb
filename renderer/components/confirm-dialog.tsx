import type { ReactNode } from 'react';
import { FailureLine } from './failure-line.tsx';
import { ModalDialog } from './modal-dialog.tsx';

/** Asks once more before something is done that does not come back by itself. */
export function ConfirmDialog({
  title,
  action,
  doing,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  /** What the button does, in a word or two. */
  action: string;
  /** How it goes. */
  doing: { readonly isPending: boolean; readonly error: Error | null };
  onConfirm: () => void;
  onClose: () => void;
  /** What would be done, in a sentence or two. */
  children: ReactNode;
}): ReactNode {
  return (
    <ModalDialog title={title} onClose={onClose}>
      <div className="dialog-body">
        <p>{children}</p>
        <FailureLine failure={doing.error} />
        <div className="dialog-actions">
          <button type="button" className="button" data-kind="danger" disabled={doing.isPending} onClick={onConfirm}>
            {action}
          </button>
        </div>
      </div>
    </ModalDialog>
  );
}
