import { ARRAY, behind, CODE_WITH_SCOPE, DOCUMENT, lengthAt } from '#domain/bson-elements.ts';
import { DATE_MS_MAX } from '../semantics/date-range.ts';

/** Why bytes are refused before anybody builds values out of them; the last two are BSON, but the platform would read other values. */
export type BsonDefect = 'bounds' | 'type' | 'depth' | 'far date' | 'deprecated type';

const UNDEFINED = 0x06;
const DATE = 0x09;
const DB_POINTER = 0x0c;

/**
 * Walks over a document without building it, and without recursion: a message that is nested a million times would otherwise
 * cost seconds, or the stack, before it is refused.
 * @param bytes one whole document by its own length
 * @returns null where every element lies within its document, none is nested deeper than `depthMax`, and each can be read as what it is
 */
export function bsonDefect(bytes: Buffer, depthMax: number): BsonDefect | null {
  const ends: number[] = [bytes.length - 1];
  let at = 4;
  // Told only of what is BSON to its end.
  let lost: BsonDefect | null = null;
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
    if (type === DATE && Math.abs(bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at)) > DATE_MS_MAX)
      lost ??= 'far date';
    if (type === UNDEFINED || type === DB_POINTER) lost ??= 'deprecated type';
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
  return lost;
}
