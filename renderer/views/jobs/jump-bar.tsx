import type { ReactNode } from 'react';
import { TimeJump } from '../../components/time-jump.tsx';
import { isByTime, type JobsView } from '../../state/jobs-query-string.ts';

/** Lets a list by time begin at a time. The head of its column turns the direction round, also from there. */
export function JumpBar({ view, onJump }: { view: JobsView; onJump: (startAtMs: number | null) => void }): ReactNode {
  const { sort, startAtMs } = view;
  if (!isByTime(sort)) return null;
  return (
    <div className="jump-bar">
      <TimeJump
        view={{ direction: sort.direction, startAtMs }}
        what={sort.column === 'createdAt' ? 'Created' : 'Changed'}
        onJump={onJump}
      />
    </div>
  );
}
