import { hash } from 'node:crypto';
import { deserialize, serialize } from 'bson';

/**
 * A document as bytes. BSON and not JSON: it keeps ids, 64-bit and decimal numbers and dates as they are, and encodes and
 * decodes several times faster than extended JSON.
 */
export function encodeDocument(document: object): Buffer {
  return Buffer.from(serialize(document, { checkKeys: false, ignoreUndefined: true }));
}

/** The document that {@link encodeDocument} took. */
export function decodeDocument(bytes: Uint8Array): Record<string, unknown> {
  return deserialize(bytes);
}

/** A short fingerprint of a text, to see whether it changed. */
export function textHash(text: string): string {
  return hash('sha256', text, 'base64').slice(0, 22);
}
