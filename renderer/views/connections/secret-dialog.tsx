import { useState, type ReactNode } from 'react';
import { neededSecrets, type ConnectionProfile } from '#domain/connection-profile.ts';
import { explainError } from '#domain/errors.ts';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { useProfileSwitch } from '../../state/profile-queries.ts';
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
          <label className="field">
            Password{profile.login.type === 'password' && ` of ${profile.login.user}`}
            <input
              type="password"
              autoComplete="off"
              value={typed.password}
              onChange={(event) => setTyped({ ...typed, password: event.target.value })}
            />
          </label>
        )}
        {needed.includes('keyPassphrase') && (
          <label className="field">
            Passphrase of the key
            <input
              type="password"
              autoComplete="off"
              value={typed.keyPassphrase}
              onChange={(event) => setTyped({ ...typed, keyPassphrase: event.target.value })}
            />
          </label>
        )}
        {change.error !== null && (
          <p className="text-danger" role="alert">
            {explainError(toWireError(change.error))}
          </p>
        )}
        <div className="dialog-actions">
          <button type="submit" className="button" data-kind="primary" disabled={!isWhole || change.isPending}>
            Connect
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}
