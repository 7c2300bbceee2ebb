import { keyOf, nameOf } from '../semantics/field-names.ts';
import { isSameBson } from '../semantics/same-bson.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/** The parts of a field's path: names, and numbers for places in lists. */
type Path = readonly (string | number)[];

/** The difference of two documents as a change event tells it; field paths are dotted. */
export function updateDescription(before: Doc, after: Doc): Doc {
  const updatedFields: Doc = {};
  const removedFields: string[] = [];
  const truncatedArrays: Doc[] = [];
  const disambiguatedPaths: Doc = {};
  const named = (parts: Path): string => {
    const path = parts.join('.');
    if (isAmbiguous(parts)) disambiguatedPaths[keyOf(path)] = parts;
    return path;
  };
  const compare = (old: Doc, now: Doc, prefix: Path): void => {
    for (const key of Object.keys(old))
      if (!Object.hasOwn(now, key)) removedFields.push(named([...prefix, nameOf(key)]));
    for (const [key, value] of Object.entries(now)) {
      const path = [...prefix, nameOf(key)];
      const previous = Object.hasOwn(old, key) ? old[key] : undefined;
      if (Object.hasOwn(old, key) && isSameBson(previous, value)) continue;
      if (isDoc(previous) && isDoc(value)) compare(previous, value, path);
      else if (Array.isArray(previous) && Array.isArray(value) && previous.length > 0) {
        compareLists(previous as unknown[], value as unknown[], path);
      } else updatedFields[keyOf(named(path))] = value;
    }
  };
  const compareLists = (old: readonly unknown[], now: readonly unknown[], path: Path): void => {
    const shared = Math.min(old.length, now.length);
    // Two documents in the same place are compared field by field; a list that differs mostly elsewhere is told as a whole.
    const isOther = (value: unknown, at: number): boolean =>
      !isSameBson(old[at], value) && !(isDoc(old[at]) && isDoc(value));
    const differing = now.slice(0, shared).filter(isOther).length;
    if (differing * 2 > shared || now.length === 0) {
      updatedFields[keyOf(named(path))] = now;
      return;
    }
    if (now.length < old.length) truncatedArrays.push({ field: named(path), newSize: now.length });
    for (const [at, value] of now.entries()) {
      const previous = old[at];
      if (at < shared && isSameBson(previous, value)) continue;
      if (at < shared && isDoc(previous) && isDoc(value)) compare(previous, value, [...path, at]);
      else updatedFields[keyOf(named([...path, at]))] = value;
    }
  };
  compare(before, after, []);
  const isAnyAmbiguous = Object.keys(disambiguatedPaths).length > 0;
  return { updatedFields, removedFields, truncatedArrays, ...(isAnyAmbiguous ? { disambiguatedPaths } : {}) };
}

/** True where the dotted path could be read otherwise: a name with a dot in it, or a name that looks like a place in a list. */
function isAmbiguous(parts: Path): boolean {
  return parts.some((part, at) => typeof part === 'string' && (part.includes('.') || (at > 0 && /^\d+$/.test(part))));
}
