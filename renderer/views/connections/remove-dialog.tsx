import type { ReactNode } from 'react';
import type { ConnectionProfile } from '#domain/connection-profile.ts';
import { explainError } from '#domain/errors.ts';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { useProfileRemoval } from '../../state/profile-queries.ts';

/** Asks once more: a password that only the key store knew is gone with its connection. */
export function RemoveDialog({ profile, onClose }: { profile: ConnectionProfile; onClose: () => void }): ReactNode {
  const removal = useProfileRemoval();
  return (
    <ModalDialog title="Forget the connection" onClose={onClose}>
      <div className="dialog-body">
        <p>
          <bdi>{profile.name}</bdi> and the password kept for it are forgotten on this machine. Its offline copy and
          audit stay, and nothing changes on the server.
        </p>
        {removal.error !== null && (
          <p className="text-danger" role="alert">
            {explainError(toWireError(removal.error))}
          </p>
        )}
        <div className="dialog-actions">
          <button
            type="button"
            className="button"
            data-kind="danger"
            disabled={removal.isPending}
            onClick={() => removal.mutate(profile.id, { onSuccess: onClose })}
          >
            Forget it
          </button>
        </div>
      </div>
    </ModalDialog>
  );
}
