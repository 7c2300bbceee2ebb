import type { Document } from 'mongodb';
import type { MappedCollection } from '#domain/mapping/mapped-shape.ts';
import { isFields } from '#domain/fields.ts';
import { findPath } from './mapped-paths.ts';
import { NotMappableError } from './mapping-error.ts';

/**
 * Throws {@link NotMappableError} where a pipeline of ours speaks of a field that the mapping knows nothing of. It works on a document
 * of ours that is made for it alone: a field of any other name would be read as absent and, written, be left behind. Stages that
 * make another document are none of an update that keeps what nobody knows.
 */
export function checkPaths(collection: MappedCollection, pipeline: readonly Document[]): void {
  for (const stage of pipeline) {
    const [name = '', ...others] = Object.keys(stage);
    const operand: unknown = stage[name];
    if (others.length === 0 && name === '$set' && isFields(operand)) {
      for (const [path, value] of Object.entries(operand)) checkWritten(collection, path, value);
    } else if (others.length === 0 && name === '$unset') {
      for (const path of Array.isArray(operand) ? operand : [operand]) checkWritten(collection, String(path), null);
    } else throw new NotMappableError(`the stage ${name} of an update`);
  }
}

function checkWritten(collection: MappedCollection, path: string, value: unknown): void {
  const found = findPath(collection, path);
  if (found.type === 'id') throw new NotMappableError('another _id');
  // Of an object that stands in pieces there, only its pieces are taken back.
  if (found.type === 'object') checkPieces(collection, path, value);
  checkRead(collection, value);
}

/** What an expression makes of an object, as far as it says so itself. */
function checkPieces(collection: MappedCollection, path: string, value: unknown): void {
  if (!isFields(value)) return;
  const literal: unknown = value['$literal'];
  if (isFields(literal)) checkPieces(collection, path, literal);
  const merged: unknown = value['$mergeObjects'];
  if (Array.isArray(merged)) for (const one of merged) checkPieces(collection, path, one);
  for (const name of Object.keys(value)) if (!name.startsWith('$')) findPath(collection, `${path}.${name}`);
}

function checkRead(collection: MappedCollection, expression: unknown): void {
  if (typeof expression === 'string') {
    const path = /^\$(?:\$(?:ROOT|CURRENT)\.)?([^$].*)$/.exec(expression)?.[1];
    if (path !== undefined) findPath(collection, path);
  } else if (Array.isArray(expression)) for (const one of expression) checkRead(collection, one);
  else if (isFields(expression)) {
    for (const [name, operand] of Object.entries(expression)) if (name !== '$literal') checkRead(collection, operand);
  }
}
