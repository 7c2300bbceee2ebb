import { CalendarClock, X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { TimedList } from '#contract/requests/definition.ts';
import { usePreferences } from '../state/preferences.ts';
import { readMinute } from './durations.ts';
import { Segments } from './segments.tsx';
import { ExactTime } from './time-text.tsx';
import './time-jump.css';

/** A list by time as it is first shown. */
export const NEWEST_FIRST: TimedList = { direction: 'descending', startAtMs: null };

/**
 * Lets a list by time begin at a time, which is typed in the zone that the person chose.
 * @param what the word before the time that it begins at, for example `Created`
 */
export function TimeJump({
  view: { direction, startAtMs },
  what,
  onJump,
}: {
  view: TimedList;
  what: string;
  onJump: (startAtMs: number | null) => void;
}): ReactNode {
  const [typed, setTyped] = useState('');
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  const isDescending = direction === 'descending';
  const wanted = readMinute(typed, timeZone);
  const zone = timeZone === 'utc' ? 'UTC' : 'local time';
  return (
    <form
      className="time-jump"
      aria-label="Jump to a time"
      onSubmit={(event) => {
        event.preventDefault();
        // A minute is typed, and all of it is meant.
        if (!Number.isNaN(wanted)) onJump(isDescending ? wanted + 59_999 : wanted);
      }}
    >
      <CalendarClock aria-hidden size={14} />
      <label>
        Jump to{' '}
        <input
          type="datetime-local"
          className="control"
          aria-label={`Time in ${zone}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />{' '}
        {zone}
      </label>
      <button type="submit" className="button" disabled={Number.isNaN(wanted)}>
        Jump
      </button>
      {startAtMs !== null && (
        <>
          <output>
            {what} <ExactTime atMs={startAtMs} /> {isDescending ? 'and before' : 'and after'}
          </output>
          <button type="button" className="text-button" onClick={() => onJump(null)}>
            <X aria-hidden size={13} /> {isDescending ? 'Back to the newest' : 'Back to the oldest'}
          </button>
        </>
      )}
    </form>
  );
}

/** The way of a list by time, and where it begins, for lists whose heads do not turn them round. */
export function TimeBar({
  view,
  what,
  onChange,
}: {
  view: TimedList;
  what: string;
  onChange: (view: TimedList) => void;
}): ReactNode {
  return (
    <div className="time-bar">
      <Segments
        name="Order"
        value={view.direction}
        options={[
          { value: 'descending', says: 'Newest first' },
          { value: 'ascending', says: 'Oldest first' },
        ]}
        // From where somebody has jumped to, the other way begins there too.
        onChange={(direction) => onChange({ ...view, direction })}
      />
      <TimeJump view={view} what={what} onJump={(startAtMs) => onChange({ ...view, startAtMs })} />
    </div>
  );
}
