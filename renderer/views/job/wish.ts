import { useState } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import type { EditedInput } from '#contract/retry-views.ts';
import { isSameInput } from './input-editor.tsx';

/** What somebody writes for a retry or a cancellation. */
export interface Wish {
  readonly reason: string;
  readonly original: EditedInput;
  readonly input: EditedInput;
  /** The input where it was changed, null where it stays as it is. */
  readonly edited: EditedInput | null;
  /** Null until somebody has said whether they edit the input. */
  readonly isEditing: boolean | null;
  readonly setReason: (reason: string) => void;
  readonly setInput: (input: EditedInput) => void;
  readonly edit: () => void;
  /** Forgets all of it: it was sent, or is not wanted any more. */
  readonly drop: () => void;
}

interface Typed {
  readonly over: EditedInput;
  readonly input: EditedInput;
}

/**
 * Stands above the dialogs and forms that show it: whichever the server's going and coming brings, and where a dialog is closed by a
 * slip, what was written stays.
 */
export function useWish({ prompt, optionsJson }: Pick<JobDetail, 'prompt' | 'optionsJson'>): Wish {
  const original: EditedInput = { prompt, optionsJson };
  const [reason, setReason] = useState('');
  // Nothing until somebody has typed: what comes of the job meanwhile is no edit of theirs.
  const [typed, setTyped] = useState<Typed | null>(null);
  const [isEditing, setEditing] = useState<boolean | null>(null);
  // What was typed over a text that is hidden since would show it.
  const input = typed !== null && isSameInput(typed.over, original) ? typed.input : original;
  const edited = isSameInput(original, input) ? null : input;
  return {
    reason,
    original,
    input,
    edited,
    isEditing,
    setReason,
    setInput: (next) => setTyped({ over: original, input: next }),
    edit: () => setEditing(true),
    drop: () => {
      setReason('');
      setTyped(null);
      setEditing(null);
    },
  };
}
