import type { Document } from 'mongodb';
import type { MappedCollection, MappedField } from '#domain/mapping/mapped-shape.ts';
import { isThere, oursExpression } from './mapped-expressions.ts';
import { checkPaths } from './pipeline-paths.ts';
import { writtenValue } from './written-values.ts';

/** Their document and ours, beside one another while an update is worked out; no path of theirs may begin so. */
const THEIRS = '__rl_t';
const OURS = '__rl_o';

/**
 * A pipeline of ours, untouched, between two translations that the server itself does in the same atomic update: their document
 * becomes ours, the pipeline works on that, and what it changed goes back to where it stands there. A value that it did not change
 * is written as it was. One that is not written as the mapping says makes the server refuse the update. Elements of lists carry theirs
 * along, so that they are known again wherever the pipeline puts them. Throws {@link NotMappableError} for one that speaks of other fields.
 */
export function pipelineToTheirs(whole: MappedCollection, pipeline: readonly Document[]): Document[] {
  checkPaths(whole, pipeline);
  const collection = { ...whole, fields: whole.fields.filter((field) => isConcerned(field, pipeline)) };
  const written = collection.fields.map((field): readonly [string, unknown] => [
    field.theirs,
    writtenValue(collection, field, { before: `$${THEIRS}`, after: `$${OURS}`, depth: 0 }),
  ]);
  return [
    { $replaceWith: { _id: '$_id', [THEIRS]: '$$ROOT' } },
    { $set: oursFromTheirs(collection) },
    ...pipeline,
    { $replaceWith: { $mergeObjects: [`$${THEIRS}`, { [THEIRS]: `$${THEIRS}`, [OURS]: '$$ROOT' }] } },
    { $set: Object.fromEntries(written) },
    ...objectsAbove(collection).map(mendedObject),
    { $unset: [THEIRS, OURS] },
  ];
}

/**
 * Whether a pipeline may read or write a field. Lists of elements make up most of a translation: one that the pipeline does not name
 * stands as it stands.
 */
function isConcerned({ ours, within, elements }: MappedField, pipeline: readonly Document[]): boolean {
  // Without a part of it, an object that may be null would seem so to a pipeline that asks for the others.
  if (elements === null || within !== null) return true;
  if (!pipeline.every((stage) => Object.keys(stage).join() === '$set')) return true;
  const text = JSON.stringify(pipeline);
  // Quoted or behind a dollar sign: the field, what is inside of it, and the object that it lies in.
  const [root = ''] = ours.split('.');
  const names = [`"${root}"`, `$${root}"`, `"${ours}`, `$${ours}`, '$$ROOT', '$$CURRENT'];
  return names.some((name) => text.includes(name));
}

function oursFromTheirs(collection: MappedCollection): Document {
  const set: Document = {};
  const objects = new Map<string, MappedField[]>();
  const value = (field: MappedField): unknown => oursExpression(collection, field, `$${THEIRS}.${field.theirs}`, 0);
  for (const field of collection.fields) {
    if (field.within === null) set[field.ours] = value(field);
    else objects.set(field.within, [...(objects.get(field.within) ?? []), field]);
  }
  for (const [name, fields] of objects) {
    const inside = fields.map((field) => [field.ours.slice(name.length + 1), value(field)] as const);
    const isSaid = { $or: fields.map(({ theirs }) => isThere(`$${THEIRS}.${theirs}`)) };
    set[name] = { $cond: [isSaid, Object.fromEntries(inside), null] };
  }
  return set;
}

/** The objects of theirs that fields lie in, the deepest first. */
function objectsAbove({ fields }: MappedCollection): readonly string[] {
  const paths = fields.flatMap(({ theirs }) => {
    const names = theirs.split('.');
    return names.slice(1).map((_, at) => names.slice(0, at + 1).join('.'));
  });
  return [...new Set(paths)].sort((one, other) => other.split('.').length - one.split('.').length);
}

/**
 * Writing nothing into what is no object leaves an empty one in its place: it stays what it was. Writing a value there would lose
 * what it is, and into a list would go into each element: the server refuses that.
 */
function mendedObject(path: string): Document {
  const before = `$${THEIRS}.${path}`;
  const isUntouched = {
    $and: [{ $eq: [`$${path}`, { $literal: {} }] }, { $ne: [{ $type: before }, 'object'] }],
  };
  const isObject = { $in: [{ $type: before }, ['object', 'null', 'missing']] };
  const refusal = { $toDouble: { $concat: ['no object: ', { $type: before }] } };
  const written = { $cond: [isObject, `$${path}`, refusal] };
  return { $set: { [path]: { $cond: [isUntouched, before, written] } } };
}
