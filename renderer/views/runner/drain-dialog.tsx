import type { ReactNode } from 'react';
import type { FleetRunner } from '#contract/fleet-views.ts';
import { ModalDialog } from '../../components/modal-dialog.tsx';

/** Asks once more: a runner that is drained does not come back by itself. */
export function DrainDialog({
  runner: { id, active },
  isPending,
  onDrain,
  onClose,
}: {
  runner: FleetRunner;
  isPending: boolean;
  onDrain: () => void;
  onClose: () => void;
}): ReactNode {
  return (
    <ModalDialog title="Drain the runner" onClose={onClose}>
      <div className="dialog-body">
        <p>
          <bdi className="mono">{id}</bdi> takes no further job, finishes the {active.toLocaleString('en')} that it has,
          and ends. It has to be started again on its machine.
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" data-kind="danger" disabled={isPending} onClick={onDrain}>
            Drain it
          </button>
        </div>
      </div>
    </ModalDialog>
  );
}
