import type { SearchField } from '#contract/query/search-terms.ts';
import { onlyFields } from '#domain/bson-elements.ts';
import { assertNever } from '#domain/result.ts';
import { decodeDocument } from './document-encoding.ts';

/** The fields of a document that what can be searched by one name stands in, as their bytes. */
const FIELDS: Readonly<Record<SearchField, readonly Buffer[]>> = {
  prompt: named('input'),
  error: named('failure'),
  ids: named('_id', 'workspaceId', 'billing', 'provider', 'attempts'),
  user: named('userId'),
  output: named('output'),
};
/** `$`: what names that begin with it make of a document, the decoder decides from all of them. */
const SPECIAL = 0x24;

/**
 * What a search looks through in a field of a stored document of a job; the same as the index is made of. Only the fields that it stands
 * in are decoded: of a whole document, which is mostly history, that was half of a search.
 */
export function searchedText(document: Buffer, field: SearchField): string {
  const fields = FIELDS[field];
  const picked = onlyFields(
    document,
    (from, to) => document[from] === SPECIAL || fields.some((name) => isAt(document, from, to, name)),
  );
  return textOf(decodeDocument(Buffer.from(picked.buffer, picked.byteOffset, picked.byteLength)), field);
}

function named(...names: readonly string[]): readonly Buffer[] {
  return names.map((name) => Buffer.from(name));
}

function isAt(bytes: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false;
  for (let n = 0; n < name.length; n += 1) if (bytes[from + n] !== name[n]) return false;
  return true;
}

/** What a search looks through in a field of a decoded document. */
export function textOf(document: Readonly<Record<string, unknown>>, field: SearchField): string {
  const at = (...path: readonly string[]): string => {
    let value: unknown = document;
    for (const name of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
    return typeof value === 'string' ? value : '';
  };
  switch (field) {
    case 'prompt':
      return at('input', 'prompt');
    case 'error':
      return `${at('failure', 'code')} ${at('failure', 'message')}`;
    case 'ids': {
      const attempts = Array.isArray(document['attempts'])
        ? document['attempts'].map((_, n) => at('attempts', String(n), 'acceptanceId'))
        : [];
      return [
        at('_id'),
        at('workspaceId'),
        at('billing', 'generationId'),
        at('provider', 'acceptanceId'),
        ...attempts,
      ].join(' ');
    }
    case 'user':
      return at('userId');
    case 'output':
      return at('output', 'uri');
    default:
      return assertNever(field);
  }
}
