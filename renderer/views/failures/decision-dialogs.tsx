import { useState, type FormEvent, type ReactNode } from 'react';
import type { FailureAct, IgnoreUntil } from '#domain/failure-groups.ts';
import { AwayNote, KeptBody } from '../../components/draft-notes.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';

const DAY_MS = 86_400_000;
const NOTE_MAX = 500;

interface DecisionDialogProps {
  /** Of the last try. */
  readonly failure: Error | null;
  readonly isPending: boolean;
  /** While the server is away a decision is kept as a draft. */
  readonly isAway: boolean;
  readonly isKept: boolean;
  readonly onDecide: (act: FailureAct) => void;
  readonly onClose: () => void;
}

/** Says that a cause is mended. */
export function ResolveDialog({ onDecide, onClose, ...progress }: DecisionDialogProps): ReactNode {
  const [note, setNote] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onDecide({ type: 'resolve', note });
  };
  if (progress.isKept) return <KeptDialog title="Resolve the group" onClose={onClose} />;
  return (
    <ModalDialog title="Resolve the group" onClose={onClose}>
      <form className="dialog-body" onSubmit={submit}>
        <p>
          It leaves the list of what is to look at. When a job fails for it from now on it comes back, marked as a
          regression. Nothing is retried by this.
        </p>
        <NoteField note={note} onChange={setNote} />
        <DialogFoot {...progress} action="Resolve" />
      </form>
    </ModalDialog>
  );
}

const CONDITIONS = {
  '1d': { says: 'for a day', until: (nowMs: number): IgnoreUntil => ({ type: 'time', atMs: nowMs + DAY_MS }) },
  '7d': { says: 'for a week', until: (nowMs: number): IgnoreUntil => ({ type: 'time', atMs: nowMs + 7 * DAY_MS }) },
  jobs: {
    says: 'until so many more jobs fail',
    until: (_nowMs: number, more: number): IgnoreUntil => ({ type: 'jobs', more }),
  },
  customers: {
    says: 'until so many customers meet it',
    until: (_nowMs: number, more: number): IgnoreUntil => ({ type: 'customers', more }),
  },
} as const;
type Condition = keyof typeof CONDITIONS;
const CONDITION_NAMES = Object.keys(CONDITIONS) as Condition[];

/** Leaves a cause alone until a condition holds. */
export function IgnoreDialog({ onDecide, onClose, ...progress }: DecisionDialogProps): ReactNode {
  const [note, setNote] = useState('');
  const [condition, setCondition] = useState<Condition>('7d');
  const [more, setMore] = useState('10');
  const isCounted = condition === 'jobs' || condition === 'customers';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onDecide({ type: 'ignore', until: CONDITIONS[condition].until(Date.now(), Number(more)), note });
  };
  if (progress.isKept) return <KeptDialog title="Ignore the group" onClose={onClose} />;
  return (
    <ModalDialog title="Ignore the group" onClose={onClose}>
      <form className="dialog-body" onSubmit={submit}>
        <fieldset className="choices">
          <legend>Leave it alone</legend>
          {CONDITION_NAMES.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="condition"
                value={name}
                checked={condition === name}
                onChange={() => setCondition(name)}
              />
              {CONDITIONS[name].says}
            </label>
          ))}
        </fieldset>
        {isCounted && (
          <label className="field">
            {condition === 'jobs' ? 'More jobs' : 'More customers'}
            <input
              type="number"
              min={1}
              max={condition === 'jobs' ? 1_000_000 : 100_000}
              step={1}
              required
              value={more}
              onChange={(event) => setMore(event.target.value)}
            />
          </label>
        )}
        <NoteField note={note} onChange={setNote} />
        <DialogFoot {...progress} action="Ignore" />
      </form>
    </ModalDialog>
  );
}

function NoteField({ note, onChange }: { note: string; onChange: (note: string) => void }): ReactNode {
  return (
    <label className="field">
      Note for colleagues
      <textarea maxLength={NOTE_MAX} value={note} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

function KeptDialog({ title, onClose }: { title: string; onClose: () => void }): ReactNode {
  return (
    <ModalDialog title={title} onClose={onClose}>
      <KeptBody onClose={onClose} />
    </ModalDialog>
  );
}

function DialogFoot({
  failure,
  isPending,
  isAway,
  action,
}: Pick<DecisionDialogProps, 'failure' | 'isPending' | 'isAway'> & { readonly action: string }): ReactNode {
  return (
    <>
      {isAway && <AwayNote />}
      <FailureLine failure={failure} />
      <div className="dialog-actions">
        <button type="submit" className="button" data-kind="primary" disabled={isPending}>
          {isAway ? 'Keep as a draft' : action}
        </button>
      </div>
    </>
  );
}
