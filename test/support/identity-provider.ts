import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { IdentityProvider } from '#sandbox/access/oidc-tokens.ts';

/** What the person at the provider's page does, or somebody who wants to harm them. */
export type AtPage = 'agrees' | 'denies' | 'wrong state' | 'wrong nonce' | 'does nothing';

/** A provider on loopback that speaks OpenID Connect: discovery, authorization code with PKCE, refresh with rotation, keys. */
export interface TestIdentityProvider {
  readonly issuer: string;
  /** As a sandbox names it. */
  readonly forSandbox: IdentityProvider;
  atPage: AtPage;
  /** How far its clock is ahead, in milliseconds. */
  aheadMs: number;
  /** How long an access token says that it is good for, in seconds. */
  expiresInSeconds: number;
  /** False refuses every renewal from now on. */
  renews: boolean;
  /** What it says of itself instead of the truth. */
  saysOfItself: Readonly<Record<string, unknown>>;
  /** What it answers with instead of a token; null gives one. */
  insteadOfToken: { readonly status: number; readonly headers: Record<string, string>; readonly body: string } | null;
  /** How often somebody was led to the page. */
  readonly pages: number;
  /** How often a token was given for another one. */
  readonly renewals: number;
  /** A signed token for `sue` with these claims besides or instead of the usual ones. */
  tokenOf(claims: Readonly<Record<string, unknown>>): string;
  /** Every token that was given: none of them may be found anywhere. */
  readonly tokens: readonly string[];
  stop(): Promise<void>;
}

const CLIENT_ID = 'runledger-test';
const KEY_ID = 'key-1';

interface Asked {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly nonce: string;
}

/** Starts a provider that knows one person, `sue`. */
export async function startIdentityProvider(): Promise<TestIdentityProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const codes = new Map<string, Asked>();
  const refreshTokens = new Set<string>();
  const tokens: string[] = [];
  const counts = { pages: 0, renewals: 0 };
  const jwt = (claims: object): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })}.${part(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };
  const answer = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const tokensFor = (nonce: string | null): object => {
    const now = Math.floor((Date.now() + provider.aheadMs) / 1000);
    const common = { iss: provider.issuer, sub: 'sue', aud: CLIENT_ID, iat: now, jti: randomUUID() };
    const access = jwt({ ...common, exp: now + provider.expiresInSeconds });
    const refresh = `refresh-${randomUUID()}`;
    refreshTokens.add(refresh);
    tokens.push(access, refresh);
    return {
      access_token: access,
      refresh_token: refresh,
      token_type: 'Bearer',
      expires_in: provider.expiresInSeconds,
      ...(nonce === null ? {} : { id_token: jwt({ ...common, exp: now + 300, nonce }) }),
    };
  };
  const authorize = (query: URLSearchParams, response: ServerResponse): void => {
    counts.pages += 1;
    if (provider.atPage === 'does nothing') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Who are you?</h1>');
      return;
    }
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', provider.atPage === 'wrong state' ? 'of-somebody-else' : (query.get('state') ?? ''));
    if (provider.atPage === 'denies') {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'Sue may not do this.');
    } else {
      const code = randomUUID();
      codes.set(code, {
        challenge: query.get('code_challenge') ?? '',
        redirectUri: query.get('redirect_uri') ?? '',
        nonce: provider.atPage === 'wrong nonce' ? 'of-somebody-else' : (query.get('nonce') ?? ''),
      });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  };
  const redeem = (body: URLSearchParams, response: ServerResponse): void => {
    if (body.get('client_id') !== CLIENT_ID) return answer(response, 401, { error: 'invalid_client' });
    if (body.get('grant_type') === 'refresh_token') {
      // Each is good for once.
      if (!provider.renews || !refreshTokens.delete(body.get('refresh_token') ?? ''))
        return answer(response, 400, { error: 'invalid_grant' });
      counts.renewals += 1;
      return answer(response, 200, tokensFor(null));
    }
    const code = body.get('code') ?? '';
    const asked = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (asked === undefined || asked.challenge !== challenge || asked.redirectUri !== body.get('redirect_uri'))
      return answer(response, 400, { error: 'invalid_grant' });
    return answer(response, 200, tokensFor(asked.nonce));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', provider.issuer);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return answer(response, 200, {
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/authorize`,
          token_endpoint: `${provider.issuer}/token`,
          jwks_uri: `${provider.issuer}/jwks`,
          scopes_supported: ['openid', 'offline_access'],
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          ...provider.saysOfItself,
        });
      case '/jwks':
        return answer(response, 200, { keys: [{ ...jwk, kid: KEY_ID, alg: 'RS256', use: 'sig' }] });
      case '/authorize':
        return authorize(url.searchParams, response);
      case '/token':
        if (provider.insteadOfToken !== null) {
          const { status, headers, body } = provider.insteadOfToken;
          response.writeHead(status, headers).end(body);
          return;
        }
        return redeem(new URLSearchParams(await text(request)), response);
      default:
        return answer(response, 404, {});
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = {
    issuer,
    forSandbox: {
      issuer,
      clientId: CLIENT_ID,
      audience: CLIENT_ID,
      authNamePrefix: 'people',
      users: [{ subject: 'sue', roles: [{ name: 'root', db: 'admin' }] }],
    },
    atPage: 'agrees' as AtPage,
    tokenOf: (claims: Readonly<Record<string, unknown>>): string =>
      jwt({ iss: issuer, sub: 'sue', aud: CLIENT_ID, jti: randomUUID(), ...claims }),
    aheadMs: 0,
    expiresInSeconds: 3600,
    renews: true,
    saysOfItself: {},
    insteadOfToken: null as TestIdentityProvider['insteadOfToken'],
    get pages() {
      return counts.pages;
    },
    get renewals() {
      return counts.renewals;
    },
    tokens,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return provider;
}

/** The browser of a person: goes where it is sent to, and comes back. */
export async function visit(url: string): Promise<string> {
  return (await fetch(url)).text();
}
