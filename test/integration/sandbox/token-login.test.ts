import { MongoClient, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../support/identity-provider.ts';

let provider: TestIdentityProvider;
let sandbox: Sandbox;
let aheadMs = 0;

beforeAll(async () => {
  provider = await startIdentityProvider();
  const users = [{ name: 'root', password: 'root', roles: [{ name: 'root', db: 'admin' }] }];
  const auth = { users, identityProvider: provider.forSandbox };
  sandbox = await startSandbox({ dataDir: 'memory', auth, now: () => Date.now() + aheadMs });
});
afterAll(async () => {
  await sandbox.stop();
  await provider.stop();
});

const seconds = (): number => Math.floor(Date.now() / 1000);

/** What a server says to somebody who shows it that token. */
async function statusWith(...tokens: readonly string[]): Promise<Document> {
  let asked = 0;
  const client = new MongoClient(sandbox.uri, {
    authMechanism: 'MONGODB-OIDC',
    authMechanismProperties: {
      OIDC_CALLBACK: () => {
        asked += 1;
        return Promise.resolve({ accessToken: tokens[Math.min(asked, tokens.length) - 1] ?? '' });
      },
    },
  });
  try {
    const status = await client.db('admin').command({ connectionStatus: 1 });
    aheadMs = tokens.length > 1 ? 90_000 : 0;
    await client.db('shop').command({ count: 'jobs' });
    return { ...status, asked };
  } finally {
    aheadMs = 0;
    await client.close();
  }
}

describe('a login by a token', () => {
  it('is that of its subject, with the roles given here', async () => {
    expect(await statusWith(provider.tokenOf({ exp: seconds() + 60 }))).toMatchObject({
      authInfo: { authenticatedUsers: [{ user: 'people/sue', db: '$external' }] },
    });
  });

  it('ends with its token, and goes on with the next one', async () => {
    const tokens = [provider.tokenOf({ exp: seconds() + 60 }), provider.tokenOf({ exp: seconds() + 3600 })];
    expect(await statusWith(...tokens)).toMatchObject({ asked: 2 });
  });

  it.each([
    ['has ended', { exp: -60 }],
    ['is not good yet', { exp: 60, nbf: 30 }],
    ['is for another server', { exp: 60, aud: 'another' }],
    ['is of another issuer', { exp: 60, iss: 'https://evil.example' }],
    ['is of somebody whom nobody knows here', { exp: 60, sub: 'mallory' }],
  ])('is refused where it %s', async (_what, { exp, nbf, ...claims }: { exp: number; nbf?: number }) => {
    const times = { exp: seconds() + exp, ...(nbf === undefined ? {} : { nbf: seconds() + nbf }) };
    await expect(statusWith(provider.tokenOf({ ...claims, ...times }))).rejects.toMatchObject({ code: 18 });
  });

  it.each([
    ['another signature', (token: string) => token.replace(/\.[^.]*$/, `.${Buffer.alloc(256).toString('base64url')}`)],
    ['none', (token: string) => token.replace(/\.[^.]*$/, '.')],
    ['other claims than were signed', (token: string) => token.replace(/\.[^.]*\./, '.e30.')],
    ['nothing of a token', () => 'nothing'],
  ])('is refused where it has %s', async (_what, change) => {
    await expect(statusWith(change(provider.tokenOf({ exp: seconds() + 60 })))).rejects.toMatchObject({ code: 18 });
  });

  it('is nobody’s by a password, also by its name', async () => {
    const auth = { username: 'people/sue', password: 'x' };
    const client = new MongoClient(sandbox.uri, { auth, authSource: '$external', authMechanism: 'SCRAM-SHA-256' });
    await expect(client.connect()).rejects.toMatchObject({ code: 18 });
    await client.close();
  });
});
