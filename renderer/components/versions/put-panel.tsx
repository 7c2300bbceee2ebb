import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { FailureLine } from '../failure-line.tsx';
import { Panel } from '../panel.tsx';

/** The end of a draft: what it changes, why, and the way to put it in force or to leave it. Stands in the draft's form. */
export function PutPanel({
  inForce,
  basedOn,
  reason,
  reasonMax,
  onReason,
  missing,
  put,
  onClose,
  children,
}: {
  /** The version in force by now, and the one that the draft was begun over. */
  inForce: number;
  basedOn: number;
  reason: string;
  reasonMax: number;
  onReason: (reason: string) => void;
  /** What is to be done first; null where it can be put in force. */
  missing: string | null;
  put: { readonly error: Error | null; readonly isPending: boolean };
  onClose: () => void;
  /** What changes. */
  children: ReactNode;
}): ReactNode {
  return (
    <Panel title="What changes">
      {children}
      {inForce !== basedOn && (
        <output className="note" data-tone="warning">
          Version {inForce} was put in force meanwhile; leave the draft and begin it anew.
        </output>
      )}
      <label className="field">
        Reason (needed)
        <input value={reason} maxLength={reasonMax} onChange={(event) => onReason(event.target.value)} />
      </label>
      <FailureLine failure={put.error} look="note" />
      <div className="dialog-actions">
        <span className="muted">{missing}</span>
        <button type="button" className="button" onClick={onClose}>
          Leave the draft
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={missing !== null || put.isPending}>
          <Check aria-hidden size={14} />
          Put version {inForce + 1} in force
        </button>
      </div>
    </Panel>
  );
}
