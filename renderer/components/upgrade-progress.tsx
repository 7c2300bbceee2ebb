import type { ReactNode } from 'react';
import type { CopyUpgrade } from '#contract/status.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { formatDuration } from './durations.ts';

/** Less than this is not worth saying, in milliseconds. */
const SECOND_MS = 1000;

/** How far a copy that an older version wrote has been brought to the form of this one. */
export function UpgradeProgress({ upgrade }: { upgrade: CopyUpgrade }): ReactNode {
  const { jobsDone, jobsTotal, remainingMs } = upgrade;
  return (
    <label className="banner-progress">
      Bringing the offline copy to the form of this version
      {jobsTotal > 0 && `: ${formatCount(jobsDone)} of ${counted(jobsTotal, 'job')}`}
      {remainingMs !== null && remainingMs >= SECOND_MS && `, about ${formatDuration(remainingMs)} left`}
      <progress value={jobsDone} max={Math.max(jobsTotal, 1)} />
    </label>
  );
}
