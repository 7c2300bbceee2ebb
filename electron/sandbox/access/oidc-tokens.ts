import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import type { AccessName } from './builtin-roles.ts';

/** An identity provider whose people may log in, as MongoDB's `oidcIdentityProviders` names it. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly audience: string;
  /** What clients are told to ask for besides what they ask for anyway. */
  readonly requestScopes?: readonly string[];
  /** What stands before the subject of a token in a user's name. */
  readonly authNamePrefix: string;
  /** Who may log in, by the subject of their tokens. */
  readonly users: readonly { readonly subject: string; readonly roles: readonly AccessName[] }[];
}

/** The database of users whom somebody else knows. */
export const EXTERNAL_DB = '$external';

/** Who a token was given to, and how long it says so. */
export interface Subject {
  readonly user: AccessName;
  readonly endsAtMs: number;
}

const keySchema = z.object({ kty: z.literal('RSA'), kid: z.string(), n: z.string(), e: z.string() });
const headSchema = z.object({ alg: z.literal('RS256'), kid: z.string() });
const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nbf: z.number().optional(),
});
/** How long the provider may take to tell its keys, in milliseconds. */
const KEYS_MS_MAX = 10_000;

/** Tells whose a token is, by the keys that its provider publishes. They are read once, at the start. */
export class TokenReader {
  readonly provider: IdentityProvider;
  readonly #keys: ReadonlyMap<string, KeyObject>;

  private constructor(provider: IdentityProvider, keys: ReadonlyMap<string, KeyObject>) {
    this.provider = provider;
    this.#keys = keys;
  }

  /** Rejects where the provider does not tell its keys. */
  static async open(provider: IdentityProvider): Promise<TokenReader> {
    const found = await readJson(`${provider.issuer}/.well-known/openid-configuration`);
    const { jwks_uri: place } = z.object({ jwks_uri: z.url() }).parse(found);
    const { keys } = z.object({ keys: z.array(keySchema) }).parse(await readJson(place));
    return new TokenReader(
      provider,
      new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })] as const)),
    );
  }

  /** @returns null for a token that is not this provider's for this server, or of a time that is not now */
  subjectOf(token: string, nowMs: number): Subject | null {
    const [head = '', claims = '', signature = '', ...more] = token.split('.');
    const named = safeParse(headSchema, readPart(head));
    const said = safeParse(claimsSchema, readPart(claims));
    const key = named.success ? this.#keys.get(named.data.kid) : undefined;
    if (!said.success || key === undefined || more.length > 0) return null;
    const signed = Buffer.from(`${head}.${claims}`);
    if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return null;
    const { iss, sub, aud, exp, nbf = 0 } = said.data;
    const { issuer, audience, authNamePrefix } = this.provider;
    if (iss !== issuer || ![aud].flat().includes(audience) || nbf * 1000 > nowMs || exp * 1000 <= nowMs) return null;
    return { user: { name: `${authNamePrefix}/${sub}`, db: EXTERNAL_DB }, endsAtMs: exp * 1000 };
  }
}

async function readJson(place: string): Promise<unknown> {
  const answer = await fetch(place, { signal: AbortSignal.timeout(KEYS_MS_MAX) });
  if (!answer.ok) throw new Error(`${place} answers with ${answer.status}`);
  return answer.json();
}

function readPart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    // What is no JSON is no token; the schema says so.
    return null;
  }
}
