import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { describe, expect, it } from 'vitest';
import {
  composeUri,
  connectionProfileSchema,
  enteredProfileSchema,
  hasNeededSecrets,
  neededSecrets,
  NO_SECRETS,
  profileSecretsSchema,
  secretScope,
  type ConnectionProfile,
} from '#domain/connection-profile.ts';
import { readPastedUri } from '#domain/pasted-uri.ts';
import { redactText } from '#domain/redacted-text.ts';
import { connectionProfile } from '../../support/connection-profile.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() === text && text.trim() !== '');
const orNull = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(arbitrary, { nil: null });
const login: fc.Arbitrary<ConnectionProfile['login']> = fc.oneof(
  fc.constant({ type: 'none' as const }),
  fc.constant({ type: 'x509' as const }),
  fc.record({
    type: fc.constant('password' as const),
    user: word,
    mechanism: orNull(fc.constantFrom('SCRAM-SHA-256' as const, 'SCRAM-SHA-1' as const, 'PLAIN' as const)),
    authSource: orNull(word),
  }),
  fc.record({
    type: fc.constant('oidc' as const),
    environment: fc.constantFrom('azure' as const, 'gcp' as const, 'k8s' as const),
    tokenResource: orNull(fc.constantFrom('api://runledger', 'https://db.example.com/x,y')),
    clientId: orNull(word),
  }),
  // Who may ask for the sign-in stands in no connection string.
  fc.record({
    type: fc.constant('oidc_person' as const),
    user: orNull(word),
    allowedHosts: fc.constant<string[]>([]),
    redirectPort: fc.constant(null),
  }),
);
const address = fc.constantFrom(
  'mongodb://localhost',
  'mongodb://a:1,b:2/shop?replicaSet=rs0',
  'mongodb+srv://db.example.com/shop',
  'mongodb+srv://db.example.com/?readPreference=secondary',
);
const secret = fc.string({ minLength: 3, maxLength: 30 });

describe(`a connection profile (seed ${SEED})`, () => {
  it('is the same one after its connection string was pasted, whatever its login and its secrets are', () => {
    fc.assert(
      fc.property(address, login, word, secret, orNull(secret), (at, by, file, password, passphrase) => {
        const profile = connectionProfile({
          address: at,
          login: by,
          tls: {
            mode: 'on',
            caFile: null,
            certificateKeyFile: file,
            hasKeyPassphrase: passphrase !== null,
          },
        });
        const isPassword = by.type === 'password';
        const uri = composeUri(profile, { password, keyPassphrase: passphrase });
        expect(readPastedUri(uri)).toEqual({
          address: profile.address.replace(/\/(?=\?|$)/, (slash) => (profile.address.includes('?') ? slash : '')),
          login: profile.login,
          tls: profile.tls,
          secrets: { password: isPassword ? password : null, keyPassphrase: passphrase },
        });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('gives the driver just the user and password that were typed', () => {
    fc.assert(
      fc.property(word, secret, (user, password) => {
        const profile = connectionProfile({ login: { type: 'password', user, mechanism: null, authSource: 'users' } });
        const { credentials } = new MongoClient(composeUri(profile, { ...NO_SECRETS, password })).options;
        expect(credentials).toMatchObject({ username: user, password, source: 'users' });
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it.each([
    ['x509', { type: 'x509' }, 'MONGODB-X509', '$external'],
    ['aws', { type: 'aws', awsProfile: null }, 'MONGODB-AWS', '$external'],
    [
      'oidc',
      { type: 'oidc', environment: 'azure', tokenResource: 'api://x', clientId: 'c' },
      'MONGODB-OIDC',
      '$external',
    ],
    ['ldap', { type: 'password', user: 'u', mechanism: 'PLAIN', authSource: '$external' }, 'PLAIN', '$external'],
  ] as const)('logs in by %s as the driver offers it', (_name, by, mechanism, source) => {
    const profile = connectionProfile({
      login: by,
      tls: { mode: 'on', caFile: null, certificateKeyFile: '/k.pem', hasKeyPassphrase: false },
    });
    const uri = composeUri(profile, { ...NO_SECRETS, password: 'p' }).replace('tlsCertificateKeyFile=%2Fk.pem', '');
    expect(new MongoClient(uri).options.credentials).toMatchObject({ mechanism, source });
  });

  it.each([
    ['a user', 'mongodb://u@host/db'],
    ['a password', 'mongodb://u:p@host/db'],
    ['a login', 'mongodb://host/db?authMechanism=PLAIN'],
    ['a passphrase', 'mongodb://host/db?tlsCertificateKeyFilePassword=x'],
    ['another scheme', 'https://host/db'],
    ['nothing', ''],
    ['an untested server, on production', 'mongodb://host/db?tlsInsecure=true'],
  ])('refuses an address with %s', (_what, at) => {
    expect(connectionProfileSchema.safeParse({ ...connectionProfile(), address: at }).success).toBe(false);
  });

  it.each([
    ['mongodb://db.example.com', 'default', false],
    ['mongodb+srv://db.example.com', 'off', false],
    ['mongodb://127.0.0.1:27017,db.example.com', 'off', false],
    ['mongodb://db.example.com', 'on', true],
    ['mongodb+srv://db.example.com', 'default', true],
    ['mongodb://localhost:27017,[::1]:27018/db', 'off', true],
  ] as const)('takes a password that is sent as it is to %s with TLS %s: %s', (address, mode, isTaken) => {
    const profile = {
      ...connectionProfile(),
      address,
      login: { type: 'password', user: 'u', mechanism: 'PLAIN', authSource: '$external' },
      tls: { mode, caFile: null, certificateKeyFile: null, hasKeyPassphrase: false },
    };
    expect(enteredProfileSchema.safeParse(profile).success).toBe(isTaken);
    // What was kept before is read all the same.
    expect(connectionProfileSchema.safeParse(profile).success).toBe(true);
    const byChallenge = { ...profile, login: { ...profile.login, mechanism: 'SCRAM-SHA-256' } };
    expect(enteredProfileSchema.safeParse(byChallenge).success).toBe(true);
  });

  it('refuses a login by certificate without one', () => {
    expect(connectionProfileSchema.safeParse({ ...connectionProfile(), login: { type: 'x509' } }).success).toBe(false);
  });

  it('knows what must be typed before it can connect', () => {
    const profile = connectionProfile();
    expect(neededSecrets(profile)).toEqual(['password']);
    expect(hasNeededSecrets(profile, NO_SECRETS)).toBe(false);
    expect(hasNeededSecrets(profile, { ...NO_SECRETS, password: 'p' })).toBe(true);
    expect(neededSecrets({ ...profile, login: { type: 'none' } })).toEqual([]);
  });

  it.each(['*', 'https://db.example.com', 'db.example.com:27017', '', '*.', 'a,b'])(
    'lets no host ask for a sign-in that is none: %j',
    (host) => {
      const login = { type: 'oidc_person', user: null, allowedHosts: [host], redirectPort: null };
      expect(connectionProfileSchema.safeParse({ ...connectionProfile(), login }).success).toBe(false);
    },
  );

  it('entrusts a secret to servers, login and encryption, and not to a name or a colour', () => {
    const profile = connectionProfile();
    expect(secretScope({ ...profile, name: 'x', kind: 'staging' })).toBe(secretScope(profile));
    expect(secretScope({ ...profile, address: 'mongodb://evil.example/shop' })).not.toBe(secretScope(profile));
    expect(secretScope({ ...profile, tls: { ...profile.tls, mode: 'off' } })).not.toBe(secretScope(profile));
  });
});

describe('half of a character that takes two', () => {
  const half = '\ud83d';

  it('is part of no secret, because no connection string can hold it', () => {
    expect(profileSecretsSchema.safeParse({ ...NO_SECRETS, password: `p${half}` }).success).toBe(false);
    expect(profileSecretsSchema.safeParse({ ...NO_SECRETS, keyPassphrase: half }).success).toBe(false);
    expect(profileSecretsSchema.safeParse({ ...NO_SECRETS, password: `p${half}\ude00` }).success).toBe(true);
  });

  it('is part of no login and no name of a file either', () => {
    const user = {
      ...connectionProfile(),
      login: { type: 'oidc_person', user: half, allowedHosts: [], redirectPort: null },
    };
    const file = { ...connectionProfile(), tls: { ...connectionProfile().tls, caFile: `/${half}.pem` } };
    for (const profile of [user, file]) expect(connectionProfileSchema.safeParse(profile).success).toBe(false);
  });
});

describe('a pasted connection string', () => {
  it.each(['nothing', 'mongodb://', 'mongodb://u:p@h/?authMechanism=GSSAPI', 'http://h/'])(
    'that is %s is none',
    (text) => {
      expect(readPastedUri(text)).toBeNull();
    },
  );
});

describe(`a line of a log (seed ${SEED})`, () => {
  it('holds no password of an address, whatever it is', () => {
    fc.assert(
      fc.property(secret, (password) => {
        const uri = composeUri(connectionProfile(), { ...NO_SECRETS, password });
        expect(redactText(`could not connect to ${uri}: refused`)).toBe(
          'could not connect to mongodb://[removed]@db.example.com/shop: refused',
        );
      }),
      { seed: SEED },
    );
  });

  it('holds no secret that the process knows, wherever it stands', () => {
    expect(redactText('login of hunter2-long failed', ['hunter2-long'])).toBe('login of [removed] failed');
  });

  it.each(['Bearer abc.def', 'sk-abcdefghijklmnop', 'password=hunter2', '"token": "abc"'])('holds no %s', (text) => {
    expect(redactText(text)).toContain('[removed]');
    expect(redactText(text)).not.toMatch(/abc|hunter2/);
  });
});
