import { ClipboardCopy } from 'lucide-react';
import type { ReactNode } from 'react';
import { useDiagnosticsCopy } from '../state/doctor-queries.ts';
import { FailureLine } from './failure-line.tsx';

/** Copies versions, state and the last lines of the log, for whoever helps. */
export function DiagnosticsButton(): ReactNode {
  const copy = useDiagnosticsCopy();
  return (
    <span className="copy">
      <button type="button" className="button" disabled={copy.isPending} onClick={() => copy.mutate()}>
        <ClipboardCopy aria-hidden size={14} />
        Copy diagnostics
      </button>
      <output className="muted">{copy.isSuccess && 'Copied, without prompts and secrets'}</output>
      <FailureLine failure={copy.error} look="inline" />
    </span>
  );
}
