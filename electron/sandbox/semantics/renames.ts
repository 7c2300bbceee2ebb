import { keysOf, nameOf, pathOf } from './field-names.ts';
import { ServerError } from './server-error.ts';
import { shownValue } from './shown-value.ts';
import { changeAt, type Change, type Positions, type Write } from './update-paths.ts';
import { isDoc, type Doc } from './values.ts';

/**
 * Does what `$rename` says of one field, in place. One that is not there changes nothing, whatever its new name.
 * Errors: `BadValue` for paths by operators and through lists, `PathNotViable`.
 */
export function rename(document: Doc, from: readonly string[], target: string, positions: Positions): readonly Write[] {
  const to = keysOf(target);
  refuseDynamic(from, to);
  if (!isThere(document, from)) return [];
  for (const [path, side] of sidesOf(from, to)) {
    if (isThroughList(document, path))
      throw new ServerError(
        'BadValue',
        `The ${side} field cannot be an array element, '${path.join('.')}' in doc with _id: ${shownValue(document['_id'])} has an array field called '${path[0] ?? ''}'`,
      );
  }
  let taken: unknown;
  const take: Change = (current) => {
    taken = current;
    return undefined;
  };
  const removal = changeAt(document, from, take, { way: 'leave', positions });
  return [...removal, ...changeAt(document, to, () => taken, { way: 'create', positions })];
}

/** Refuses paths that name elements by operators. Error: `BadValue`. */
export function refuseDynamic(from: readonly string[], to: readonly string[]): void {
  for (const [path, side] of sidesOf(from, to))
    if (path.some((name) => name === '$' || name.startsWith('$[')))
      throw new ServerError('BadValue', `The ${side} field for $rename may not be dynamic: ${path.join('.')}`);
}

function sidesOf(
  from: readonly string[],
  to: readonly string[],
): readonly (readonly [readonly string[], 'source' | 'destination'])[] {
  return [
    [from, 'source'],
    [to, 'destination'],
  ];
}

/** True where something is at a path. Error: `PathNotViable` where nothing could be, as MongoDB says of the field that is renamed. */
function isThere(document: Doc, path: readonly string[]): boolean {
  let value: unknown = document;
  for (const key of path) {
    const name = nameOf(key);
    if (Array.isArray(value) && /^\d+$/.test(name)) value = (value as readonly unknown[])[Number(name)];
    else if (isDoc(value)) value = Object.hasOwn(value, key) ? value[key] : undefined;
    else
      throw new ServerError(
        'PathNotViable',
        `cannot use the part (${name} of ${pathOf(path)}) to traverse the element (${shownValue(value)})`,
      );
    if (value === undefined) return false;
  }
  return true;
}

function isThroughList(document: Doc, path: readonly string[]): boolean {
  let value: unknown = document;
  for (const name of path) {
    if (Array.isArray(value)) return true;
    value = isDoc(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return false;
}
