import { Archive } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useEngineStatus } from '../state/engine-queries.tsx';
import { ExactTime } from './time-text.tsx';

/**
 * Says that the copy keeps a window of the jobs only, where somebody would wonder why something is not there.
 * @param fromMs from when on jobs are looked at, null for all: nothing is said where the window holds all of them
 * @param so what follows from it on this screen
 */
export function OutsideNote({ fromMs = null, so }: { fromMs?: number | null; so?: string }): ReactNode {
  const keptSinceMs = useEngineStatus().data?.monitor.keptSinceMs ?? null;
  if (keptSinceMs === null || (fromMs !== null && fromMs >= keptSinceMs)) return null;
  return (
    <p className="note" role="note">
      <Archive aria-hidden size={14} />
      <span>
        Jobs that ended and have not changed since <ExactTime atMs={keptSinceMs} /> are not in this machine&apos;s copy
        {so === undefined ? '.' : `: ${so}.`} <Link href="/copy">What it keeps</Link>
      </span>
    </p>
  );
}
