import type { ReactNode } from 'react';
import { FailureLine } from '../../components/failure-line.tsx';
import { ExactTime } from '../../components/time-text.tsx';

/** When a draft was kept, and what was written beside it. */
export function KeptLine({
  madeAtMs,
  note,
  children,
}: {
  madeAtMs: number;
  note: string;
  children?: ReactNode;
}): ReactNode {
  return (
    <p className="muted">
      Kept <ExactTime atMs={madeAtMs} />
      {children}.
      {note !== '' && (
        <>
          {' '}
          Note: <bdi>{note}</bdi>
        </>
      )}
    </p>
  );
}

/** How far the check of a draft has come, where there is nothing to show of it yet. */
export function CheckLine({
  isConnected,
  check,
  asks = 'how it stands now',
}: {
  isConnected: boolean;
  check: { readonly isPending: boolean; readonly error: Error | null };
  /** What the server is asked meanwhile. */
  asks?: string;
}): ReactNode {
  if (!isConnected) return <p className="muted">It is checked when the server is back.</p>;
  if (check.error !== null) return <FailureLine failure={check.error} />;
  return check.isPending ? <output>Asking the server {asks}…</output> : null;
}

/** Why a draft cannot be sent as it is. */
export function Hindrance({ children }: { children: ReactNode }): ReactNode {
  return (
    <p className="note" data-tone="danger">
      {children}
    </p>
  );
}
