import type { ReactNode } from 'react';
import { ChoiceField, SecretField, TextField } from './fields.tsx';
import type { ProfileDraft } from './profile-draft.ts';

const MODES: Readonly<Record<ProfileDraft['tls'], string>> = {
  default: 'As the address says (on for mongodb+srv)',
  on: 'TLS on',
  off: 'TLS off',
};

/** How the connection is encrypted, and by which files. */
export function TlsFields({
  draft,
  onChange,
}: {
  draft: ProfileDraft;
  onChange: (part: Partial<ProfileDraft>) => void;
}): ReactNode {
  return (
    <details className="connection-part" open={draft.login === 'x509' || draft.caFile !== '' || undefined}>
      <summary>Encryption</summary>
      <ChoiceField label="TLS" table={MODES} value={draft.tls} onChange={(tls) => onChange({ tls })} />
      <TextField
        label="File of the certificate authority"
        value={draft.caFile}
        onChange={(caFile) => onChange({ caFile })}
      />
      <TextField
        label="File of certificate and key"
        value={draft.certificateKeyFile}
        onChange={(certificateKeyFile) => onChange({ certificateKeyFile })}
      />
      <label className="connection-check">
        <input
          type="checkbox"
          checked={draft.hasKeyPassphrase}
          onChange={(event) => onChange({ hasKeyPassphrase: event.target.checked })}
        />
        The key is encrypted
      </label>
      {draft.hasKeyPassphrase && (
        <SecretField
          label="Passphrase of the key"
          value={draft.keyPassphrase}
          onChange={(keyPassphrase) => onChange({ keyPassphrase })}
        />
      )}
    </details>
  );
}
