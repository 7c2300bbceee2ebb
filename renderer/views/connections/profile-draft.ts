import {
  enteredProfileSchema,
  NO_SECRETS,
  type ConnectionProfile,
  type ProfileKind,
  type ProfileLogin,
  type ProfileSecrets,
} from '#domain/connection-profile.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { readPastedUri } from '#domain/pasted-uri.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** A connection while somebody fills it in: every field is text, and what does not belong to the chosen login is kept too. */
export interface ProfileDraft {
  readonly id: string;
  readonly name: string;
  readonly kind: ProfileKind;
  readonly address: string;
  readonly database: string;
  readonly login: ProfileLogin['type'];
  readonly user: string;
  readonly mechanism: '' | 'SCRAM-SHA-256' | 'SCRAM-SHA-1' | 'PLAIN';
  readonly authSource: string;
  readonly awsProfile: string;
  readonly environment: 'azure' | 'gcp' | 'k8s';
  readonly tokenResource: string;
  readonly clientId: string;
  /** Hosts with commas between them. */
  readonly allowedHosts: string;
  readonly redirectPort: string;
  readonly tls: ConnectionProfile['tls']['mode'];
  readonly caFile: string;
  readonly certificateKeyFile: string;
  readonly hasKeyPassphrase: boolean;
  readonly isReadOnly: boolean;
  /** Undefined where the documents there are jobs already. */
  readonly mapping: JobMapping | undefined;
  readonly password: string;
  readonly keyPassphrase: string;
}

/** An empty draft; a connection begins as the least dangerous one. */
export function emptyDraft(id: string): ProfileDraft {
  return {
    id,
    name: '',
    kind: 'development',
    address: '',
    database: '',
    login: 'password',
    user: '',
    mechanism: '',
    authSource: '',
    awsProfile: '',
    environment: 'azure',
    tokenResource: '',
    clientId: '',
    allowedHosts: '',
    redirectPort: '',
    tls: 'default',
    caFile: '',
    certificateKeyFile: '',
    hasKeyPassphrase: false,
    isReadOnly: false,
    mapping: undefined,
    password: '',
    keyPassphrase: '',
  };
}

/** The draft of a connection that is kept; its secrets are not known to the window. */
export function draftOf(profile: ConnectionProfile): ProfileDraft {
  const { id, name, kind, address, database, tls, isReadOnly, mapping } = profile;
  return {
    ...emptyDraft(id),
    ...loginFields(profile.login),
    name,
    kind,
    address,
    database: database ?? '',
    tls: tls.mode,
    caFile: tls.caFile ?? '',
    certificateKeyFile: tls.certificateKeyFile ?? '',
    hasKeyPassphrase: tls.hasKeyPassphrase,
    isReadOnly,
    mapping,
  };
}

function loginFields(login: ProfileLogin): Partial<ProfileDraft> {
  switch (login.type) {
    case 'password':
      return {
        login: 'password',
        user: login.user,
        mechanism: login.mechanism ?? '',
        authSource: login.authSource ?? '',
      };
    case 'aws':
      return { login: 'aws', awsProfile: login.awsProfile ?? '' };
    case 'oidc':
      return {
        login: 'oidc',
        environment: login.environment,
        tokenResource: login.tokenResource ?? '',
        clientId: login.clientId ?? '',
      };
    case 'oidc_person':
      return {
        login: 'oidc_person',
        user: login.user ?? '',
        allowedHosts: login.allowedHosts.join(', '),
        redirectPort: login.redirectPort === null ? '' : String(login.redirectPort),
      };
    case 'none':
    case 'x509':
      return { login: login.type };
    default:
      return login satisfies never;
  }
}

/** What a typed or pasted address makes of the draft: a whole connection string is taken apart into its fields. */
export function withAddress(draft: ProfileDraft, text: string): ProfileDraft {
  const isWhole = text.includes('@') || /[?&](auth|tls|ssl)/i.test(text);
  const pasted = isWhole ? readPastedUri(text) : null;
  if (pasted === null) return { ...draft, address: text };
  const { address, login, tls, secrets } = pasted;
  return {
    ...draft,
    ...loginFields(login),
    address,
    tls: tls.mode,
    caFile: tls.caFile ?? draft.caFile,
    certificateKeyFile: tls.certificateKeyFile ?? draft.certificateKeyFile,
    hasKeyPassphrase: tls.hasKeyPassphrase || draft.hasKeyPassphrase,
    password: secrets.password ?? draft.password,
    keyPassphrase: secrets.keyPassphrase ?? draft.keyPassphrase,
  };
}

/** The connection that a draft describes, or the first thing that is wrong with it. */
export function profileOf(draft: ProfileDraft): { readonly profile: ConnectionProfile } | { readonly problem: string } {
  const parsed = safeParse(enteredProfileSchema, {
    id: draft.id,
    name: draft.name,
    kind: draft.kind,
    address: draft.address,
    database: orNull(draft.database),
    login: loginOf(draft),
    tls: {
      mode: draft.tls,
      caFile: orNull(draft.caFile),
      certificateKeyFile: orNull(draft.certificateKeyFile),
      hasKeyPassphrase: draft.hasKeyPassphrase,
    },
    isReadOnly: draft.isReadOnly,
    mapping: draft.mapping,
  });
  if (parsed.success) return { profile: parsed.data };
  const issue = parsed.error.issues[0];
  // A host that is none is named by its place in the list.
  const named = issue?.path.findLast((part) => typeof part === 'string');
  const field = FIELD_WORDS[String(named ?? '')] ?? 'The connection';
  return { problem: `${field}: ${issue?.message ?? 'is not whole'}` };
}

const FIELD_WORDS: Readonly<Record<string, string>> = {
  name: 'Name',
  address: 'Address',
  database: 'Database',
  user: 'User',
  authSource: 'Authentication database',
  certificateKeyFile: 'Certificate and key',
  caFile: 'Certificate authority',
  tls: 'Encryption',
  tokenResource: 'Token resource',
  redirectPort: 'Redirect port',
  allowedHosts: 'Servers that may ask for the sign-in',
};

function loginOf(draft: ProfileDraft): unknown {
  switch (draft.login) {
    case 'password':
      return {
        type: 'password',
        user: draft.user,
        mechanism: draft.mechanism === '' ? null : draft.mechanism,
        authSource: orNull(draft.authSource),
      };
    case 'aws':
      return { type: 'aws', awsProfile: orNull(draft.awsProfile) };
    case 'oidc':
      return {
        type: 'oidc',
        environment: draft.environment,
        tokenResource: orNull(draft.tokenResource),
        clientId: orNull(draft.clientId),
      };
    case 'oidc_person':
      return {
        type: 'oidc_person',
        user: orNull(draft.user),
        allowedHosts: draft.allowedHosts.split(/[\s,]+/).filter((host) => host !== ''),
        redirectPort: draft.redirectPort.trim() === '' ? null : Number(draft.redirectPort),
      };
    case 'none':
    case 'x509':
      return { type: draft.login };
    default:
      return draft.login satisfies never;
  }
}

/** What was typed that is secret; null where nothing was. */
export function typedSecrets(draft: Pick<ProfileDraft, 'password' | 'keyPassphrase'>): ProfileSecrets | null {
  if (draft.password === '' && draft.keyPassphrase === '') return null;
  return {
    ...NO_SECRETS,
    password: draft.password === '' ? null : draft.password,
    keyPassphrase: draft.keyPassphrase === '' ? null : draft.keyPassphrase,
  };
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
