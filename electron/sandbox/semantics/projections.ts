import { runPipeline } from './pipelines.ts';
import { numberOf, type Doc } from './values.ts';

/** Documents in the form that a find's projection asks for; untouched, in exact form, where there is none. */
export function project(documents: readonly Doc[], projection: Doc | undefined): readonly Doc[] {
  if (projection === undefined || Object.keys(projection).length === 0 || documents.length === 0) return documents;
  const plain = plainInclusion(projection);
  if (plain !== null) return documents.map((document) => pick(document, plain));
  return runPipeline([{ $project: projection }], documents, { variables: {}, collection: () => [] });
}

/** The top-level fields of a projection that only includes such: the usual case, which keeps every type as it is. */
export function plainInclusion(projection: Doc): ReadonlySet<string> | null {
  const fields = new Set<string>(['_id']);
  for (const [path, value] of Object.entries(projection)) {
    const isOn = value === true || (numberOf(value) ?? 0) !== 0;
    if (path.includes('.') || path.includes('$') || (typeof value !== 'boolean' && numberOf(value) === null))
      return null;
    if (path === '_id' && !isOn) fields.delete('_id');
    else if (!isOn) return null;
    else fields.add(path);
  }
  return Object.keys(projection).some((path) => path !== '_id') ||
    (projection['_id'] !== undefined && fields.has('_id'))
    ? fields
    : null;
}

function pick(document: Doc, fields: ReadonlySet<string>): Doc {
  return Object.fromEntries(Object.entries(document).filter(([key]) => fields.has(key)));
}
