import { ClipboardCopy } from 'lucide-react';
import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { useDiagnosticsCopy } from '../state/doctor-queries.ts';
import { toWireError } from '../state/engine-failure.ts';

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
      {copy.error !== null && (
        <span className="text-danger" role="alert">
          {explainError(toWireError(copy.error))}
        </span>
      )}
    </span>
  );
}
