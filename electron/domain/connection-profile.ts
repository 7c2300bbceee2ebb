import { z } from 'zod';
import { jobMappingSchema } from './mapping/job-mapping.ts';
import { assertNever } from './result.ts';

/** What a deployment is to the team; it decides the colour of the window's frame. */
export const profileKindSchema = z.enum(['development', 'staging', 'production']);
export type ProfileKind = z.infer<typeof profileKindSchema>;

/** A connection string holds its parts in UTF-8, which knows no half of a character that takes two: writing one down would throw. */
function isWritable(text: string): boolean {
  return text.isWellFormed();
}
const NOT_WRITABLE = 'a text without halves of characters';

const fileSchema = z.string().trim().min(1).max(1000).refine(isWritable, NOT_WRITABLE);
const wordSchema = z.string().trim().min(1).max(300).refine(isWritable, NOT_WRITABLE);
const secretSchema = z.string().min(1).max(2000).refine(isWritable, NOT_WRITABLE);

const allowedHostSchema = z
  .string()
  .trim()
  .max(253)
  .regex(/^(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/, 'a host such as db.example.com or *.example.com');

/** How a profile proves who it is; the secrets of it are kept apart from it. */
const profileLoginSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('none') }),
  z.object({
    type: z.literal('password'),
    user: wordSchema,
    /** Null lets server and driver agree. */
    mechanism: z.enum(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN']).nullable(),
    /** The database that knows the user; null takes the server's usual one. */
    authSource: wordSchema.nullable(),
  }),
  /** By the certificate of `tls.certificateKeyFile`. */
  z.object({ type: z.literal('x509') }),
  /** By the AWS identity of this machine (environment, shared files, single sign-on, instance), of the named AWS profile if any. */
  z.object({ type: z.literal('aws'), awsProfile: wordSchema.nullable() }),
  /** By the identity of the machine; `tokenResource` names the audience where the cloud wants one. */
  z.object({
    type: z.literal('oidc'),
    environment: z.enum(['azure', 'gcp', 'k8s']),
    tokenResource: wordSchema.nullable(),
    clientId: wordSchema.nullable(),
  }),
  /** By a person who signs in in the browser, at the identity provider that the server names. */
  z.object({
    type: z.literal('oidc_person'),
    /** Whom the identity provider may offer first. */
    user: wordSchema.nullable(),
    /** The servers that may ask for a sign-in, as `db.example.com` or `*.example.com`; empty for MongoDB's cloud and this machine. */
    allowedHosts: z.array(allowedHostSchema).max(20),
    /** The port that the identity provider sends browsers back to; null where it takes any. */
    redirectPort: z.int().min(1024).max(65_535).nullable(),
  }),
]);
export type ProfileLogin = z.infer<typeof profileLoginSchema>;

/** How the connection is encrypted; `default` is on for SRV addresses and off for plain ones. Files are absolute paths. */
const profileTlsSchema = z.object({
  mode: z.enum(['default', 'on', 'off']),
  caFile: fileSchema.nullable(),
  certificateKeyFile: fileSchema.nullable(),
  /** True where the key in `certificateKeyFile` is encrypted; its passphrase is a secret. */
  hasKeyPassphrase: z.boolean(),
});
export type ProfileTls = z.infer<typeof profileTlsSchema>;

/** Options of an address that have fields of their own, in lower case. */
export const FIELD_OPTIONS: ReadonlySet<string> = new Set([
  'authmechanism',
  'authmechanismproperties',
  'authsource',
  'ssl',
  'tls',
  'tlscafile',
  'tlscertificatekeyfile',
  'tlscertificatekeyfilepassword',
]);
/** Options that no address may hold: what has a field, and a password that has none. */
const REFUSED_OPTIONS: ReadonlySet<string> = new Set([...FIELD_OPTIONS, 'proxypassword']);
/** Options that accept a server which cannot prove who it is. */
const UNSAFE_OPTIONS: ReadonlySet<string> = new Set([
  'tlsinsecure',
  'tlsallowinvalidcertificates',
  'tlsallowinvalidhostnames',
]);
const ADDRESS = /^mongodb(?:\+srv)?:\/\/[^@/?#\s]+(?:\/[^@?#\s]*)?(?:\?[^@#\s]*)?$/;

/** The names of the options in an address, in lower case. */
function optionNames(address: string): readonly string[] {
  const query = address.split('?')[1] ?? '';
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => (part.split('=')[0] ?? '').toLowerCase());
}

/** A MongoDB address without anything secret: hosts, database and options, neither user nor password. */
const profileAddressSchema = z
  .string()
  .trim()
  .max(2000)
  .regex(ADDRESS, 'an address such as mongodb+srv://host/database, without user and password')
  .refine((address) => !optionNames(address).some((name) => REFUSED_OPTIONS.has(name)), {
    message: 'login and TLS have fields of their own and are not part of the address',
  });

/** A named way to a deployment, as it is kept on this machine. No secret is part of it. */
export const connectionProfileSchema = z
  .object({
    id: z.uuid(),
    name: z.string().trim().min(1).max(60),
    kind: profileKindSchema,
    address: profileAddressSchema,
    /** Null takes the database that the address names, or `runledger`. */
    database: z.string().trim().min(1).max(63).nullable(),
    login: profileLoginSchema,
    tls: profileTlsSchema,
    isReadOnly: z.boolean(),
    /** How the documents there stand for jobs; left out where they are jobs already. */
    mapping: jobMappingSchema.optional(),
  })
  .refine(({ login, tls }) => login.type !== 'x509' || tls.certificateKeyFile !== null, {
    path: ['tls', 'certificateKeyFile'],
    message: 'a login by certificate needs the file of certificate and key',
  })
  .refine(
    ({ kind, address }) => kind !== 'production' || !optionNames(address).some((name) => UNSAFE_OPTIONS.has(name)),
    {
      path: ['address'],
      message: 'a server of production must prove who it is: leave tlsInsecure and tlsAllowInvalid… out',
    },
  );
export type ConnectionProfile = z.infer<typeof connectionProfileSchema>;

/**
 * A profile as somebody enters it. One that was kept before this was asked for stays readable; it is held against it when it is changed
 * or tried.
 */
export const enteredProfileSchema = connectionProfileSchema.refine(
  (profile) => !sendsReadablePassword(profile) || isEncrypted(profile) || hasOnlyThisMachine(profile.address),
  { path: ['tls'], message: 'PLAIN sends the password as it is, so the connection must be encrypted' },
);

function sendsReadablePassword({ login }: ConnectionProfile): boolean {
  return login.type === 'password' && login.mechanism === 'PLAIN';
}

function isEncrypted({ tls, address }: ConnectionProfile): boolean {
  return tls.mode === 'on' || (tls.mode === 'default' && address.startsWith('mongodb+srv://'));
}

const THIS_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

function hasOnlyThisMachine(address: string): boolean {
  return partsOf(address)
    .hosts.split(',')
    .every((host) => THIS_MACHINE.test(host));
}

/** What is secret about a login; null where there is none of it. */
export const profileSecretsSchema = z.object({
  /** The user's password. */
  password: secretSchema.nullable(),
  /** What the key in the certificate's file is encrypted with. */
  keyPassphrase: secretSchema.nullable(),
});
export type ProfileSecrets = z.infer<typeof profileSecretsSchema>;
export type SecretName = keyof ProfileSecrets;

/** No secret at all. */
export const NO_SECRETS: ProfileSecrets = { password: null, keyPassphrase: null };

/** The secrets without which a profile cannot connect. */
export function neededSecrets({ login, tls }: Pick<ConnectionProfile, 'login' | 'tls'>): readonly SecretName[] {
  return [
    ...(login.type === 'password' ? (['password'] as const) : []),
    ...(tls.hasKeyPassphrase && tls.certificateKeyFile !== null ? (['keyPassphrase'] as const) : []),
  ];
}

/** Whether every secret is there that a profile needs. */
export function hasNeededSecrets(profile: Pick<ConnectionProfile, 'login' | 'tls'>, secrets: ProfileSecrets): boolean {
  return neededSecrets(profile).every((name) => secrets[name] !== null);
}

/**
 * What a secret was entrusted for: servers, login and encryption. A kept secret of another scope is not used, so that nobody who
 * can change a profile, but does not know its password, can have it sent elsewhere.
 */
export function secretScope({ address, login, tls }: ConnectionProfile): string {
  return JSON.stringify([address, login, tls]);
}

/** The whole connection string of a profile. It holds the secrets: it goes to the driver and nowhere else. */
export function composeUri(profile: ConnectionProfile, secrets: ProfileSecrets): string {
  const { scheme, hosts, path, query } = partsOf(profile.address);
  const { user, options } = loginParts(profile.login, secrets);
  const all = [
    ...(query === '' ? [] : [query]),
    ...[...options, ...tlsOptions(profile.tls, secrets)].map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
  ];
  // Options need the slash before them, also without a database.
  const database = path === '' && all.length > 0 ? '/' : path;
  return `${scheme}${user}${hosts}${database}${all.length === 0 ? '' : `?${all.join('&')}`}`;
}

function partsOf(address: string): { scheme: string; hosts: string; path: string; query: string } {
  const [before = '', query = ''] = address.split('?');
  const [, scheme = '', hosts = '', path = ''] = /^(mongodb(?:\+srv)?:\/\/)([^/]*)(.*)$/.exec(before) ?? [];
  return { scheme, hosts, path, query };
}

type Options = readonly (readonly [name: string, value: string])[];

function loginParts(login: ProfileLogin, secrets: ProfileSecrets): { user: string; options: Options } {
  switch (login.type) {
    case 'none':
      return { user: '', options: [] };
    case 'password':
      return {
        user: `${encodeURIComponent(login.user)}:${encodeURIComponent(secrets.password ?? '')}@`,
        options: [
          ...(login.mechanism === null ? [] : [['authMechanism', login.mechanism] as const]),
          ...(login.authSource === null ? [] : [['authSource', login.authSource] as const]),
        ],
      };
    case 'x509':
      return { user: '', options: [['authMechanism', 'MONGODB-X509']] };
    case 'aws':
      return { user: '', options: [['authMechanism', 'MONGODB-AWS']] };
    case 'oidc': {
      const resource = login.tokenResource === null ? '' : `,TOKEN_RESOURCE:${encodeURIComponent(login.tokenResource)}`;
      return {
        user: login.clientId === null ? '' : `${encodeURIComponent(login.clientId)}@`,
        options: [
          ['authMechanism', 'MONGODB-OIDC'],
          ['authMechanismProperties', `ENVIRONMENT:${login.environment}${resource}`],
        ],
      };
    }
    case 'oidc_person':
      return {
        user: login.user === null ? '' : `${encodeURIComponent(login.user)}@`,
        options: [['authMechanism', 'MONGODB-OIDC']],
      };
    default:
      return assertNever(login);
  }
}

function tlsOptions(tls: ProfileTls, secrets: ProfileSecrets): Options {
  return [
    ...(tls.mode === 'default' ? [] : [['tls', String(tls.mode === 'on')] as const]),
    ...(tls.caFile === null ? [] : [['tlsCAFile', tls.caFile] as const]),
    ...(tls.certificateKeyFile === null ? [] : [['tlsCertificateKeyFile', tls.certificateKeyFile] as const]),
    ...(tls.hasKeyPassphrase && secrets.keyPassphrase !== null
      ? [['tlsCertificateKeyFilePassword', secrets.keyPassphrase] as const]
      : []),
  ];
}
