import type { Document } from 'mongodb';
import type { MappedElements, MappedField, MappedShape } from '#domain/mapping/mapped-shape.ts';
import { CARRIED, isObject, oursExpression, theirsExpression } from './mapped-expressions.ts';

/** Where a document or an element stood before and stands now, as paths of an expression. */
interface Places {
  readonly before: string;
  readonly after: string;
  /** How many lists it lies in, which keeps the names of variables apart. */
  readonly depth: number;
}

/** What a field of theirs is after an update, of the document or element that it lies in. A value that is the same stands as it stood. */
export function writtenValue(shape: MappedShape, field: MappedField, places: Places): unknown {
  const { form, within, elements } = field;
  const before = `${places.before}.${field.theirs}`;
  const after = `${places.after}.${field.ours}`;
  const changed = (): Document => ({
    $cond: [
      { $eq: [after, oursExpression(shape, field, before, places.depth)] },
      before,
      theirsExpression(shape, field, after),
    ],
  });
  const single = form.type === 'same' ? after : changed();
  const value = elements === null ? single : writtenList(elements, { before, after, depth: places.depth });
  if (within === null) return value;
  const isGone = { $ne: [{ $type: `${places.after}.${within}` }, 'object'] };
  const emptied = { $cond: [{ $eq: [{ $type: before }, 'missing'] }, '$$REMOVE', null] };
  return { $cond: [isGone, emptied, value] };
}

/** Each element is written over the one of theirs that it was made of, a new one over nothing. */
function writtenList(elements: MappedElements, { before, after, depth }: Places): Document {
  const [place, now, then, base] = [`i${depth}`, `o${depth}`, `s${depth}`, `b${depth}`];
  const carried = `$$${now}.${CARRIED}`;
  const found = {
    $cond: [
      isObject(carried),
      carried,
      { $cond: [isSameElement(elements, `$$${then}`, `$$${now}`, depth + 1), `$$${then}`, { $literal: {} }] },
    ],
  };
  const written = writtenObject(elements, '', { before: `$$${base}`, after: `$$${now}`, depth: depth + 1 });
  const each = {
    $let: {
      vars: {
        [now]: { $arrayElemAt: [after, `$$${place}`] },
        [then]: { $cond: [{ $isArray: [before] }, { $arrayElemAt: [before, `$$${place}`] }, null] },
      },
      in: { $cond: [isObject(`$$${now}`), { $let: { vars: { [base]: found }, in: written } }, `$$${now}`] },
    },
  };
  const list = { $map: { input: { $range: [0, { $size: after }] }, as: place, in: each } };
  return { $cond: [{ $isArray: [after] }, list, after] };
}

/** Whether an element that was written anew says nothing but what stood in its place: as in the domain's translation. */
function isSameElement(elements: MappedElements, then: string, now: string, depth: number): Document {
  const { key, fields } = elements;
  const asked = fields.filter(({ ours }) => key === null || ours === key);
  const same = asked.map((field) => ({
    $eq: [`${now}.${field.ours}`, oursExpression(elements, field, `${then}.${field.theirs}`, depth)],
  }));
  return { $and: [isObject(then), ...same] };
}

/**
 * An object of theirs, or the element itself, with our fields written into it. What stands there and is no object stays where nothing
 * is written into it; else the server refuses the update, because what it is would be lost.
 * @param above its path in the element, empty or ending in a dot
 */
function writtenObject(elements: MappedElements, above: string, places: Places): Document {
  const inside = elements.fields.filter(({ theirs }) => theirs.startsWith(above));
  const byName = Map.groupBy(inside, ({ theirs }) => theirs.slice(above.length).split('.')[0] ?? '');
  const made = [...byName].map(([name, fields]): readonly [string, unknown] => {
    const [first] = fields;
    const isField = first !== undefined && first.theirs === `${above}${name}`;
    return [
      name,
      isField ? writtenValue(elements, first, places) : writtenObject(elements, `${above}${name}.`, places),
    ];
  });
  const before = above === '' ? places.before : `${places.before}.${above.slice(0, -1)}`;
  const names = [...byName.keys()];
  const isLost = names.map((name) => ({
    $and: [{ $eq: [{ $type: `$$made.${name}` }, 'missing'] }, { $ne: [{ $type: `${before}.${name}` }, 'missing'] }],
  }));
  const others = {
    $filter: {
      input: { $objectToArray: before },
      as: 'one',
      cond: { $not: [{ $in: ['$$one.k', { $literal: names }] }] },
    },
  };
  const kept = { $cond: [{ $or: isLost }, { $arrayToObject: others }, before] };
  const isNothing = { $in: [{ $type: before }, ['null', 'missing']] };
  const refusal = { $toDouble: { $concat: ['no object: ', { $type: before }] } };
  const fresh = {
    $cond: [{ $eq: ['$$made', { $literal: {} }] }, before, { $cond: [isNothing, '$$made', refusal] }],
  };
  return {
    $let: {
      vars: { made: Object.fromEntries(made) },
      in: { $cond: [isObject(before), { $mergeObjects: [kept, '$$made'] }, fresh] },
    },
  };
}
