import type { Document } from 'mongodb';
import { isFields } from '#domain/fields.ts';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { fieldToOurs, readPath, toOurs, type Found } from '#domain/mapping/mapped-documents.ts';
import type { MappedCollection, MappedShape } from '#domain/mapping/mapped-shape.ts';
import { ourPaths } from './mapped-paths.ts';

/** An event about one of their collections as one about ours; what became of fields that the console does not know is left out. */
export function eventToOurs(event: Document, byTheirs: ReadonlyMap<string, MappedCollection>): Document {
  const space: unknown = event['ns'];
  const part = isFields(space) && typeof space['coll'] === 'string' ? byTheirs.get(space['coll']) : undefined;
  if (part === undefined || !isFields(space)) return event;
  const { fullDocument, updateDescription, ...rest } = event;
  return {
    ...rest,
    ns: { ...space, coll: NO_MAPPING.collections[part.part] },
    // Null where the document was gone when it was looked up.
    ...('fullDocument' in event ? { fullDocument: isFields(fullDocument) ? toOurs(part, fullDocument) : null } : {}),
    ...(isFields(updateDescription) ? { updateDescription: changedFields(updateDescription, part) } : {}),
  };
}

function changedFields({ updatedFields, removedFields, truncatedArrays }: Document, part: MappedCollection): Document {
  const written = (isFields(updatedFields) ? Object.entries(updatedFields) : []).flatMap(([path, value]) =>
    ourValues(part, path, value),
  );
  const removed: readonly unknown[] = Array.isArray(removedFields) ? removedFields : [];
  const truncated: readonly unknown[] = Array.isArray(truncatedArrays) ? truncatedArrays : [];
  return {
    updatedFields: Object.fromEntries(
      written.flatMap(({ path, found }) => (found.isThere ? [[path, found.value] as const] : [])),
    ),
    removedFields: [
      ...removed.flatMap((path) => (typeof path === 'string' ? ourPaths(part, path) : [])),
      ...written.flatMap(({ path, found }) => (found.isThere ? [] : [path])),
    ],
    truncatedArrays: truncated.flatMap((list) => {
      if (!isFields(list) || typeof list['field'] !== 'string') return [];
      return ourPaths(part, list['field']).map((field) => ({ ...list, field }));
    }),
  };
}

/** A path of ours, and what stands there now, in our form. */
interface OurValue {
  readonly path: string;
  readonly found: Found;
}

/** What was written at a path of theirs. An object was written as a whole: of our fields that lie in it, those it does not hold are gone. */
function ourValues(shape: MappedShape, path: string, value: unknown): readonly OurValue[] {
  const at = (ours: string, written: unknown): OurValue => ({ path: ours, found: { isThere: true, value: written } });
  if (path === '_id') return [at(path, value)];
  return shape.fields.flatMap((field): readonly OurValue[] => {
    const { ours, theirs, elements } = field;
    if (path === theirs) return [at(ours, fieldToOurs(shape, field, value))];
    if (theirs.startsWith(`${path}.`)) {
      const found = readPath(isFields(value) ? value : {}, theirs.slice(path.length + 1));
      return [found.isThere ? at(ours, fieldToOurs(shape, field, found.value)) : { path: ours, found }];
    }
    if (!path.startsWith(`${theirs}.`)) return [];
    const [step = '', ...more] = path.slice(theirs.length + 1).split('.');
    if (elements === null || !/^\d+$/.test(step)) return [at(`${ours}${path.slice(theirs.length)}`, value)];
    const place = `${ours}.${step}`;
    if (more.length === 0) return [at(place, isFields(value) ? toOurs(elements, value) : value)];
    return ourValues(elements, more.join('.'), value).map((one) => ({ ...one, path: `${place}.${one.path}` }));
  });
}
