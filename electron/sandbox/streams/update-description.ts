import { keyOf } from '../semantics/field-names.ts';
import type { ExactPath } from '../semantics/update-paths.ts';
import type { Doc } from '../semantics/values.ts';
import type { Difference } from './document-difference.ts';

/** A difference as a change event tells it; field paths are dotted. What was written over stands before what was made, and both before what lies deeper. */
export function updateDescription(difference: Difference): Doc {
  const updatedFields: Doc = {};
  const removedFields: string[] = [];
  const truncatedArrays: Doc[] = [];
  const disambiguatedPaths: Doc = {};
  const named = (parts: ExactPath): string => {
    const path = parts.join('.');
    if (isAmbiguous(parts)) disambiguatedPaths[keyOf(path)] = parts;
    return path;
  };
  const tell = ({ isList, entries, newLength }: Difference, prefix: ExactPath): void => {
    if (newLength !== null) truncatedArrays.push({ field: named(prefix), newSize: newLength });
    const order = isList ? [LIST_ORDER] : DOCUMENT_ORDER;
    const inOrder = isList ? [...entries].sort(([left], [right]) => Number(left) - Number(right)) : [...entries];
    for (const kinds of order) {
      for (const [part, entry] of inOrder) {
        if (!kinds.has(entry.kind)) continue;
        const path = [...prefix, part];
        if (entry.kind === 'inside') tell(entry.difference, path);
        else if (entry.kind === 'removed') removedFields.push(named(path));
        else updatedFields[keyOf(named(path))] = entry.value;
      }
    }
  };
  tell(difference, []);
  const isAnyAmbiguous = Object.keys(disambiguatedPaths).length > 0;
  return { updatedFields, removedFields, truncatedArrays, ...(isAnyAmbiguous ? { disambiguatedPaths } : {}) };
}

const DOCUMENT_ORDER: readonly ReadonlySet<string>[] = [
  new Set(['updated']),
  new Set(['created']),
  new Set(['removed']),
  new Set(['inside']),
];
const LIST_ORDER: ReadonlySet<string> = new Set(['updated', 'created', 'inside']);

/** True where the dotted path could be read otherwise: a name with a dot in it, or a name that looks like a place in a list. */
function isAmbiguous(parts: ExactPath): boolean {
  return parts.some((part, at) => typeof part === 'string' && (part.includes('.') || (at > 0 && PLACE.test(part))));
}

/** MongoDB's `isNumericPathComponentStrict`. */
const PLACE = /^(0|[1-9]\d*)$/;
