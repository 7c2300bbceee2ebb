import { useState, type ReactNode } from 'react';
import { neededSecrets, type ConnectionProfile } from '#domain/connection-profile.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useProfileSwitch } from '../../state/profile-queries.ts';
import { SecretField } from './fields.tsx';
import { typedSecrets } from './profile-draft.ts';

/** Asks for what is not kept, and connects with it; it is forgotten when the application ends. */
export function SecretDialog({ profile, onClose }: { profile: ConnectionProfile; onClose: () => void }): ReactNode {
  const needed = neededSecrets(profile);
  const [typed, setTyped] = useState({ password: '', keyPassphrase: '' });
  const change = useProfileSwitch();
  const isWhole = needed.every((name) => typed[name] !== '');
  return (
    <ModalDialog title={`Connect to ${profile.name}`} onClose={onClose}>
      <form
        className="dialog-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (isWhole) change.mutate({ id: profile.id, secrets: typedSecrets(typed) }, { onSuccess: onClose });
        }}
      >
        {needed.includes('password') && (
          <SecretField
            label={profile.login.type === 'password' ? `Password of ${profile.login.user}` : 'Password'}
            value={typed.password}
            onChange={(password) => setTyped({ ...typed, password })}
          />
        )}
        {needed.includes('keyPassphrase') && (
          <SecretField
            label="Passphrase of the key"
            value={typed.keyPassphrase}
            onChange={(keyPassphrase) => setTyped({ ...typed, keyPassphrase })}
          />
        )}
        <FailureLine failure={change.error} />
        <div className="dialog-actions">
          <button type="submit" className="button" data-kind="primary" disabled={!isWhole || change.isPending}>
            Connect
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}
