import { Binary, deserialize, serialize } from 'bson';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import type { AccessStore } from '../access/access-store.ts';
import type { Subject, TokenReader } from '../access/oidc-tokens.ts';
import { ServerError } from '../semantics/server-error.ts';
import type { Doc } from '../semantics/values.ts';

/** MongoDB's mechanism for tokens of an identity provider. */
export const TOKEN_MECHANISM = 'MONGODB-OIDC';

const payloadSchema = z.object({ n: z.string().optional(), jwt: z.string().optional() });

/** What a message of the mechanism leads to: where to get a token, or who logs in by one. */
export type TokenStep =
  { readonly type: 'where'; readonly payload: Binary } | { readonly type: 'who'; readonly subject: Subject };

/** Logins by tokens: a client without one is told who gives them, and one with a token is who the token says. */
export class TokenLogin {
  readonly #reader: TokenReader;
  readonly #store: AccessStore;

  constructor(reader: TokenReader, store: AccessStore) {
    this.#reader = reader;
    this.#store = store;
  }

  /** Error: `AuthenticationFailed`, the same for a bad token and for somebody who is not known here. */
  step(body: Doc, nowMs: number): TokenStep {
    const { jwt } = payloadOf(body);
    if (jwt === undefined) return { type: 'where', payload: this.#where() };
    const subject = this.#reader.subjectOf(jwt, nowMs);
    if (subject === null || this.#store.user(subject.user) === null)
      throw new ServerError('AuthenticationFailed', 'Authentication failed.');
    return { type: 'who', subject };
  }

  #where(): Binary {
    const { issuer, clientId, requestScopes = [] } = this.#reader.provider;
    return new Binary(serialize({ issuer, clientId, requestScopes }));
  }
}

function payloadOf({ payload }: Doc): z.infer<typeof payloadSchema> {
  if (!(payload instanceof Binary))
    throw new ServerError('TypeMismatch', 'the payload of a SASL message must be binary data');
  const parsed = safeParse(payloadSchema, deserialize(payload.buffer.subarray(0, payload.position)));
  if (!parsed.success) throw new ServerError('BadValue', 'the payload is none of this mechanism');
  return parsed.data;
}
