import type { MappedElements, MappedField, MappedShape } from '#domain/mapping/mapped-shape.ts';
import { NotMappableError } from './mapping-error.ts';

/** What a path of ours stands for. */
export type FoundPath =
  /** The id, which is the same on both sides. */
  | { readonly type: 'id'; readonly path: string }
  /** A field, or what lies deeper within one; only a field itself has a form. */
  | { readonly type: 'field'; readonly path: string; readonly field: MappedField; readonly isWhole: boolean }
  /** One place of a list. */
  | { readonly type: 'element'; readonly path: string; readonly elements: MappedElements }
  /** An object that is taken apart. `isSpread` where it means an object in each element of a list. */
  | {
      readonly type: 'object';
      readonly fields: readonly MappedField[];
      readonly paths: readonly string[];
      readonly isSpread: boolean;
    };

/** A step of a path that means places of a list: by number, the one that a filter met, all of them, or those that a name stands for. */
const PLACE = /^(?:\d+|\$|\$\[\w*\])$/;
const NAMED_PLACE = /^\$\[(\w+)\]$/;

/**
 * Where a path of ours stands with them. Throws {@link NotMappableError} for one that the mapping knows nothing of.
 * @param named takes down which elements a named place of the path is about
 */
export function findPath(shape: MappedShape, path: string, named?: Map<string, MappedElements>): FoundPath {
  if (path === '_id' || path.startsWith('_id.')) return { type: 'id', path };
  for (const field of shape.fields) {
    if (path === field.ours) return { type: 'field', path: field.theirs, field, isWhole: true };
    if (!path.startsWith(`${field.ours}.`)) continue;
    const rest = path.slice(field.ours.length + 1);
    if (field.elements !== null) return findInList(field.theirs, field.elements, rest, named);
    return { type: 'field', path: `${field.theirs}.${rest}`, field, isWhole: false };
  }
  const fields = shape.fields.filter(({ ours }) => ours.startsWith(`${path}.`));
  if (fields.length > 0) return { type: 'object', fields, paths: fields.map(({ theirs }) => theirs), isSpread: false };
  throw new NotMappableError(`${shape.name} has no field ${path}`);
}

function findInList(
  list: string,
  elements: MappedElements,
  rest: string,
  named: Map<string, MappedElements> | undefined,
): FoundPath {
  const [step = '', ...more] = rest.split('.');
  const isPlace = PLACE.test(step);
  const name = NAMED_PLACE.exec(step)?.[1];
  if (name !== undefined) named?.set(name, elements);
  const place = isPlace ? `${list}.${step}` : list;
  if (isPlace && more.length === 0) return { type: 'element', path: place, elements };
  const found = findPath(elements, isPlace ? more.join('.') : rest, named);
  if (found.type !== 'object') return { ...found, path: `${place}.${found.path}` };
  return {
    ...found,
    paths: found.paths.map((path) => `${place}.${path}`),
    isSpread: found.isSpread || !/^\d+$/.test(step),
  };
}

/** A path of ours as theirs; throws {@link NotMappableError} for an object that has no one path there. */
export function onePath(shape: MappedShape, path: string): string {
  const found = findPath(shape, path);
  if (found.type === 'object') throw new NotMappableError(`${path} is not one field in ${shape.name}`);
  return found.path;
}

/** A path of theirs as ours: none for a field that the console does not know, several for an object that fields of ours lie in. */
export function ourPaths({ fields }: MappedShape, path: string): readonly string[] {
  if (path === '_id') return [path];
  return fields.flatMap(({ ours, theirs, elements }): readonly string[] => {
    if (path === theirs || theirs.startsWith(`${path}.`)) return [ours];
    if (!path.startsWith(`${theirs}.`)) return [];
    const [step = '', ...more] = path.slice(theirs.length + 1).split('.');
    if (elements === null || more.length === 0 || !/^\d+$/.test(step)) return [`${ours}${path.slice(theirs.length)}`];
    return ourPaths(elements, more.join('.')).map((inside) => `${ours}.${step}.${inside}`);
  });
}
