import type { FindCursor } from 'mongodb';
import type { RawDocument } from './collections.ts';
import { documentBytesOf } from './full-documents.ts';

/** How many bytes of documents are read at once, but for the last of them: a document may have 16 MiB. */
const READ_BYTES_MAX = 32 * 1024 * 1024;

/** Documents, and whether there may be more than were read. */
export interface Some<Document> {
  readonly documents: readonly Document[];
  readonly isFull: boolean;
}
export type SomeDocuments = Some<RawDocument>;

/**
 * Documents of a cursor, at most so many, and fewer where they are large: what more there are is for the next question. Rejects as the
 * driver does.
 */
export function readSome(cursor: FindCursor<RawDocument>, limit: number): Promise<SomeDocuments> {
  return readSomeOf(cursor, limit, documentBytesOf);
}

/** The same of documents whose size in bytes is told in another way. */
export async function readSomeOf<Document>(
  cursor: AsyncIterable<Document>,
  limit: number,
  bytesOf: (document: Document) => number,
): Promise<Some<Document>> {
  const documents: Document[] = [];
  let bytes = 0;
  for await (const document of cursor) {
    documents.push(document);
    bytes += bytesOf(document);
    if (documents.length >= limit || bytes >= READ_BYTES_MAX) return { documents, isFull: true };
  }
  return { documents, isFull: false };
}
