import type { ReactNode } from 'react';
import { useIsServerAway } from '../../state/engine-queries.tsx';

/** Stands where an answer of the server will. @param doing what is waited for, as a sentence; not said while the server is away */
export function ServerWait({ doing }: { doing: string }): ReactNode {
  if (!useIsServerAway()) return <output>{doing}</output>;
  return (
    <p className="note" data-tone="warning" role="note">
      This needs the server, which is away; it is read once the server is back.
    </p>
  );
}
