import { ServerError } from '../semantics/server-error.ts';
import { typeNameOf } from '../semantics/type-operator.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/** Refuses what no document may have as its id. Errors: `BadValue` for a list and an expression, `DollarPrefixedFieldName`. */
export function refuseUnusableId(id: unknown): void {
  if (Array.isArray(id) || typeNameOf(id) === 'regex')
    throw new ServerError('BadValue', `The '_id' value cannot be of type ${typeNameOf(id)}`);
  const name = isDoc(id) ? dollarNameIn(id) : null;
  if (name !== null)
    throw new ServerError(
      'DollarPrefixedFieldName',
      `_id fields may not contain '$'-prefixed fields: ${name} is not valid for storage.`,
    );
}

/** The first name with a dollar, at any depth; the names of a reference to a document are none (MongoDB's `storageValidEmbedded`). */
function dollarNameIn(fields: Doc | readonly unknown[]): string | null {
  for (const [name, value] of Object.entries(fields).slice(referenceLength(fields))) {
    if (name.startsWith('$')) return name;
    const within = isDoc(value) || Array.isArray(value) ? dollarNameIn(value) : null;
    if (within !== null) return within;
  }
  return null;
}

/** How many of the first fields make a reference. */
function referenceLength(fields: Doc | readonly unknown[]): number {
  const [ref, id, db] = Object.entries(fields);
  if (ref?.[0] !== '$ref' || typeof ref[1] !== 'string' || id?.[0] !== '$id') return 0;
  return db?.[0] === '$db' && typeof db[1] === 'string' ? 3 : 2;
}
