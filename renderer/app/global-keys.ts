import { useLayoutEffect } from 'react';
import { useScreenMemory } from '../state/screen-memory.ts';
import { navigateTo } from './hash-location.ts';

/** A key and what it does, as the list of shortcuts shows it. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: string;
}

/** Every shortcut of the window; the screens' own ones act where the focus is. */
export const SHORTCUTS: readonly { readonly where: string; readonly shortcuts: readonly Shortcut[] }[] = [
  {
    where: 'Everywhere',
    shortcuts: [
      { keys: ['Ctrl', 'K'], does: 'Find a screen, a job, a saved view or an action (⌘K on a Mac)' },
      { keys: ['?'], does: 'Show this list' },
      { keys: ['g', 'h'], does: 'Go to health' },
      { keys: ['g', 'j'], does: 'Go to the jobs' },
      { keys: ['g', 'a'], does: 'Go to the alerts' },
      { keys: ['g', 'f'], does: 'Go to the failures' },
      { keys: ['g', 'r'], does: 'Go to reconciliation' },
      { keys: ['g', 'm'], does: 'Go to the malformed documents' },
      { keys: ['Alt', '←'], does: 'Back' },
      { keys: ['Alt', '→'], does: 'Forward' },
    ],
  },
  {
    where: 'Jobs',
    shortcuts: [
      { keys: ['/'], does: 'Filter and search' },
      { keys: ['Tab'], does: 'In the filter: complete what is typed' },
      { keys: ['↑'], does: 'Row above (also k)' },
      { keys: ['↓'], does: 'Row below (also j)' },
      { keys: ['Enter'], does: 'Open the job (also a double click)' },
      { keys: ['Space'], does: 'Choose the row, or not' },
      { keys: ['Shift', '↓'], does: 'Choose from row to row (also Shift and a click)' },
      { keys: ['Ctrl', 'A'], does: 'Choose all that match' },
      { keys: ['←', '→'], does: 'On the edge of a column: its width' },
      { keys: ['Home'], does: 'First row' },
      { keys: ['End'], does: 'Last row' },
      { keys: ['Esc'], does: 'In the filter: clear it; in the list: choose none' },
    ],
  },
];

/** After `g`, the second key must follow within this time, in milliseconds. */
const SEQUENCE_MS = 1_000;

/** Where a key leads after `g`. The jobs are found under the filter with which they were left. */
function destinationOf(key: string): string | null {
  if (key === 'h') return '/health';
  if (key === 'a') return '/alerts';
  if (key === 'f') return '/failures';
  if (key === 'm') return '/malformed';
  if (key === 'r') return '/reconciliation';
  const { jobsQuery } = useScreenMemory.getState();
  return key === 'j' ? `/jobs${jobsQuery === '' ? '' : `?${jobsQuery}`}` : null;
}

/** What takes letters: a field, a list of choices, or a menu, whose items are found by how they begin. */
const TAKES_LETTERS =
  'input:not([type="checkbox"], [type="radio"], [type="file"]), textarea, select, [contenteditable], [role="menu"], [role="menu"] *';

/** Whether letters are not a shortcut of the window: what has the keyboard takes them, or a dialog stands before all that they lead to. */
export function areLettersTaken(target: EventTarget | null): boolean {
  return isDialogOpen() || (target instanceof Element && target.matches(TAKES_LETTERS));
}

function isDialogOpen(): boolean {
  return document.querySelector('dialog:modal') !== null;
}

/** Listens to the shortcuts that hold on every screen. */
export function useGlobalKeys(): void {
  // Before the window is painted: what can be seen can be typed at.
  useLayoutEffect(() => {
    let wentAtMs = -SEQUENCE_MS;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
        event.preventDefault();
        // What was typed into a dialog would go with its screen, wherever the palette leads.
        if (!isDialogOpen()) useScreenMemory.getState().setPaletteOpen(true);
        return;
      }
      if (event.ctrlKey || event.metaKey) return;
      if (event.altKey) {
        const steps = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
        // On a Mac these keys move through a text by words.
        if (steps === 0 || (areLettersTaken(event.target) && navigator.platform.startsWith('Mac'))) return;
        // A browser would go a step of its own.
        event.preventDefault();
        if (!isDialogOpen()) history.go(steps);
        return;
      }
      if (areLettersTaken(event.target)) return;
      const destination = event.timeStamp - wentAtMs < SEQUENCE_MS ? destinationOf(event.key) : null;
      wentAtMs = event.key === 'g' ? event.timeStamp : -SEQUENCE_MS;
      if (destination !== null) {
        event.preventDefault();
        navigateTo(destination);
      }
      if (event.key === '?') useScreenMemory.getState().setHelpOpen(true);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
