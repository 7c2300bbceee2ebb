import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { FailureLine } from '../failure-line.tsx';
import { Panel } from '../panel.tsx';
import './versions.css';

/** What a draft is put in force with: the version that it was begun over, and why. */
export interface PuttingInForce {
  readonly basedOn: number;
  readonly reason: string;
}

/** The draft of the next version: its parts, what it changes, why, and the way to put it in force or to discard it. */
export function VersionForm({
  inForce,
  putting: { basedOn, reason },
  onEdit,
  problem,
  isSame,
  changes,
  reasonMax,
  put,
  onPut,
  onClose,
  children,
}: {
  /** The version in force by now. */
  inForce: number;
  putting: PuttingInForce;
  onEdit: (change: Partial<PuttingInForce>) => void;
  /** What is wrong with the draft, as a sentence; null where it can be used. */
  problem: string | null;
  /** True where the draft differs in nothing from what is in force. */
  isSame: boolean;
  changes: ReactNode;
  reasonMax: number;
  put: { readonly error: Error | null; readonly isPending: boolean };
  onPut: (putting: PuttingInForce) => void;
  onClose: () => void;
  /** The parts of the draft. */
  children: ReactNode;
}): ReactNode {
  const isOvertaken = inForce !== basedOn;
  const missing = problem ?? (isOvertaken ? 'Look at what changes once more.' : whatIsMissing(isSame, reason));
  return (
    <form
      className="version-form"
      aria-label={`Draft of version ${inForce + 1}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) onPut({ basedOn, reason: reason.trim() });
      }}
    >
      {children}
      <Panel title="What changes">
        {changes}
        {isOvertaken && (
          <div className="note" data-tone="warning">
            <output>
              Version {inForce} was put in force meanwhile. What changes is told against it now: what it has and this
              draft has not would be taken back.
            </output>
            <div className="dialog-actions">
              <button type="button" className="button" onClick={() => onEdit({ basedOn: inForce })}>
                Go on over version {inForce}
              </button>
            </div>
          </div>
        )}
        <label className="field">
          Reason (needed)
          <input value={reason} maxLength={reasonMax} onChange={(event) => onEdit({ reason: event.target.value })} />
        </label>
        <FailureLine failure={put.error} look="note" />
        <div className="dialog-actions">
          <span className="muted">{missing}</span>
          <button type="button" className="button" onClick={onClose}>
            Discard the draft
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={missing !== null || put.isPending}>
            <Check aria-hidden size={14} />
            Put version {inForce + 1} in force
          </button>
        </div>
      </Panel>
    </form>
  );
}

function whatIsMissing(isSame: boolean, reason: string): string | null {
  if (isSame) return 'Nothing differs from what is in force.';
  return reason.trim() === '' ? 'Say why.' : null;
}
