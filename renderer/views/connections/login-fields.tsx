import type { ReactNode } from 'react';
import type { ProfileDraft } from './profile-draft.ts';

const LOGINS: Readonly<Record<ProfileDraft['login'], string>> = {
  password: 'User and password (SCRAM, LDAP)',
  x509: 'Certificate (X.509)',
  aws: 'AWS identity of this machine',
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
      <label className="field">
        By
        <select
          className="control"
          value={draft.login}
          onChange={(event) => onChange({ login: keyOf(LOGINS, event.target.value, 'password') })}
        >
          {Object.entries(LOGINS).map(([value, says]) => (
            <option key={value} value={value}>
              {says}
            </option>
          ))}
        </select>
      </label>
      {draft.login === 'password' && <PasswordFields draft={draft} hasKept={hasKept} onChange={onChange} />}
      {draft.login === 'x509' && <p className="muted">The certificate and its key are named under Encryption.</p>}
      {draft.login === 'aws' && (
        <TextField
          label="AWS profile, if not the usual one"
          value={draft.awsProfile}
          onChange={(awsProfile) => onChange({ awsProfile })}
        />
      )}
      {draft.login === 'oidc' && <OidcFields draft={draft} onChange={onChange} />}
    </fieldset>
  );
}

function PasswordFields({ draft, hasKept, onChange }: FieldsProps & { hasKept: boolean }): ReactNode {
  return (
    <div className="connection-fields">
      <TextField label="User" value={draft.user} onChange={(user) => onChange({ user })} />
      <label className="field">
        Password
        <input
          type="password"
          autoComplete="off"
          value={draft.password}
          placeholder={hasKept ? 'kept; leave empty to keep it' : ''}
          onChange={(event) => onChange({ password: event.target.value })}
        />
      </label>
      <label className="field">
        Mechanism
        <select
          className="control"
          value={draft.mechanism}
          onChange={(event) => onChange({ mechanism: keyOf(MECHANISMS, event.target.value, '') })}
        >
          {Object.entries(MECHANISMS).map(([value, says]) => (
            <option key={value} value={value}>
              {says}
            </option>
          ))}
        </select>
      </label>
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

function OidcFields({ draft, onChange }: FieldsProps): ReactNode {
  return (
    <div className="connection-fields">
      <label className="field">
        Cloud
        <select
          className="control"
          value={draft.environment}
          onChange={(event) => onChange({ environment: keyOf(ENVIRONMENTS, event.target.value, 'azure') })}
        >
          {Object.entries(ENVIRONMENTS).map(([value, says]) => (
            <option key={value} value={value}>
              {says}
            </option>
          ))}
        </select>
      </label>
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

/** A labelled line of text. */
export function TextField(given: { label: string; value: string; onChange: (value: string) => void }): ReactNode {
  return (
    <label className="field">
      {given.label}
      <input
        value={given.value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => given.onChange(event.target.value)}
      />
    </label>
  );
}

/** The key of a table that a select named. */
export function keyOf<Key extends string>(table: Readonly<Record<Key, string>>, value: string, otherwise: Key): Key {
  const isKey = (name: string): name is Key => Object.hasOwn(table, name);
  return isKey(value) ? value : otherwise;
}
