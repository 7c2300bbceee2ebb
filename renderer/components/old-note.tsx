import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { toWireError } from '../state/engine-failure.ts';

/**
 * Says that what is shown was read earlier, and could not be read again. Belongs on whatever shows an answer on, while a later one fails.
 * @param failure of the last read; nothing is said where it is null
 */
export function OldNote({ failure }: { failure: Error | null }): ReactNode {
  if (failure === null) return null;
  const error = toWireError(failure);
  // That the server is away stands above every screen as the alarm; here it is said only what follows from it.
  if (error.code === 'server_unreachable') {
    return (
      <p className="note" data-tone="warning" role="note">
        What you see may be old: the server is away.
      </p>
    );
  }
  return (
    <p className="note" data-tone="danger" role="alert">
      What you see may be old. {explainError(error)}
    </p>
  );
}
