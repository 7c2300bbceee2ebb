import { X } from 'lucide-react';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { giveFocusBack, noteOpener } from './focus-back.ts';

const TEXT_FIELDS = 'textarea, input:is(:not([type]), [type="text"], [type="number"], [type="password"]):enabled';

/**
 * A dialog over the window, open for as long as it is there. The browser's own element: it traps the focus and closes on Escape
 * without the style element that a scripted scroll lock would add and the page's policy refuses. The keyboard begins at the field with
 * `data-begin`, whose text is a proposal, or else at the first that waits for one, and goes back to where it was.
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
  useEffect(() => {
    const opener = noteOpener();
    const { current } = dialog;
    current?.showModal();
    // Of itself it would focus the button that closes it, which takes no letters.
    const fields = [...(current?.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(TEXT_FIELDS) ?? [])];
    const first =
      fields.find(({ dataset }) => dataset['begin'] !== undefined) ?? fields.find(({ value }) => value === '');
    first?.focus();
    first?.select();
    // The browser does so where the dialog is closed, not where it is taken away.
    return () => giveFocusBack(opener);
  }, []);
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
