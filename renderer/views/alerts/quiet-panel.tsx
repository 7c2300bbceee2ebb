import { useState, type ReactNode } from 'react';
import type { QuietTime } from '#domain/alerts/alert-rule.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { useAlertChange } from '../../state/alert-queries.ts';

/** The hours in which nobody is told. */
export function QuietPanel({ quiet, isQuietNow }: { quiet: QuietTime; isQuietNow: boolean }): ReactNode {
  const [draft, setDraft] = useState(quiet);
  const change = useAlertChange();
  const isChanged = JSON.stringify(draft) !== JSON.stringify(quiet);
  return (
    <Panel title="Quiet time" aside={isQuietNow ? <span className="tag">It is quiet now</span> : null}>
      <form
        className="quiet-form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ quiet: draft });
        }}
      >
        <label className="choice">
          <input
            type="checkbox"
            checked={draft.isOn}
            onChange={(event) => setDraft({ ...draft, isOn: event.target.checked })}
          />
          Tell nobody every day
        </label>
        <TimeField
          says="from"
          minute={draft.fromMinute}
          onChange={(fromMinute) => setDraft({ ...draft, fromMinute })}
        />
        <TimeField says="to" minute={draft.toMinute} onChange={(toMinute) => setDraft({ ...draft, toMinute })} />
        <button type="submit" className="button" disabled={!isChanged || change.isPending}>
          Set
        </button>
        <p className="muted">
          On this machine's clock. The log goes on; what still fires when the quiet time ends is told then.
        </p>
        <FailureLine failure={change.error} />
      </form>
    </Panel>
  );
}

function TimeField({
  says,
  minute,
  onChange,
}: {
  says: string;
  minute: number;
  onChange: (minute: number) => void;
}): ReactNode {
  const two = (part: number): string => String(part).padStart(2, '0');
  return (
    <label className="quiet-field">
      {says}
      <input
        type="time"
        className="control"
        required
        value={`${two(Math.floor(minute / 60))}:${two(minute % 60)}`}
        onChange={(event) => {
          const [hours, minutes] = event.target.value.split(':').map(Number);
          if (hours !== undefined && minutes !== undefined && Number.isInteger(hours * 60 + minutes)) {
            onChange(hours * 60 + minutes);
          }
        }}
      />
    </label>
  );
}
