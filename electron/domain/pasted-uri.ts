import { FIELD_OPTIONS, type ConnectionProfile, type ProfileLogin, type ProfileSecrets } from './connection-profile.ts';

/** A connection string taken apart: what a profile keeps, and what is secret of it. */
export interface PastedUri extends Pick<ConnectionProfile, 'address' | 'login' | 'tls'> {
  readonly secrets: ProfileSecrets;
}

/**
 * Takes a pasted connection string apart, so that nobody has to do it by hand and no password stays in a visible field. Null for
 * what is no such string, or names a login that has no field.
 */
export function readPastedUri(text: string): PastedUri | null {
  const match = /^(mongodb(?:\+srv)?:\/\/)(?:([^/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(text.trim());
  if (match === null) return null;
  const [, scheme = '', userInfo = '', hosts = '', path = '', query = ''] = match;
  const options = query.split('&').flatMap((part) => {
    const at = part.indexOf('=');
    return at < 1 ? [] : [{ name: part.slice(0, at), value: decode(part.slice(at + 1)), raw: part }];
  });
  const own = new Map(options.map(({ name, value }) => [name.toLowerCase(), value]));
  const [rawUser, rawPassword] = splitOnce(userInfo, ':');
  const login = readLogin(decode(rawUser), own);
  if (login === null) return null;
  const kept = options.filter(({ name }) => !FIELD_OPTIONS.has(name.toLowerCase())).map(({ raw }) => raw);
  const password = rawPassword === undefined || rawPassword === '' ? null : decode(rawPassword);
  const tls = own.get('tls') ?? own.get('ssl');
  const keyPassphrase = own.get('tlscertificatekeyfilepassword') ?? null;
  const slash = path === '' && kept.length > 0 ? '/' : path;
  return {
    address: `${scheme}${hosts}${slash === '/' && kept.length === 0 ? '' : slash}${kept.length === 0 ? '' : `?${kept.join('&')}`}`,
    login,
    tls: {
      mode: tls === undefined ? 'default' : tls === 'true' ? 'on' : 'off',
      caFile: own.get('tlscafile') ?? null,
      certificateKeyFile: own.get('tlscertificatekeyfile') ?? null,
      hasKeyPassphrase: keyPassphrase !== null,
    },
    secrets: { password, keyPassphrase },
  };
}

function readLogin(user: string, options: ReadonlyMap<string, string>): ProfileLogin | null {
  const mechanism = options.get('authmechanism') ?? null;
  switch (mechanism) {
    case null:
    case 'SCRAM-SHA-1':
    case 'SCRAM-SHA-256':
    case 'PLAIN':
      if (user === '') return { type: 'none' };
      return { type: 'password', user, mechanism, authSource: options.get('authsource') ?? null };
    case 'MONGODB-X509':
      return { type: 'x509' };
    case 'MONGODB-AWS':
      // The driver takes keys from the machine's AWS identity only.
      return user === '' ? { type: 'aws', awsProfile: null } : null;
    case 'MONGODB-OIDC': {
      const properties = propertiesOf(options);
      const environment = properties.get('ENVIRONMENT');
      // Where no machine is named a person signs in; who may ask for that stands in no address.
      if (environment === undefined)
        return { type: 'oidc_person', user: user === '' ? null : user, allowedHosts: [], redirectPort: null };
      if (environment !== 'azure' && environment !== 'gcp' && environment !== 'k8s') return null;
      const resource = properties.get('TOKEN_RESOURCE');
      return {
        type: 'oidc',
        environment,
        tokenResource: resource === undefined ? null : decode(resource),
        clientId: user === '' ? null : user,
      };
    }
    default:
      return null;
  }
}

function propertiesOf(options: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const pairs = (options.get('authmechanismproperties') ?? '').split(',').map((pair) => splitOnce(pair, ':'));
  return new Map(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign means itself.
    return text;
  }
}
