import { Binary } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/** A place in the order of all changes. */
export interface StreamPlace {
  readonly position: number;
  /** An event that the stream gave, the invalidation behind it, or just how far it had read (MongoDB's high water mark). */
  readonly kind: 'event' | 'invalidation' | 'mark';
  /** Which part of an event that was split, from 0 on. */
  readonly fragment?: number;
}

const SUFFIXES = { mark: '00', invalidation: '01', event: '02' } as const satisfies Record<StreamPlace['kind'], string>;
const TOKEN = /^82([0-9A-F]{16})(00|01|02)([0-9A-F]{4})?$/;

/** The token of a place. */
export function tokenOf({ position, kind, fragment }: StreamPlace): Doc {
  const part = fragment === undefined ? '' : hex(fragment, 4);
  return { _data: `82${hex(position, 16)}${SUFFIXES[kind]}${part}` };
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/** Tokens of MongoDB are keys: a byte ends one before its first value, or behind it, which is a time. 01 there is an invalidation of ours. */
const EMPTY = /^(01|04|FE|$)/i;
const TIME_ALONE = /^82[0-9A-F]{16}(04|FE)?$/i;

/**
 * The place of a token. Errors: 40647 and 40648 for a field of another type, `FailedToParse`, 40649 for an empty one, 50796 for one that ends
 * behind its time, `InvalidResumeToken` for the token of another server.
 */
export function placeOfToken(token: Doc): StreamPlace {
  const data = token['_data'];
  if (typeof data !== 'string')
    throw new ServerError('Location40647', 'Bad resume token: _data of missing or of wrong type. Expected string');
  const typeBits = token['_typeBits'];
  if (typeBits !== undefined && !(typeBits instanceof Binary && typeBits.sub_type === Binary.SUBTYPE_DEFAULT))
    throw new ServerError('Location40648', 'Bad resume token: _typeBits of wrong type');
  if (data.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(data))
    throw new ServerError('FailedToParse', 'resume token string was not a valid hex string');
  if (EMPTY.test(data)) throw new ServerError('Location40649', 'invalid empty resume token');
  if (TIME_ALONE.test(data)) throw new ServerError('Location50796', 'Resume Token does not contain version');
  const [, position, suffix, fragment] = TOKEN.exec(data) ?? [];
  if (position === undefined)
    throw new ServerError('InvalidResumeToken', 'invalid resume token: it was not given out by this server');
  const kind = suffix === SUFFIXES.event ? 'event' : suffix === SUFFIXES.invalidation ? 'invalidation' : 'mark';
  return {
    position: Number.parseInt(position, 16),
    kind,
    ...(fragment === undefined ? {} : { fragment: Number.parseInt(fragment, 16) }),
  };
}

/** True for what an event's `_id` must stay. */
export function isToken(value: unknown, token: Doc): boolean {
  return isDoc(value) && Object.keys(value).length === 1 && value['_data'] === token['_data'];
}
