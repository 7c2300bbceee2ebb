import type { MappedCollection, MappedField } from '#domain/mapping/mapped-shape.ts';
import { NotMappableError } from './mapping-error.ts';

/** What a path of ours stands for. */
export type FoundPath =
  /** The id, which is the same on both sides. */
  | { readonly type: 'id'; readonly path: string }
  /** A field, or what lies deeper within one; only a field itself has a form. */
  | { readonly type: 'field'; readonly path: string; readonly field: MappedField; readonly isWhole: boolean }
  /** An object that is taken apart into these fields. */
  | { readonly type: 'object'; readonly fields: readonly MappedField[] };

/** Where a path of ours stands with them. Throws {@link NotMappableError} for one that the mapping knows nothing of. */
export function findPath(collection: MappedCollection, path: string): FoundPath {
  if (path === '_id' || path.startsWith('_id.')) return { type: 'id', path };
  for (const field of collection.fields) {
    if (path === field.ours) return { type: 'field', path: field.theirs, field, isWhole: true };
    if (path.startsWith(`${field.ours}.`)) {
      return { type: 'field', path: `${field.theirs}${path.slice(field.ours.length)}`, field, isWhole: false };
    }
  }
  const fields = collection.fields.filter(({ ours }) => ours.startsWith(`${path}.`));
  if (fields.length > 0) return { type: 'object', fields };
  throw new NotMappableError(`${collection.name} has no field ${path}`);
}

/** A path of ours as theirs; throws {@link NotMappableError} for an object that has no one path there. */
export function onePath(collection: MappedCollection, path: string): string {
  const found = findPath(collection, path);
  if (found.type === 'object') throw new NotMappableError(`${path} is not one field in ${collection.name}`);
  return found.path;
}

/** A path of theirs as ours; null for a field that the console does not know. */
export function ourPath({ fields }: MappedCollection, path: string): string | null {
  if (path === '_id') return path;
  const field = fields.find(({ theirs }) => path === theirs || path.startsWith(`${theirs}.`));
  return field === undefined ? null : `${field.ours}${path.slice(field.theirs.length)}`;
}
