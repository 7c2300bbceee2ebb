import type { Document } from 'mongodb';
import type { MappedCollection, MappedField } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { UNKNOWN_STATE, valueToTheirs } from '#domain/mapping/mapped-values.ts';
import { NotMappableError } from './mapping-error.ts';
import { findPath } from './mapped-paths.ts';

/** Their document and ours, beside one another while an update is worked out; no path of theirs may begin so. */
const THEIRS = '__rl_t';
const OURS = '__rl_o';
const ISO_FORMAT = '%Y-%m-%dT%H:%M:%S.%LZ';

/** An update of ours as theirs. Throws {@link NotMappableError} where there is none. */
export function updateToTheirs(collection: MappedCollection, update: unknown): Document | Document[] {
  if (Array.isArray(update)) return pipelineToTheirs(collection, update);
  if (!isFields(update)) throw new NotMappableError('an update that is no document');
  return Object.fromEntries(
    Object.entries(update).map(([operator, fields]) => [operator, operandToTheirs(collection, operator, fields)]),
  );
}

function operandToTheirs(collection: MappedCollection, operator: string, fields: unknown): Document {
  if (!['$set', '$unset', '$setOnInsert'].includes(operator) || !isFields(fields)) {
    throw new NotMappableError(`the update ${operator}`);
  }
  return Object.fromEntries(
    Object.entries(fields).map(([path, value]): [string, unknown] => {
      const found = findPath(collection, path);
      if (found.type === 'object') throw new NotMappableError(`${path} is not one field in ${collection.name}`);
      const isConverted = found.type === 'field' && found.isWhole && operator !== '$unset';
      return [found.path, isConverted ? valueToTheirs(found.field, collection)(value) : value];
    }),
  );
}

/**
 * A pipeline of ours, untouched, between two translations that the server itself does in the same atomic update: their document
 * becomes ours, the pipeline works on that, and what it changed goes back to where it stands there. A value that it did not change
 * is written as it was. One that is not written as the mapping says makes the server refuse the update.
 */
function pipelineToTheirs(collection: MappedCollection, pipeline: readonly Document[]): Document[] {
  return [
    { $replaceWith: { _id: '$_id', [THEIRS]: '$$ROOT' } },
    { $set: oursFromTheirs(collection) },
    ...pipeline,
    { $replaceWith: { $mergeObjects: [`$${THEIRS}`, { [THEIRS]: `$${THEIRS}`, [OURS]: '$$ROOT' }] } },
    { $set: Object.fromEntries(collection.fields.map((field) => [field.theirs, writtenValue(collection, field)])) },
    ...objectsAbove(collection).map(mendedObject),
    { $unset: [THEIRS, OURS] },
  ];
}

function oursFromTheirs(collection: MappedCollection): Document {
  const set: Document = {};
  const objects = new Map<string, MappedField[]>();
  for (const field of collection.fields) {
    if (field.within === null) set[field.ours] = oursExpression(collection, field);
    else objects.set(field.within, [...(objects.get(field.within) ?? []), field]);
  }
  for (const [name, fields] of objects) {
    const inside = fields.map(
      (field) => [field.ours.slice(name.length + 1), oursExpression(collection, field)] as const,
    );
    const isSaid = { $or: fields.map(({ theirs }) => isThere(`$${THEIRS}.${theirs}`)) };
    set[name] = { $cond: [isSaid, Object.fromEntries(inside), null] };
  }
  return set;
}

/** Neither absent nor null. */
function isThere(path: string): Document {
  return { $ne: [{ $ifNull: [path, null] }, null] };
}

/** A value of theirs as ours; absent stays absent, null stays null, and what has another form is an error of the server's. */
function oursExpression(collection: MappedCollection, field: MappedField): unknown {
  const value = `$${THEIRS}.${field.theirs}`;
  const { form } = field;
  const converted = (expression: Document): Document => ({ $cond: [isThere(value), expression, value] });
  switch (form.type) {
    case 'same':
      return value;
    case 'state':
      return {
        $switch: {
          branches: [...collection.stateNames].map(([ours, theirs]) => ({
            case: { $in: [value, { $literal: [...theirs] }] },
            then: ours,
          })),
          default: {
            $cond: [{ $eq: [{ $type: value }, 'string'] }, { $concat: [{ $literal: UNKNOWN_STATE }, value] }, value],
          },
        },
      };
    case 'date_iso':
      return converted({ $dateFromString: { dateString: value } });
    case 'date_epoch_ms':
      return converted({ $toDate: { $toLong: value } });
    case 'credits_whole': {
      const unit = 10 ** form.decimals;
      const smallest = { $round: [{ $multiply: [value, unit] }, 0] };
      // A text that is no number, made of the value so that no server works it out beforehand: it refuses the update.
      const refusal = { $toDouble: { $concat: ['not in units: ', { $toString: value }] } };
      return converted({ $cond: [{ $eq: [{ $divide: [smallest, unit] }, value] }, { $toLong: smallest }, refusal] });
    }
  }
}

function writtenValue(collection: MappedCollection, field: MappedField): unknown {
  const { form, within } = field;
  const before = `$${THEIRS}.${field.theirs}`;
  const after = `$${OURS}.${field.ours}`;
  const value =
    form.type === 'same'
      ? after
      : { $cond: [{ $eq: [after, oursExpression(collection, field)] }, before, theirsExpression(collection, field)] };
  if (within === null) return value;
  const isGone = { $ne: [{ $type: `$${OURS}.${within}` }, 'object'] };
  const emptied = { $cond: [{ $eq: [{ $type: before }, 'missing'] }, '$$REMOVE', null] };
  return { $cond: [isGone, emptied, value] };
}

function theirsExpression(collection: MappedCollection, { form, ours }: MappedField): unknown {
  const value = `$${OURS}.${ours}`;
  const converted = (expression: Document): Document => ({ $cond: [isThere(value), expression, value] });
  switch (form.type) {
    case 'same':
      return value;
    case 'state':
      return {
        $switch: {
          branches: [...collection.stateNames].map(([state, [first]]) => ({
            case: { $eq: [value, state] },
            then: { $literal: first },
          })),
          default: value,
        },
      };
    case 'date_iso':
      return converted({ $dateToString: { date: value, format: ISO_FORMAT } });
    case 'date_epoch_ms':
      return converted({ $toLong: value });
    case 'credits_whole':
      return converted({ $divide: [value, 10 ** form.decimals] });
  }
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
