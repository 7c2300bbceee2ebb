import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { toWireError } from '../../state/engine-failure.ts';

/**
 * Why a change of the alerts was not kept, beside what it was made with.
 * @param failure of the last change; nothing is said where it is null
 */
export function ChangeFailure({ failure }: { failure: Error | null }): ReactNode {
  if (failure === null) return null;
  return (
    <p className="text-danger" role="alert">
      {explainError(toWireError(failure))}
    </p>
  );
}
