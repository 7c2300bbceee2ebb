import { ARRAY, behind, CODE_WITH_SCOPE, DOCUMENT, lengthAt } from '#domain/bson-elements.ts';

/** Why bytes are refused before anybody builds values out of them. */
export type BsonDefect = 'bounds' | 'type' | 'depth';

/**
 * Walks over a document without building it, and without recursion: a message that is nested a million times would otherwise
 * cost seconds, or the stack, before it is refused.
 * @param bytes one whole document by its own length
 * @returns null where every element lies within its document and none is nested deeper than `depthMax`
 */
export function bsonDefect(bytes: Buffer, depthMax: number): BsonDefect | null {
  const ends: number[] = [bytes.length - 1];
  let at = 4;
  for (let end = ends.at(-1); end !== undefined; end = ends.at(-1)) {
    if (at >= end) {
      if (at !== end || bytes[at] !== 0) return 'bounds';
      ends.pop();
      at += 1;
      continue;
    }
    const type = bytes[at] ?? 0;
    const nameEnd = bytes.indexOf(0, at + 1);
    if (nameEnd < 0 || nameEnd >= end) return 'bounds';
    at = nameEnd + 1;
    const next = behind(bytes, type, at, end);
    if (next === null) return 'type';
    if (next > end) return 'bounds';
    if (type !== DOCUMENT && type !== ARRAY && type !== CODE_WITH_SCOPE) {
      at = next;
      continue;
    }
    const inner = type === CODE_WITH_SCOPE ? at + 8 + lengthAt(bytes, at + 4, end) : at;
    if (inner + lengthAt(bytes, inner, end) !== next || next - inner < 5) return 'bounds';
    ends.push(next - 1);
    if (ends.length > depthMax) return 'depth';
    at = inner + 4;
  }
  return null;
}
