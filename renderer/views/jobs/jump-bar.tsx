import { CalendarClock, X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { isByTime, type JobsView } from '../../state/jobs-query-string.ts';

/** Lets a list by time begin at a time. The head of its column turns the direction round, also from there. */
export function JumpBar({ view, onJump }: { view: JobsView; onJump: (startAtMs: number | null) => void }): ReactNode {
  const { sort, startAtMs } = view;
  const [typed, setTyped] = useState('');
  if (!isByTime(sort)) return null;
  const wanted = Date.parse(`${typed}Z`);
  const way = sort.direction === 'descending' ? 'and before' : 'and after';
  return (
    <form
      className="jump-bar"
      aria-label="Jump to a time"
      onSubmit={(event) => {
        event.preventDefault();
        if (!Number.isNaN(wanted)) onJump(sort.direction === 'descending' ? wanted + 59_999 : wanted);
      }}
    >
      <CalendarClock aria-hidden size={14} />
      <label>
        Jump to{' '}
        <input
          type="datetime-local"
          className="control"
          aria-label="Time in UTC"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />{' '}
        UTC
      </label>
      <button type="submit" className="button" disabled={Number.isNaN(wanted)}>
        Jump
      </button>
      {startAtMs !== null && (
        <>
          <output>
            {sort.column === 'createdAt' ? 'Created' : 'Changed'}{' '}
            {new Date(startAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC {way}
          </output>
          <button type="button" className="text-button" onClick={() => onJump(null)}>
            <X aria-hidden size={13} /> {sort.direction === 'descending' ? 'Back to the newest' : 'Back to the oldest'}
          </button>
        </>
      )}
    </form>
  );
}
