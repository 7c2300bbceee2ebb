import { ServerError } from '../semantics/server-error.ts';
import { numberOf, type Doc } from '../semantics/values.ts';

/** What a capped collection may hold; the oldest documents go beyond it. */
export interface Cap {
  readonly bytesMax: number;
  /** Null where only the bytes count. */
  readonly documentsMax: number | null;
}

/** MongoDB's unit of the size of a capped collection, in bytes. */
const SIZE_UNIT = 256;
/** One petabyte. */
const SIZE_MAX = 2 ** 50;
const DOCUMENTS_MAX = 2 ** 31 - 1;

/** The size that a capped collection gets for one that was asked for. Error: `BadValue`. */
export function cappedSizeOf(bytes: number): number {
  if (bytes < 0) throw new ServerError('BadValue', 'size has to be >= 0');
  if (bytes > SIZE_MAX) throw new ServerError('BadValue', 'size cannot exceed 1 PB');
  return Math.ceil(bytes / SIZE_UNIT) * SIZE_UNIT;
}

/** How many documents a capped collection gets as its limit; 0 is as good as none. Error: `BadValue`. */
export function cappedMaxOf(documents: number): number {
  if (documents > DOCUMENTS_MAX)
    throw new ServerError('BadValue', 'max in a capped collection has to be < 2^31 or not set');
  return documents <= 0 ? DOCUMENTS_MAX : documents;
}

/** What the options of a collection cap it to; null for one that is not capped. */
export function capOf({ capped, size, max }: Doc): Cap | null {
  if (capped !== true) return null;
  return { bytesMax: numberOf(size) ?? 0, documentsMax: numberOf(max) };
}
