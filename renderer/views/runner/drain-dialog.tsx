import type { ReactNode } from 'react';
import type { FleetRunner } from '#contract/fleet-views.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';

/** Asks once more: a runner that is drained does not come back by itself. */
export function DrainDialog({
  runner: { id, active },
  draining,
  onDrain,
  onClose,
}: {
  runner: FleetRunner;
  draining: { readonly isPending: boolean; readonly error: Error | null };
  onDrain: () => void;
  onClose: () => void;
}): ReactNode {
  return (
    <ConfirmDialog title="Drain the runner" action="Drain it" doing={draining} onConfirm={onDrain} onClose={onClose}>
      <bdi className="mono">{id}</bdi> takes no further job,{' '}
      {active === 0 ? 'has none to finish' : `finishes the ${active.toLocaleString('en')} that it has`}, and ends. It
      has to be started again on its machine.
    </ConfirmDialog>
  );
}
