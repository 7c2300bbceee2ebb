import { bsonLength } from '../semantics/bson-length.ts';
import { keyOf, nameOf } from '../semantics/field-names.ts';
import { isSameBson } from '../semantics/same-bson.ts';
import type { ExactPath, Write } from '../semantics/update-paths.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/** What became of one field, or of one element of a list. */
type Entry =
  | { readonly kind: 'updated' | 'created'; readonly value: unknown }
  | { readonly kind: 'removed' }
  | { readonly kind: 'inside'; readonly difference: Difference };

/** What became of the fields of a document, or of the elements of a list, as MongoDB writes it into its oplog. */
export interface Difference {
  readonly isList: boolean;
  readonly entries: Map<string | number, Entry>;
  /** The length of a list that was cut. */
  newLength: number | null;
}

function differenceOf(isList: boolean): Difference {
  return { isList, entries: new Map(), newLength: null };
}

/** The difference that operators made. @param after the document behind them */
export function writtenDifference(writes: readonly Write[], after: Doc): Difference {
  const root = differenceOf(false);
  for (const { kind, path } of writes) {
    const place = placeIn(root, path);
    const last = path.at(-1);
    if (place === null || last === undefined) continue;
    // Read behind the last operator: several may have filled what one of them made.
    place.entries.set(last, kind === 'removed' ? { kind } : { kind, value: valueAt(after, path) });
  }
  return root;
}

/** Where the last part of a path belongs; null where it lies in something that is told as a whole. */
function placeIn(root: Difference, path: ExactPath): Difference | null {
  let place = root;
  for (const [at, part] of path.slice(0, -1).entries()) {
    const known = place.entries.get(part);
    if (known !== undefined && known.kind !== 'inside') return null;
    const inner = known?.difference ?? differenceOf(typeof path[at + 1] === 'number');
    if (known === undefined) place.entries.set(part, { kind: 'inside', difference: inner });
    place = inner;
  }
  return place;
}

function valueAt(document: Doc, path: ExactPath): unknown {
  let value: unknown = document;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)] as unknown;
    else if (isDoc(value)) value = value[keyOf(String(part))];
  }
  return value;
}

/** What MongoDB's oplog says around a difference, in bytes (`kSizeOfDeltaOplogEntryMetadata`). */
const AROUND_BYTES = 15;
const EMPTY_BYTES = 5;
const EMPTY_LIST_BYTES = 9;
/** The name of a section and the empty document in it. */
const SECTION_BYTES = 8;
const LENGTH_BYTES = 7;

/**
 * The difference of two documents as MongoDB reckons it for an update by a pipeline (`document_diff_calculator.cpp`); null where it
 * would be no smaller than the document itself, which is then told as a replacement.
 * @param afterBytes the length of the document behind the update, in bytes
 */
export function reckonedDifference(before: Doc, after: Doc, afterBytes: number): Difference | null {
  const { difference, bytes } = compareDocs(before, after);
  return bytes + AROUND_BYTES < afterBytes ? difference : null;
}

interface Reckoned {
  readonly difference: Difference;
  /** What MongoDB takes for its size. */
  readonly bytes: number;
}

/** Two documents, side by side: a field that stands elsewhere than before is told as a new one. */
function compareDocs(before: Doc, after: Doc): Reckoned {
  const difference = differenceOf(false);
  const [old, now] = [Object.keys(before), Object.keys(after)];
  const gone: string[] = [];
  const sections = new Set<Entry['kind']>();
  let bytes = EMPTY_BYTES;
  let [left, right] = [0, 0];
  const add = (key: string, entry: Entry, entryBytes: number): void => {
    const extra = entry.kind === 'inside' ? 1 : sections.has(entry.kind) ? 0 : SECTION_BYTES;
    sections.add(entry.kind);
    const name = nameOf(key);
    bytes += Buffer.byteLength(name) + 2 + entryBytes + extra;
    difference.entries.set(name, entry);
  };
  while (left < old.length && right < now.length) {
    const [key = '', other = ''] = [old[left], now[right]];
    left += 1;
    if (key !== other) {
      gone.push(key);
      continue;
    }
    right += 1;
    if (isSameBson(before[key], after[key])) continue;
    const [entry, entryBytes] = entryOf(before[key], after[key]);
    add(key, entry, entryBytes);
  }
  for (const key of now.slice(right)) add(key, { kind: 'created', value: after[key] }, bsonLength(after[key]));
  const removed = [...old.slice(left), ...gone.sort(byBytes)];
  for (const key of removed) if (!difference.entries.has(nameOf(key))) add(key, { kind: 'removed' }, 1);
  return { difference, bytes };
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(nameOf(left)), Buffer.from(nameOf(right)));
}

function compareLists(before: readonly unknown[], after: readonly unknown[]): Reckoned {
  const difference = differenceOf(true);
  let bytes = EMPTY_LIST_BYTES;
  for (const [at, value] of after.entries()) {
    if (at < before.length && isSameBson(before[at], value)) continue;
    const [entry, entryBytes] = at < before.length ? entryOf(before[at], value) : updated(value);
    bytes += 1 + String(at).length + 2 + entryBytes;
    difference.entries.set(at, entry);
  }
  if (before.length > after.length) {
    difference.newLength = after.length;
    bytes += LENGTH_BYTES;
  }
  return { difference, bytes };
}

/** What differs is told by its parts, where that is shorter than its new value. */
function entryOf(before: unknown, after: unknown): readonly [entry: Entry, bytes: number] {
  const inner =
    isDoc(before) && isDoc(after)
      ? compareDocs(before, after)
      : Array.isArray(before) && Array.isArray(after)
        ? compareLists(before, after)
        : null;
  const whole = updated(after);
  if (inner === null || inner.bytes >= whole[1]) return whole;
  return [{ kind: 'inside', difference: inner.difference }, inner.bytes];
}

function updated(value: unknown): readonly [entry: Entry, bytes: number] {
  return [{ kind: 'updated', value }, bsonLength(value)];
}
