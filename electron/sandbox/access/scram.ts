import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import saslprep from '@mongodb-js/saslprep';

/** The one mechanism that clients may log in by. */
export const MECHANISM = 'SCRAM-SHA-256';

/** What a server keeps of a password: enough to prove it, not enough to log in with. All texts are base64. */
export interface ScramCredentials {
  readonly iterationCount: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** MongoDB's default number of iterations. */
const ITERATIONS = 15_000;
const SALT_BYTES = 28;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;
/** "No channel binding, no other name to act under", as the client repeats it in its proof. */
const HEADER = 'n,,';

/** Makes credentials from a password, with a salt of their own. Throws where the password holds characters that SASLprep forbids. */
export function credentialsOf(password: string): ScramCredentials {
  const salt = randomBytes(SALT_BYTES);
  const salted = pbkdf2Sync(saslprep(password), salt, ITERATIONS, KEY_BYTES, 'sha256');
  return {
    iterationCount: ITERATIONS,
    salt: salt.toString('base64'),
    storedKey: sha256(hmac(salted, 'Client Key')).toString('base64'),
    serverKey: hmac(salted, 'Server Key').toString('base64'),
  };
}

/** The first message of a client. */
export interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  /** As it goes into what is signed. */
  readonly bare: string;
}

/** Reads a client's first message, null where it is none or wants channel binding. */
export function readClientFirst(payload: string): ClientFirst | null {
  const parts = /^[ny],,(n=([^,]*),r=([^,]+)(?:,.*)?)$/.exec(payload);
  const [, bare, user, nonce] = parts ?? [];
  if (bare === undefined || user === undefined || nonce === undefined) return null;
  return { bare, nonce, user: user.replaceAll('=2C', ',').replaceAll('=3D', '=') };
}

/** The server's side of one conversation (RFC 5802 and 7677). */
export class ScramConversation {
  readonly #credentials: ScramCredentials;
  readonly #first: ClientFirst;
  readonly #nonce: string;
  /** The message that answers the client's first one. */
  readonly challenge: string;

  constructor(
    first: ClientFirst,
    credentials: ScramCredentials,
    serverNonce = randomBytes(NONCE_BYTES).toString('base64'),
  ) {
    this.#first = first;
    this.#credentials = credentials;
    this.#nonce = first.nonce + serverNonce;
    this.challenge = `r=${this.#nonce},s=${credentials.salt},i=${credentials.iterationCount}`;
  }

  /** Checks the client's proof. @returns the server's own proof, null where the client does not know the password */
  verify(payload: string): string | null {
    const [, binding, nonce, proof] = /^c=([^,]+),r=([^,]+)(?:,.*)?,p=([^,]+)$/.exec(payload) ?? [];
    if (binding !== Buffer.from(HEADER).toString('base64') || nonce !== this.#nonce || proof === undefined) return null;
    const signed = `${this.#first.bare},${this.challenge},c=${binding},r=${nonce}`;
    const storedKey = Buffer.from(this.#credentials.storedKey, 'base64');
    const signature = hmac(storedKey, signed);
    const given = Buffer.from(proof, 'base64');
    if (given.length !== signature.length) return null;
    const clientKey = Buffer.from(given.map((byte, at) => byte ^ (signature[at] ?? 0)));
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return null;
    return `v=${hmac(Buffer.from(this.#credentials.serverKey, 'base64'), signed).toString('base64')}`;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
