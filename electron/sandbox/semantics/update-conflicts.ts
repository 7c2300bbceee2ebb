import { keyOf, pathOf, placeOf } from './field-names.ts';
import { ServerError } from './server-error.ts';
import type { Positions } from './update-paths.ts';
import { isDoc } from './values.ts';

type Path = readonly string[];

/**
 * Refuses paths of which one leads to or through the other, and such as name elements of a list by what they are and others of it by their
 * places, whatever document they meet (MongoDB's `UpdateObjectNode::parseAndMerge`). Error: `ConflictingUpdateOperators`.
 */
export function refuseConflicts(paths: readonly Path[]): void {
  for (const [at, path] of paths.entries()) {
    for (const other of paths.slice(0, at)) {
      const depth = clashOf(path, other);
      if (depth === null) continue;
      throw new ServerError(
        'ConflictingUpdateOperators',
        `Updating the path '${pathOf(path)}' would create a conflict at '${pathOf(path.slice(0, depth))}'`,
      );
    }
  }
}

/** How many names two paths share that may not stand beside each other; null where they may. */
function clashOf(path: Path, other: Path): number | null {
  const depth = path.findIndex((name, at) => name !== other[at]);
  const [name, another] = [path[depth], other[depth]];
  if (name === undefined || another === undefined) return Math.min(path.length, other.length);
  return isFilter(name) === isFilter(another) ? null : depth;
}

function isFilter(name: string): boolean {
  return name.startsWith('$[');
}

/**
 * Refuses paths that meet at an element of a document because both choose it (MongoDB's `createUpdateNodeByMerging`).
 * @param document as it is before the update. Error: `ConflictingUpdateOperators`.
 */
export function refuseMeetings(document: unknown, paths: readonly Path[], positions: Positions): void {
  if (!paths.some(isChoosing)) return;
  for (const [at, path] of paths.entries()) {
    for (const other of paths.slice(0, at)) {
      if (path[0] !== other[0] || !(isChoosing(path) || isChoosing(other))) continue;
      const place = meeting(document, [path, other], [], positions);
      if (place !== null)
        throw new ServerError('ConflictingUpdateOperators', `Update created a conflict at '${pathOf(place)}'`);
    }
  }
}

function isChoosing(path: Path): boolean {
  return path.some((name) => name === '$' || isFilter(name));
}

/** Where two paths meet below a place that both lead to; null where they do not. @param value what stands there, if anything */
function meeting(value: unknown, paths: readonly [Path, Path], place: Path, positions: Positions): Path | null {
  const depth = place.length;
  const [one, two] = [paths[0][depth], paths[1][depth]];
  if (one === undefined || two === undefined || isFilter(one) !== isFilter(two)) return place;
  if (!isFilter(one)) {
    const [key, other] = [named(paths[0], two, place, positions), named(paths[1], one, place, positions)];
    return key === other ? meeting(childOf(value, key), paths, [...place, key], positions) : null;
  }
  const below = one === two ? meeting(undefined, paths, [...place, one], positions) : null;
  if (below !== null || !Array.isArray(value)) return below;
  for (const [index, element] of (value as unknown[]).entries()) {
    if (![one, two].every((filter) => isChosen(filter, element, positions))) continue;
    const met = meeting(element, paths, [...place, keyOf(String(index))], positions);
    if (met !== null) return met;
  }
  return null;
}

/** The name at a place of a path: the positional operator stands for a number where the other path has one. */
function named(path: Path, beside: string, place: Path, { matched }: Positions): string {
  const name = path[place.length] ?? '';
  return name === '$' && placeOf(beside) !== null ? keyOf(String(matched())) : name;
}

function childOf(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[placeOf(key) ?? -1] as unknown;
  return isDoc(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isChosen(filter: string, element: unknown, positions: Positions): boolean {
  return filter === '$[]' || positions.isChosen(filter.slice(2, -1), element);
}
