import { matcherOf } from '../semantics/matching.ts';
import { ServerError } from '../semantics/server-error.ts';
import { validationDetails } from '../semantics/validation-details.ts';
import { encode, isDoc, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from './catalog.ts';

/** What `create` and `collMod` are told of validation. */
const VALIDATION_OPTIONS = ['validator', 'validationLevel', 'validationAction'] as const;

const LEVELS: ReadonlySet<unknown> = new Set(['off', 'strict', 'moderate']);
const ACTIONS: ReadonlySet<unknown> = new Set(['error', 'warn']);

type Matches = (document: Doc) => boolean;
/** The compiled validator of a collection's options; null for none. New options are a new document. */
const COMPILED = new WeakMap<Doc, Matches | null>();

/**
 * The options of validation that a command gives, checked. Errors: `TypeMismatch`, `BadValue`, `InvalidOptions`, and what
 * refuses the validator as a filter.
 */
export function validationOptionsOf(db: string, body: Doc): Doc {
  const { validator, validationLevel, validationAction } = body;
  if (validator !== undefined && !isDoc(validator))
    throw new ServerError('TypeMismatch', "BSON field 'validator' is the wrong type, expected type 'object'");
  if (validationLevel !== undefined && !LEVELS.has(validationLevel)) throw badValue('validationLevel', validationLevel);
  if (validationAction !== undefined && !ACTIONS.has(validationAction))
    throw badValue('validationAction', validationAction);
  if (validator !== undefined && ['admin', 'local', 'config'].includes(db))
    throw new ServerError('InvalidOptions', `Document validators are not allowed on collections in the ${db} database`);
  if (validator !== undefined) matcherOf(validator);
  return Object.fromEntries(
    VALIDATION_OPTIONS.filter((option) => body[option] !== undefined).map((option) => [option, body[option]]),
  );
}

function badValue(field: string, value: unknown): ServerError {
  return new ServerError('BadValue', `Enumeration value '${String(value)}' for field '${field}' is not a valid value.`);
}

/**
 * Refuses a document that a collection's validator does not let in. @param before what stood there; null for a new document
 * Error: `DocumentValidationFailure`.
 */
export function validate(collection: CollectionInfo, after: Doc, before: Doc | null): void {
  const matches = compiledOf(collection.options);
  if (matches === null || matches(after)) return;
  const { validator, validationLevel } = collection.options;
  // What did not match before may stay so.
  if (validationLevel === 'moderate' && before !== null && !matches(before)) return;
  throw new ServerError('DocumentValidationFailure', 'Document failed validation', {
    errInfo: { failingDocumentId: after['_id'], ...told(isDoc(validator) ? validator : {}, after) },
  });
}

/** What is told of a failure has at most these bytes, as on MongoDB. */
const DETAILS_BYTES_MAX = 12 * 1024 * 1024;

function told(validator: Doc, document: Doc): Doc {
  const details = validationDetails(validator, document);
  if (encode({ details }).length <= DETAILS_BYTES_MAX) return { details };
  return { truncated: true, details: withoutValues(details) };
}

/** Details without what may be as large as the document or the validator. */
function withoutValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutValues);
  if (!isDoc(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'specifiedAs' && !key.startsWith('consideredValue'));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutValues(inner)]));
}

function compiledOf(options: Doc): Matches | null {
  const known = COMPILED.get(options);
  if (known !== undefined) return known;
  const { validator, validationLevel, validationAction } = options;
  const isOn = isDoc(validator) && validationLevel !== 'off' && validationAction !== 'warn';
  const compiled = isOn ? matcherOf(validator) : null;
  COMPILED.set(options, compiled);
  return compiled;
}
