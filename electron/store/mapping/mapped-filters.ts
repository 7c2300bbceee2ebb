import type { Document } from 'mongodb';
import type { MappedElements, MappedField, MappedShape } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { valueToTheirs } from '#domain/mapping/mapped-values.ts';
import { NotMappableError } from './mapping-error.ts';
import { findPath, onePath, type FoundPath } from './mapped-paths.ts';

/**
 * A filter of ours as theirs, exact: it meets just the documents whose translation meets the one that was given. Throws
 * {@link NotMappableError} where there is no such filter.
 */
export function filterToTheirs(shape: MappedShape, filter: Document): Document {
  const entries = Object.entries(filter).map(([name, value]) => conditionToTheirs(shape, name, value));
  const isPlain = entries.every(([name], at) => entries.findIndex(([other]) => other === name) === at);
  return isPlain ? Object.fromEntries(entries) : { $and: entries.map(([name, condition]) => ({ [name]: condition })) };
}

function conditionToTheirs(shape: MappedShape, name: string, value: unknown): readonly [string, unknown] {
  if (name === '$and' || name === '$or' || name === '$nor') {
    if (!Array.isArray(value)) throw new NotMappableError(`${name} without a list`);
    return [name, value.map((part: unknown) => filterToTheirs(shape, asFields(part, name)))];
  }
  if (name.startsWith('$')) throw new NotMappableError(`the condition ${name}`);
  const found = findPath(shape, name);
  switch (found.type) {
    case 'id':
      return [found.path, value];
    case 'field':
      return [found.path, found.isWhole ? testToTheirs(shape, found.field, value) : value];
    case 'element':
      return [found.path, emptyTest(name, value)];
    case 'object':
      return objectTest(name, found, value);
  }
}

/** An object that may be null is null where every field of it is; nothing else can be asked of one that is taken apart. */
function objectTest(
  name: string,
  { fields, paths, isSpread }: Extract<FoundPath, { type: 'object' }>,
  value: unknown,
): readonly [string, unknown] {
  // Of several elements each could meet another one of the conditions.
  const isNullable = !isSpread && fields.every(({ within }) => within !== null);
  if (isNullable && value === null) return ['$and', paths.map((path) => ({ [path]: null }))];
  const isOther = isFields(value) && Object.keys(value).length === 1 && value['$ne'] === null;
  if (isNullable && isOther) return ['$or', paths.map((path) => ({ [path]: { $ne: null } }))];
  throw new NotMappableError(`a condition on ${name} as a whole`);
}

/** A condition that says the same of what is taken apart: whether it is there, or nothing. */
function emptyTest(name: string, test: unknown): unknown {
  const isEmpty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);
  const isPlain = ([operator, value]: readonly [string, unknown]): boolean =>
    operator === '$exists' || ((operator === '$eq' || operator === '$ne') && isEmpty(value));
  if (isTest(test) ? Object.entries(test).every(isPlain) : isEmpty(test)) return test;
  throw new NotMappableError(`a condition on ${name} as a whole`);
}

/** A condition on a list whose elements are other ones there. */
function listTest(elements: MappedElements, name: string, test: unknown): unknown {
  if (!isTest(test)) return emptyTest(name, test);
  const entries = Object.entries(test).map(([operator, value]): readonly [string, unknown] => {
    switch (operator) {
      case '$size':
        return [operator, value];
      case '$elemMatch':
        return [operator, filterToTheirs(elements, asFields(value, operator))];
      case '$not':
        return [operator, listTest(elements, name, asFields(value, operator))];
      case '$all':
        if (!Array.isArray(value) || !value.every(isElementTest)) throw new NotMappableError(`${operator} of elements`);
        return [operator, value.map((part: unknown) => listTest(elements, name, part))];
      default:
        emptyTest(name, { [operator]: value });
        return [operator, value];
    }
  });
  return Object.fromEntries(entries);
}

function isElementTest(value: unknown): boolean {
  return isFields(value) && Object.keys(value).join() === '$elemMatch';
}

function testToTheirs(shape: MappedShape, field: MappedField, test: unknown): unknown {
  if (field.elements !== null) return listTest(field.elements, field.ours, test);
  if (field.form.type === 'same') return test;
  if (!isTest(test)) return testToTheirs(shape, field, { $eq: test });
  const one = exactValue(shape, field);
  const entries = Object.entries(test).map(([operator, value]): readonly [string, unknown] => {
    switch (operator) {
      case '$eq':
        return field.form.type === 'state' ? ['$in', namesOf(shape, [value])] : ['$eq', one(value)];
      case '$ne':
        return field.form.type === 'state' ? ['$nin', namesOf(shape, [value])] : ['$ne', one(value)];
      case '$in':
      case '$nin': {
        if (!Array.isArray(value)) throw new NotMappableError(`${operator} without a list`);
        return [operator, field.form.type === 'state' ? namesOf(shape, value) : value.map(one)];
      }
      case '$gt':
      case '$gte':
      case '$lt':
      case '$lte':
        // Dates and amounts keep their order in every form; names of states have none.
        if (field.form.type === 'state') throw new NotMappableError(`${operator} on a state`);
        return [operator, one(value)];
      case '$exists':
        return [operator, value];
      case '$not':
        return [operator, testToTheirs(shape, field, asFields(value, operator))];
      default:
        throw new NotMappableError(`${operator} on ${field.ours}, which has another form there`);
    }
  });
  return Object.fromEntries(entries);
}

function namesOf({ stateNames }: MappedShape, states: readonly unknown[]): unknown[] {
  return states.flatMap((state: unknown): readonly unknown[] => {
    if (state === null) return [null];
    const names = typeof state === 'string' ? stateNames.get(state) : undefined;
    if (names === undefined)
      throw new NotMappableError(`${typeof state === 'string' ? state : typeof state} is no state`);
    return names;
  });
}

/** A value of ours as theirs, where it is of the kind that the form is for: anything else would silently meet nothing. */
function exactValue(shape: MappedShape, field: MappedField): (value: unknown) => unknown {
  const convert = valueToTheirs(field, shape);
  return (value) => {
    const isKind = field.form.type === 'credits_whole' ? typeof value === 'number' : value instanceof Date;
    if (value !== null && !isKind) throw new NotMappableError(`${typeof value} for ${field.ours}`);
    return convert(value);
  };
}

/** Whether a condition is made of operators, and is no value. */
function isTest(value: unknown): value is Readonly<Record<string, unknown>> {
  return isFields(value) && Object.keys(value).some((name) => name.startsWith('$'));
}

function asFields(value: unknown, where: string): Document {
  if (!isFields(value)) throw new NotMappableError(`${where} with something that is no condition`);
  return value;
}

/**
 * The filters of elements that an update names its places by, as theirs.
 * @param named which elements each name is about; one of a list whose elements are the same there is not among them
 */
export function placeFiltersToTheirs(
  named: ReadonlyMap<string, MappedElements>,
  filters: readonly unknown[],
): Document[] {
  return filters.map((filter) => {
    const entries = Object.entries(asFields(filter, 'arrayFilters')).map(([key, value]): readonly [string, unknown] => {
      const [name = '', ...inside] = key.split('.');
      const elements = named.get(name);
      if (name.startsWith('$')) throw new NotMappableError(`${name} among filters of places`);
      if (elements === undefined) return [key, value];
      if (inside.length === 0) return [key, emptyTest(key, value)];
      const [path, condition] = conditionToTheirs(elements, inside.join('.'), value);
      if (path.startsWith('$')) throw new NotMappableError(`a condition on ${key} as a whole`);
      return [`${name}.${path}`, condition];
    });
    return Object.fromEntries(entries);
  });
}

/** A sort order, or the key of an index, as theirs. */
export function orderToTheirs(shape: MappedShape, order: Document): Document {
  return Object.fromEntries(
    Object.entries(order).map(([path, direction]): [string, unknown] => {
      if (path === '$natural') return [path, direction];
      return [onePath(shape, path), direction];
    }),
  );
}

/** As {@link orderToTheirs} for results, which a field of states cannot order as ours do. */
export function sortToTheirs(shape: MappedShape, order: unknown): Document {
  if (!isFields(order)) throw new NotMappableError('an order that is no document');
  for (const path of Object.keys(order).filter((each) => each !== '$natural')) {
    const found = findPath(shape, path);
    if (found.type === 'field' && found.field.form.type === 'state') throw new NotMappableError('an order by state');
  }
  return orderToTheirs(shape, order);
}

/** The fields to read, as theirs; only such a choice is translated, no computed field and no exclusion. */
export function projectionToTheirs(shape: MappedShape, projection: unknown): Document {
  if (!isFields(projection)) throw new NotMappableError('a projection that is no document');
  return Object.fromEntries(
    Object.entries(projection).flatMap(([path, choice]) => {
      if (choice !== 1) throw new NotMappableError(`the projection of ${path}`);
      const found = findPath(shape, path);
      return found.type === 'object' ? found.paths.map((theirs) => [theirs, 1]) : [[found.path, 1]];
    }),
  );
}
