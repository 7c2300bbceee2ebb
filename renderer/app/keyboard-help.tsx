import { X } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { useScreenMemory } from '../state/screen-memory.ts';
import { SHORTCUTS } from './global-keys.ts';

/**
 * The list of shortcuts. The browser's own dialog element: it traps the focus and closes on Escape without the style element
 * that a scripted scroll lock would add and the page's policy refuses.
 */
export function KeyboardHelp(): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = useScreenMemory((memory) => memory.isHelpOpen);
  const setOpen = useScreenMemory((memory) => memory.setHelpOpen);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog className="help" ref={dialog} onClose={() => setOpen(false)} aria-labelledby="help-title">
      <header className="help-head">
        <h2 id="help-title">Keyboard shortcuts</h2>
        <button type="button" className="icon-button" onClick={() => setOpen(false)} aria-label="Close">
          <X aria-hidden size={16} />
        </button>
      </header>
      {SHORTCUTS.map(({ where, shortcuts }) => (
        <section key={where}>
          <h3>{where}</h3>
          <dl className="help-list">
            {shortcuts.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </dialog>
  );
}
