import type { ReactNode } from 'react';
import type { ConnectionProfile } from '#domain/connection-profile.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
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
        <FailureLine failure={removal.error} />
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
