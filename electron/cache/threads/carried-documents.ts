import { decodeDocument, encodeDocument } from '../document-encoding.ts';
import type { CachedDocument } from '../changes.ts';
import type { MalformedPage } from '../reader.ts';
import { toCachedDocument } from '../parsed-documents.ts';

/**
 * Documents keep their types only as BSON: a copy made for another thread would turn ids and 64-bit numbers into plain objects.
 * So those answers that hold documents cross as bytes.
 */

/** A cached document as it crosses to another thread. */
export function packDocument(found: CachedDocument | null): Uint8Array | null {
  return found === null ? null : encodeDocument(found.document);
}

/** The inverse of {@link packDocument}. */
export function unpackDocument(bytes: Uint8Array | null): CachedDocument | null {
  return bytes === null ? null : toCachedDocument(bytes);
}

/** A page of malformed documents as it crosses to another thread. */
export function packMalformed(page: MalformedPage): PackedMalformedPage {
  return {
    nextCursor: page.nextCursor,
    rows: page.rows.map(({ document, ...row }) => ({
      ...row,
      bytes: document === null ? null : encodeDocument(document),
    })),
  };
}

/** The inverse of {@link packMalformed}. */
export function unpackMalformed(page: PackedMalformedPage): MalformedPage {
  return {
    nextCursor: page.nextCursor,
    rows: page.rows.map(({ bytes, ...row }) => ({ ...row, document: bytes === null ? null : decodeDocument(bytes) })),
  };
}

/** See {@link packMalformed}. */
export interface PackedMalformedPage {
  readonly nextCursor: string | null;
  readonly rows: readonly (Omit<MalformedPage['rows'][number], 'document'> & { readonly bytes: Uint8Array | null })[];
}
