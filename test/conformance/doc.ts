import { z } from 'zod';

/** A document of a test file or of the driver. */
export type Doc = Record<string, unknown>;

/** True for a document in the plain sense: neither a list nor a BSON class nor a class of the driver. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Any document. */
export const doc = z.custom<Doc>(isDoc, 'expected a document');
