import type { ReactNode } from 'react';
import { ModalDialog } from '../components/modal-dialog.tsx';
import { useScreenMemory } from '../state/screen-memory.ts';
import { SHORTCUTS } from './global-keys.ts';

/** The list of shortcuts. */
export function KeyboardHelp(): ReactNode {
  const isOpen = useScreenMemory((memory) => memory.isHelpOpen);
  const setOpen = useScreenMemory((memory) => memory.setHelpOpen);
  if (!isOpen) return null;
  return (
    <ModalDialog title="Keyboard shortcuts" onClose={() => setOpen(false)}>
      {SHORTCUTS.map(({ where, shortcuts }) => (
        <section className="help" key={where}>
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
    </ModalDialog>
  );
}
