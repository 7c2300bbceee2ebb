import { CircleCheck, CircleX, Clock, LoaderCircle, RotateCw, ScanSearch, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobState } from '#domain/job.ts';

/** The sign of each state, so that it never rests on colour alone. */
export const STATE_ICONS: Readonly<Record<JobState, LucideIcon>> = {
  queued: Clock,
  running: LoaderCircle,
  validating: ScanSearch,
  retrying: RotateCw,
  completed: CircleCheck,
  failed: CircleX,
};

/** A job's state as a word with its sign and colour. */
export function StateBadge({ state }: { state: JobState }): ReactNode {
  const Icon = STATE_ICONS[state];
  return (
    <span className="badge" data-state={state}>
      <Icon aria-hidden size={13} className={state === 'running' ? 'is-turning' : undefined} />
      {state}
    </span>
  );
}
