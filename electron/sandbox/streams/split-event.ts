import { ServerError } from '../semantics/server-error.ts';
import { DOCUMENT_BYTES_MAX, encode, type Doc } from '../semantics/values.ts';
import { tokenOf, type StreamPlace } from './resume-tokens.ts';

/** MongoDB's limit of an event that it need not split, with the token of the page: somewhat below that of its own documents. */
const FRAGMENT_BYTES_MAX = DOCUMENT_BYTES_MAX + 8 * 1024;

/** A part of an event that is too large for a page. */
export interface Fragment {
  readonly document: Doc;
  readonly bytes: number;
  readonly place: StreamPlace;
}

/**
 * The fragments of an event as `$changeStreamSplitLargeEvent` makes them: its fields by their size, the least first, and as many in each as
 * it holds. Null for an event that is small enough. @param bytes the size of the event in BSON. Errors: 7182500, 7182502.
 */
export function fragmentsOf(event: Doc, bytes: number, place: StreamPlace): readonly Fragment[] | null {
  const tokenBytes = encode(tokenOf(place)).length;
  if (bytes + tokenBytes <= FRAGMENT_BYTES_MAX) return null;
  const max = FRAGMENT_BYTES_MAX - tokenBytes;
  const fields = sortedFields(event);
  if (fields.length === 0)
    throw new ServerError('Location7182502', "Cannot split an empty event or an event containing solely '_id' field");
  const parts: { readonly fields: Doc; bytes: number }[] = [];
  for (const field of fields) {
    const last = parts.at(-1);
    const isFitting = last !== undefined && last.bytes + field.bytes <= max;
    const part = isFitting ? last : { fields: {}, bytes: encode(headOf(place, parts.length, 0)).length };
    if (!isFitting) parts.push(part);
    part.fields[field.name] = field.value;
    part.bytes += field.bytes;
    if (part.bytes > max)
      throw new ServerError(
        'Location7182500',
        `Splitting change event failed: fragment size ${part.bytes} is greater than maximum allowed fragment size ${max}`,
      );
  }
  return parts.map((part, fragment) => ({
    document: { ...headOf(place, fragment, parts.length), ...part.fields },
    bytes: part.bytes,
    place: { ...place, fragment },
  }));
}

function headOf(place: StreamPlace, fragment: number, of: number): Doc {
  return { _id: tokenOf({ ...place, fragment }), splitEvent: { fragment: fragment + 1, of } };
}

function sortedFields(
  event: Doc,
): readonly { readonly name: string; readonly value: unknown; readonly bytes: number }[] {
  return Object.entries(event)
    .filter(([name, value]) => name !== '_id' && value !== undefined)
    .map(([name, value]) => ({ name, value, bytes: encode({ [name]: value }).length - EMPTY_BYTES }))
    .sort((left, right) => left.bytes - right.bytes || (left.name < right.name ? -1 : 1));
}

const EMPTY_BYTES = encode({}).length;
