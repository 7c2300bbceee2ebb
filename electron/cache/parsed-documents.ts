import { parseJob } from '#domain/job.ts';
import { creditAccountSchema, type CreditAccount } from '#domain/ledger.ts';
import type { CachedDocument } from './changes.ts';
import { decode, decodeDocument } from './document-encoding.ts';

/** How many bytes of documents are read at once, but for the last of them: each may be of 16 MiB. */
export const DOCUMENTS_BYTES = 32 * 1024 * 1024;

/** A stored document of the job collection: what it parses to, and as it came. Throws for bytes that are no document. */
export function toCachedDocument(bytes: Uint8Array): CachedDocument {
  const document = decodeDocument(bytes);
  const parsed = parseJob(document);
  return parsed.ok
    ? { type: 'job', job: parsed.value, document }
    : { type: 'malformed', malformed: parsed.error, document };
}

/** A stored account. Only what parsed was stored as one: anything else is damage, and throws. */
export function toCachedAccount(bytes: Uint8Array): CreditAccount {
  return decode(() => creditAccountSchema.parse(decodeDocument(bytes)));
}
