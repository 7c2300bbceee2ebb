import type { Document } from 'mongodb';
import type { MappedCollection, MappedField } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { valueToTheirs } from '#domain/mapping/mapped-values.ts';
import { NotMappableError } from './mapping-error.ts';
import { findPath, onePath } from './mapped-paths.ts';

/**
 * A filter of ours as theirs, exact: it meets just the documents whose translation meets the one that was given. Throws
 * {@link NotMappableError} where there is no such filter.
 */
export function filterToTheirs(collection: MappedCollection, filter: Document): Document {
  const entries = Object.entries(filter).map(([name, value]) => conditionToTheirs(collection, name, value));
  const isPlain = entries.every(([name], at) => entries.findIndex(([other]) => other === name) === at);
  return isPlain ? Object.fromEntries(entries) : { $and: entries.map(([name, condition]) => ({ [name]: condition })) };
}

function conditionToTheirs(collection: MappedCollection, name: string, value: unknown): readonly [string, unknown] {
  if (name === '$and' || name === '$or' || name === '$nor') {
    if (!Array.isArray(value)) throw new NotMappableError(`${name} without a list`);
    return [name, value.map((part: unknown) => filterToTheirs(collection, asFields(part, name)))];
  }
  if (name.startsWith('$')) throw new NotMappableError(`the condition ${name}`);
  const found = findPath(collection, name);
  switch (found.type) {
    case 'id':
      return [found.path, value];
    case 'field':
      return [found.path, found.isWhole ? testToTheirs(collection, found.field, value) : value];
    case 'object':
      return objectTest(name, found.fields, value);
  }
}

/** An object that may be null is null where every field of it is; nothing else can be asked of one that is taken apart. */
function objectTest(name: string, fields: readonly MappedField[], value: unknown): readonly [string, unknown] {
  const isNullable = fields.every(({ within }) => within !== null);
  if (isNullable && value === null) return ['$and', fields.map(({ theirs }) => ({ [theirs]: null }))];
  const isOther = isFields(value) && Object.keys(value).length === 1 && value['$ne'] === null;
  if (isNullable && isOther) return ['$or', fields.map(({ theirs }) => ({ [theirs]: { $ne: null } }))];
  throw new NotMappableError(`a condition on ${name} as a whole`);
}

function testToTheirs(collection: MappedCollection, field: MappedField, test: unknown): unknown {
  if (field.form.type === 'same') return test;
  if (!isTest(test)) return testToTheirs(collection, field, { $eq: test });
  const one = exactValue(collection, field);
  const entries = Object.entries(test).map(([operator, value]): readonly [string, unknown] => {
    switch (operator) {
      case '$eq':
        return field.form.type === 'state' ? ['$in', namesOf(collection, [value])] : ['$eq', one(value)];
      case '$ne':
        return field.form.type === 'state' ? ['$nin', namesOf(collection, [value])] : ['$ne', one(value)];
      case '$in':
      case '$nin': {
        if (!Array.isArray(value)) throw new NotMappableError(`${operator} without a list`);
        return [operator, field.form.type === 'state' ? namesOf(collection, value) : value.map(one)];
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
        return [operator, testToTheirs(collection, field, asFields(value, operator))];
      default:
        throw new NotMappableError(`${operator} on ${field.ours}, which has another form there`);
    }
  });
  return Object.fromEntries(entries);
}

function namesOf({ stateNames }: MappedCollection, states: readonly unknown[]): unknown[] {
  return states.flatMap((state: unknown): readonly unknown[] => {
    if (state === null) return [null];
    const names = typeof state === 'string' ? stateNames.get(state) : undefined;
    if (names === undefined)
      throw new NotMappableError(`${typeof state === 'string' ? state : typeof state} is no state`);
    return names;
  });
}

/** A value of ours as theirs, where it is of the kind that the form is for: anything else would silently meet nothing. */
function exactValue(collection: MappedCollection, field: MappedField): (value: unknown) => unknown {
  const convert = valueToTheirs(field, collection);
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

/** A sort order, or the key of an index, as theirs. */
export function orderToTheirs(collection: MappedCollection, order: Document): Document {
  return Object.fromEntries(
    Object.entries(order).map(([path, direction]): [string, unknown] => {
      if (path === '$natural') return [path, direction];
      return [onePath(collection, path), direction];
    }),
  );
}

/** As {@link orderToTheirs} for results, which a field of states cannot order as ours do. */
export function sortToTheirs(collection: MappedCollection, order: unknown): Document {
  if (!isFields(order)) throw new NotMappableError('an order that is no document');
  const state = collection.fields.find(({ form }) => form.type === 'state')?.ours;
  if (state !== undefined && Object.hasOwn(order, state)) throw new NotMappableError('an order by state');
  return orderToTheirs(collection, order);
}

/** The fields to read, as theirs; only such a choice is translated, no computed field and no exclusion. */
export function projectionToTheirs(collection: MappedCollection, projection: unknown): Document {
  if (!isFields(projection)) throw new NotMappableError('a projection that is no document');
  return Object.fromEntries(
    Object.entries(projection).flatMap(([path, choice]) => {
      if (choice !== 1) throw new NotMappableError(`the projection of ${path}`);
      const found = findPath(collection, path);
      return found.type === 'object' ? found.fields.map(({ theirs }) => [theirs, 1]) : [[found.path, 1]];
    }),
  );
}
