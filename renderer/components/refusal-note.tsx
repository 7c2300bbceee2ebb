import { Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { ERRORS } from '#domain/errors.ts';
import { refusalCode, type Refusal } from '#domain/people.ts';

/** Why something on the screen cannot be done by the person who looks at it. */
export function RefusalNote({ refusal }: { refusal: Refusal }): ReactNode {
  const { message, action } = ERRORS[refusalCode(refusal)];
  return (
    <p className="note" role="note">
      <Lock aria-hidden size={14} />
      <span>
        {message} ({refusal.detail}) {action}
      </span>
    </p>
  );
}
