import { nameOf } from '../semantics/field-names.ts';
import { plainInclusion } from '../semantics/projections.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { ReadRequest } from '../storage/query.ts';

/** The names of the fields that a find looks at; null where its projection or filter may look at any. */
export function readFields(
  { filter, sort, allowDiskUse }: ReadRequest,
  projection: Doc | undefined,
): ReadonlySet<string> | null {
  const shown = projection === undefined ? null : plainInclusion(projection);
  const paths = allowDiskUse === false ? null : pathsOf(filter);
  if (shown === null || paths === null) return null;
  const firsts = [...paths, ...Object.keys(sort ?? {})].map((path) => path.split('.')[0] ?? '');
  return new Set([...shown, ...firsts].map(nameOf));
}

/** The paths that a filter looks at; null where it has a condition that may look at others. */
function pathsOf(filter: Doc): readonly string[] | null {
  const paths: string[] = [];
  for (const [key, condition] of Object.entries(filter)) {
    if (!key.startsWith('$')) {
      paths.push(key);
      continue;
    }
    if (!['$and', '$or', '$nor'].includes(key) || !Array.isArray(condition)) return null;
    for (const branch of condition as unknown[]) {
      const inner = isDoc(branch) ? pathsOf(branch) : null;
      if (inner === null) return null;
      paths.push(...inner);
    }
  }
  return paths;
}
