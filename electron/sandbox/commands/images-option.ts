import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { missingField, refuseUnknown } from './field-values.ts';
import { wrongType } from '../semantics/wrong-type.ts';

const OPTION = 'changeStreamPreAndPostImages';
const FIELDS: ReadonlySet<string> = new Set(['enabled']);
/** Databases whose changes no stream tells. */
const UNTOLD: ReadonlySet<string> = new Set(['admin', 'local', 'config']);

/**
 * Whether a command says that a collection keeps its documents as they were before and behind their changes; undefined where it says
 * nothing. Errors: `TypeMismatch`, 40414, 40415, `InvalidOptions`.
 */
export function keepsImages(db: string, command: 'create' | 'collMod', body: Doc): boolean | undefined {
  const given = body[OPTION];
  if (given === undefined) return undefined;
  const place = `${command}.${OPTION}`;
  if (!isDoc(given)) throw wrongType(place, given, 'object');
  refuseUnknown(place, given, FIELDS);
  const { enabled } = given;
  if (enabled === undefined) throw missingField(place, 'enabled');
  if (typeof enabled !== 'boolean') throw wrongType(`${place}.enabled`, enabled, 'bool');
  if (enabled && UNTOLD.has(db))
    throw new ServerError(
      'InvalidOptions',
      `${OPTION} collection option is not supported on the admin, local or config databases`,
    );
  return enabled;
}
