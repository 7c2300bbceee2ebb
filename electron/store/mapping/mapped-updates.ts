import type { Document } from 'mongodb';
import type { MappedCollection, MappedElements } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { fieldToTheirs } from '#domain/mapping/mapped-documents.ts';
import { filterToTheirs } from './mapped-filters.ts';
import { findPath, type FoundPath } from './mapped-paths.ts';
import { pipelineToTheirs } from './mapped-pipelines.ts';
import { NotMappableError } from './mapping-error.ts';

/**
 * An update of ours as theirs. Throws {@link NotMappableError} where there is none.
 * @param named takes down which elements a named place (`$[name]`) is about
 */
export function updateToTheirs(
  collection: MappedCollection,
  update: unknown,
  named = new Map<string, MappedElements>(),
): Document | Document[] {
  if (Array.isArray(update)) return pipelineToTheirs(collection, update);
  if (!isFields(update)) throw new NotMappableError('an update that is no document');
  return Object.fromEntries(
    Object.entries(update).map(([operator, fields]) => {
      if (!isFields(fields)) throw new NotMappableError(`the update ${operator}`);
      const operands = Object.entries(fields).map(([path, value]): [string, unknown] => {
        const found = findPath(collection, path, named);
        if (found.type === 'object') throw new NotMappableError(`${path} is not one field in ${collection.name}`);
        return [found.path, operandToTheirs(collection, operator, path, found, value)];
      });
      return [operator, Object.fromEntries(operands)];
    }),
  );
}

function operandToTheirs(
  collection: MappedCollection,
  operator: string,
  path: string,
  found: Exclude<FoundPath, { type: 'object' }>,
  value: unknown,
): unknown {
  switch (operator) {
    case '$unset':
      return value;
    case '$set':
      // What is new for a whole element has nothing to keep the fields in that the console does not know.
      if (found.type === 'element' || (isList(found) && !isEmpty(value))) {
        throw new NotMappableError(`writing ${path} as a whole`);
      }
      return valueFor(collection, found, value);
    case '$setOnInsert':
      return valueFor(collection, found, value);
    case '$push':
      return isList(found) ? pushed(collection, found, value) : sameOf(operator, path, found, value);
    case '$pull': {
      const elements = found.type === 'field' && found.isWhole ? found.field.elements : null;
      if (elements === null) return sameOf(operator, path, found, value);
      if (!isFields(value)) throw new NotMappableError(`${operator} of a whole element`);
      return filterToTheirs(elements, value);
    }
    default:
      throw new NotMappableError(`the update ${operator}`);
  }
}

function isList(found: FoundPath): found is Extract<FoundPath, { type: 'field' }> {
  return found.type === 'field' && found.isWhole && found.field.elements !== null;
}

function isEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** What is written into a list whose elements are the same on both sides; nothing else has one form there. */
function sameOf(operator: string, path: string, found: FoundPath, value: unknown): unknown {
  if (found.type === 'field' && found.field.form.type === 'same') return value;
  throw new NotMappableError(`${operator} of ${path}`);
}

function valueFor(collection: MappedCollection, found: FoundPath, value: unknown): unknown {
  return found.type === 'field' && found.isWhole ? fieldToTheirs(collection, found.field, value, undefined) : value;
}

const PUSH_MODIFIERS: ReadonlySet<string> = new Set(['$each', '$position', '$slice']);

function pushed(collection: MappedCollection, found: Extract<FoundPath, { type: 'field' }>, value: unknown): unknown {
  const isMany = isFields(value) && Object.hasOwn(value, '$each');
  const given: unknown = isMany ? value['$each'] : [value];
  if (!Array.isArray(given) || (isMany && !Object.keys(value).every((name) => PUSH_MODIFIERS.has(name)))) {
    throw new NotMappableError('$push in an order');
  }
  const elements = fieldToTheirs(collection, found.field, given, undefined);
  if (isMany) return { ...value, $each: elements };
  return Array.isArray(elements) ? (elements as unknown[])[0] : elements;
}
