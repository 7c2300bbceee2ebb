import { X } from 'lucide-react';
import { useEffect, useId, useRef, type ReactNode } from 'react';

/**
 * A dialog over the window, open for as long as it is there. The browser's own element: it traps the focus and closes on Escape
 * without the style element that a scripted scroll lock would add and the page's policy refuses.
 */
export function ModalDialog({
  title,
  onClose,
  isWide = false,
  children,
}: {
  title: ReactNode;
  /** Called when the person closes it; whoever shows it takes it away then. */
  onClose: () => void;
  /** True where it holds tables. */
  isWide?: boolean;
  children: ReactNode;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog className="dialog" data-wide={isWide || undefined} ref={dialog} onClose={onClose} aria-labelledby={id}>
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon-button" onClick={() => dialog.current?.close()} aria-label="Close">
          <X aria-hidden size={16} />
        </button>
      </header>
      {children}
    </dialog>
  );
}
