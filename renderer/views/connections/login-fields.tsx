import type { ReactNode } from 'react';
import { ChoiceField, SecretField, TextField } from './fields.tsx';
import type { ProfileDraft } from './profile-draft.ts';

const LOGINS: Readonly<Record<ProfileDraft['login'], string>> = {
  password: 'User and password (SCRAM, LDAP)',
  x509: 'Certificate (X.509)',
  aws: 'AWS identity of this machine',
  oidc_person: 'OIDC: sign in in the browser',
  oidc: 'OIDC: identity of a cloud workload',
  none: 'Nobody has to log in',
};

interface FieldsProps {
  readonly draft: ProfileDraft;
  readonly onChange: (part: Partial<ProfileDraft>) => void;
}

/** How one logs in, and what that needs. */
export function LoginFields({ draft, hasKept, onChange }: FieldsProps & { hasKept: boolean }): ReactNode {
  return (
    <fieldset className="connection-part">
      <legend>Login</legend>
      <ChoiceField label="By" table={LOGINS} value={draft.login} onChange={(login) => onChange({ login })} />
      {draft.login === 'password' && <PasswordFields draft={draft} hasKept={hasKept} onChange={onChange} />}
      {draft.login === 'x509' && <p className="muted">The certificate and its key are named under Encryption.</p>}
      {draft.login === 'aws' && (
        <TextField
          label="AWS profile, if not the usual one"
          value={draft.awsProfile}
          onChange={(awsProfile) => onChange({ awsProfile })}
        />
      )}
      {draft.login === 'oidc_person' && <SignInFields draft={draft} onChange={onChange} />}
      {draft.login === 'oidc' && <OidcFields draft={draft} onChange={onChange} />}
    </fieldset>
  );
}

function PasswordFields({ draft, hasKept, onChange }: FieldsProps & { hasKept: boolean }): ReactNode {
  return (
    <div className="connection-fields">
      <TextField label="User" value={draft.user} onChange={(user) => onChange({ user })} />
      <SecretField
        label="Password"
        value={draft.password}
        placeholder={hasKept ? 'kept; leave empty to keep it' : ''}
        onChange={(password) => onChange({ password })}
      />
      <ChoiceField
        label="Mechanism"
        table={MECHANISMS}
        value={draft.mechanism}
        onChange={(mechanism) => onChange({ mechanism })}
      />
      <TextField
        label="Authentication database, if not admin"
        value={draft.authSource}
        onChange={(authSource) => onChange({ authSource })}
      />
    </div>
  );
}

const MECHANISMS: Readonly<Record<ProfileDraft['mechanism'], string>> = {
  '': 'As the server prefers',
  'SCRAM-SHA-256': 'SCRAM-SHA-256',
  'SCRAM-SHA-1': 'SCRAM-SHA-1',
  PLAIN: 'PLAIN (LDAP)',
};
const ENVIRONMENTS: Readonly<Record<ProfileDraft['environment'], string>> = {
  azure: 'Azure',
  gcp: 'Google Cloud',
  k8s: 'Kubernetes',
};

function SignInFields({ draft, onChange }: FieldsProps): ReactNode {
  return (
    <>
      <p className="muted">
        Your browser opens at the identity provider that the server names. Nothing of it is kept on this machine.
      </p>
      <div className="connection-fields">
        <TextField label="User name to begin with, if any" value={draft.user} onChange={(user) => onChange({ user })} />
        <TextField
          label="Redirect port, if the provider knows only one"
          value={draft.redirectPort}
          onChange={(redirectPort) => onChange({ redirectPort })}
        />
        <TextField
          label="Servers that may ask for it, outside of MongoDB's cloud"
          value={draft.allowedHosts}
          onChange={(allowedHosts) => onChange({ allowedHosts })}
        />
      </div>
    </>
  );
}

function OidcFields({ draft, onChange }: FieldsProps): ReactNode {
  return (
    <div className="connection-fields">
      <ChoiceField
        label="Cloud"
        table={ENVIRONMENTS}
        value={draft.environment}
        onChange={(environment) => onChange({ environment })}
      />
      <TextField
        label="Token resource"
        value={draft.tokenResource}
        onChange={(tokenResource) => onChange({ tokenResource })}
      />
      <TextField
        label="Client id, if one is needed"
        value={draft.clientId}
        onChange={(clientId) => onChange({ clientId })}
      />
    </div>
  );
}
