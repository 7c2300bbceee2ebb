import type { ReactNode } from 'react';
import type { ConnectionProfile } from '#domain/connection-profile.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useProfileRemoval } from '../../state/profile-queries.ts';

/** Asks once more: a password that only the key store knew is gone with its connection. */
export function RemoveDialog({ profile, onClose }: { profile: ConnectionProfile; onClose: () => void }): ReactNode {
  const removal = useProfileRemoval();
  return (
    <ConfirmDialog
      title="Forget the connection"
      action="Forget it"
      doing={removal}
      onConfirm={() => removal.mutate(profile.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <bdi>{profile.name}</bdi> and the password kept for it are forgotten on this machine. Its offline copy and audit
      stay, and nothing changes on the server.
    </ConfirmDialog>
  );
}
