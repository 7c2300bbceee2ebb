import { deserialize } from 'bson';
import { idKeyOf, parseJob } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import type { FollowedPart, StoreChange } from './change-source.ts';
import type { RawDocument } from './collections.ts';
import type { JobDocument } from './ports.ts';

/** A document of the job collection, parsed, beside what it was parsed from. */
export function toJobDocument(document: RawDocument): JobDocument {
  const result = parseJob(document);
  return result.ok
    ? { type: 'job', job: result.value, document }
    : { type: 'malformed', malformed: result.error, document };
}

/** What a document of a collection says of itself. */
export function toChange(part: FollowedPart, document: RawDocument): StoreChange {
  if (part === 'jobs') return { type: 'job', job: toJobDocument(document) };
  const parsed =
    part === 'accounts' ? safeParse(creditAccountSchema, document) : safeParse(ledgerEntrySchema, document);
  if (!parsed.success) {
    // Which of both it is only the document itself tells.
    const id: unknown = document._id;
    return {
      type: 'unreadable',
      part,
      id: idKeyOf(id),
      hasTextId: typeof id === 'string',
      reason: firstIssueOf(parsed.error),
    };
  }
  return 'holds' in parsed.data ? { type: 'account', account: parsed.data } : { type: 'entry', entry: parsed.data };
}

/** How every connection decodes; see `connectionOf` in connection.ts for why. */
const DECODING = { bsonRegExp: true, validation: { utf8: false } } as const;

/** A document from the bytes that the server sent, as the driver gives it over any connection of ours. */
export function toRawDocument(bytes: Uint8Array): RawDocument {
  return deserialize(bytes, DECODING) as RawDocument;
}

/** Documents that stand one behind the other, as a page of bytes carries them, each as what it says of itself, decoded when it is asked for. */
export function* changesIn(part: FollowedPart, documents: Uint8Array): Generator<StoreChange> {
  const sizes = new DataView(documents.buffer, documents.byteOffset, documents.byteLength);
  for (let at = 0; at < documents.length;) {
    const end = at + sizes.getInt32(at, true);
    yield toChange(part, toRawDocument(documents.subarray(at, end)));
    at = end;
  }
}
