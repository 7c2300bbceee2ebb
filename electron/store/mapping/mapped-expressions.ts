import type { Document } from 'mongodb';
import type { MappedElements, MappedField, MappedShape } from '#domain/mapping/mapped-shape.ts';
import { UNKNOWN_STATE } from '#domain/mapping/mapped-values.ts';

/** An element of theirs within the one of ours that was made of it, for as long as an update is worked out. */
export const CARRIED = '__rl_e';

const ISO_FORMAT = '%Y-%m-%dT%H:%M:%S.%LZ';

/** Neither absent nor null. */
export function isThere(path: string): Document {
  return { $ne: [{ $ifNull: [path, null] }, null] };
}

/** Whether a path leads to an object. */
export function isObject(path: string): Document {
  return { $eq: [{ $type: path }, 'object'] };
}

/**
 * A value of theirs as ours; absent stays absent, null stays null, and what has another form is an error of the server's.
 * @param value the path that it is read from
 * @param depth how many lists it lies in, which keeps the names of variables apart
 */
export function oursExpression(shape: MappedShape, field: MappedField, value: string, depth: number): unknown {
  const { form, elements } = field;
  if (elements !== null) return oursList(elements, value, depth);
  const converted = (expression: Document): Document => ({ $cond: [isThere(value), expression, value] });
  switch (form.type) {
    case 'same':
      return value;
    case 'state':
      return {
        $switch: {
          branches: [...shape.stateNames].map(([ours, theirs]) => ({
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

/** What is no list, and an element that is no object, stay what they are. */
function oursList(elements: MappedElements, list: string, depth: number): Document {
  const name = `t${depth}`;
  const element = `$$${name}`;
  const made = { $mergeObjects: [oursElement(elements, element, depth + 1), { [CARRIED]: element }] };
  const each = { $cond: [isObject(element), made, element] };
  return { $cond: [{ $isArray: [list] }, { $map: { input: list, as: name, in: each } }, list] };
}

function oursElement(elements: MappedElements, element: string, depth: number): Document {
  const value = (field: MappedField): unknown => oursExpression(elements, field, `${element}.${field.theirs}`, depth);
  const byRoot = Map.groupBy(elements.fields, ({ ours }) => ours.split('.')[0] ?? '');
  const roots = [...byRoot].map(([root, fields]): readonly [string, unknown] => {
    const [first] = fields;
    if (first?.ours === root) return [root, value(first)];
    const inside = Object.fromEntries(fields.map((field) => [field.ours.slice(root.length + 1), value(field)]));
    if (first?.within === null) return [root, inside];
    return [root, { $cond: [{ $or: fields.map(({ theirs }) => isThere(`${element}.${theirs}`)) }, inside, null] }];
  });
  return Object.fromEntries(roots);
}

/** A value of ours as theirs; what is no list. */
export function theirsExpression(shape: MappedShape, { form }: MappedField, value: string): unknown {
  const converted = (expression: Document): Document => ({ $cond: [isThere(value), expression, value] });
  switch (form.type) {
    case 'same':
      return value;
    case 'state':
      return {
        $switch: {
          branches: [...shape.stateNames].map(([state, [first]]) => ({
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
