import { ARRAY, DOCUMENT } from '#domain/bson-elements.ts';
import { encode, isDoc, sourceOf, type Doc } from '../semantics/values.ts';

const LENGTH_BYTES = 4;

/**
 * A reply as BSON. A page of documents that are as they were read goes out in the bytes in which they are stored: writing them anew
 * would cost more than everything else about a read.
 */
export function replyBytes(reply: Doc): Uint8Array {
  const { cursor, ...others } = reply;
  const [name = ''] = isDoc(cursor) ? Object.keys(cursor) : [];
  const page = isDoc(cursor) && (name === 'firstBatch' || name === 'nextBatch') ? cursor[name] : null;
  const isFirst = Object.keys(reply)[0] === 'cursor';
  const documents = isFirst && Array.isArray(page) && page.length > 0 ? sourcesOf(page as unknown[]) : null;
  if (documents === null || !isDoc(cursor)) return encode(reply);
  const { [name]: _page, ...rest } = cursor;
  const elements = documents.flatMap((bytes, at) => [elementHead(DOCUMENT, String(at)), bytes]);
  const list = [elementHead(ARRAY, name), ...documentOf(elements)];
  const inner = documentOf([...list, fieldsIn(encode(rest))]);
  return Buffer.concat(documentOf([elementHead(DOCUMENT, 'cursor'), ...inner, fieldsIn(encode(others))]));
}

/** The bytes of every document; null where those of one are not known. */
function sourcesOf(page: readonly unknown[]): readonly Uint8Array[] | null {
  const sources: Uint8Array[] = [];
  for (const document of page) {
    const source = isDoc(document) ? sourceOf(document) : null;
    if (source === null) return null;
    sources.push(source);
  }
  return sources;
}

/** Elements with what a document, or a list, has around them. */
function documentOf(elements: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = elements.reduce((sum, part) => sum + part.length, 0);
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeInt32LE(LENGTH_BYTES + bytes + 1);
  return [length, ...elements, END];
}

const END = Buffer.of(0);

function elementHead(type: number, name: string): Buffer {
  const head = Buffer.allocUnsafe(name.length + 2);
  head[0] = type;
  head.write(name, 1, 'latin1');
  head[head.length - 1] = 0;
  return head;
}

function fieldsIn(document: Uint8Array): Uint8Array {
  return document.subarray(LENGTH_BYTES, document.length - 1);
}
