import { rankedTexts, type Collation } from '../semantics/collation.ts';
import { matcherOf } from '../semantics/matching.ts';
import { EMPTY_LIST, valuesAt } from '../semantics/paths.ts';
import { comparableDoc, type Doc } from '../semantics/values.ts';
import { ServerError } from '../semantics/server-error.ts';
import { fieldsOf, isSamePattern, type CollectionInfo } from './catalog.ts';
import { indexedValue, type IndexField } from './index-entries.ts';
import { encodeKey, inverted } from './key-encoding.ts';
import { planOf, type Plan, type SortField } from './planner.ts';
import type { IndexPosition, Records } from './records.ts';

/** A document with its place. */
export interface Found {
  readonly record: number;
  /** In exact form. */
  readonly document: Doc;
}

/** What a read asks for; all documents in exact form. */
export interface ReadRequest {
  readonly filter: Doc;
  readonly sort?: Doc | null;
  readonly skip?: number;
  /** 0 means no limit. */
  readonly limit?: number;
  /** An index's name or key pattern. */
  readonly hint?: unknown;
  /** Values of `let`. */
  readonly variables?: Doc;
  /** How texts compare; by their bytes where it is not there. */
  readonly collation?: Collation | null;
}

/** A sort that no index gives may hold this many bytes of documents, as on MongoDB. */
const SORT_BYTES_MAX = 100 * 1024 * 1024;

/** The plan for a read, also for `explain`. */
export function planRead(collection: CollectionInfo, request: ReadRequest): Plan {
  const sort = sortFieldsOf(request.sort);
  return planOf(request.filter, sort, indexesFor(collection, request, sort));
}

function indexesFor(
  collection: CollectionInfo,
  { hint, collation = null }: ReadRequest,
  sort: readonly SortField[],
): CollectionInfo['indexes'] {
  // Every index here is in the order of bytes, which says nothing of texts in another order.
  if (collation !== null && (hint === undefined || hint === null)) return [];
  if (hint === undefined || hint === null) return collection.indexes;
  if (typeof hint === 'object' && '$natural' in hint) return [];
  const named = collection.indexes.filter((index) =>
    typeof hint === 'string' ? index.name === hint : isSamePattern(index.spec['key'], hint),
  );
  if (named.length === 0 && sort.length >= 0) {
    throw new ServerError(
      'BadValue',
      'error processing query: planner returned error: hint provided does not correspond to an existing index',
    );
  }
  return collation === null ? named : [];
}

/** The documents that match, in the order asked for, read as they are taken. */
export function* find(records: Records, collection: CollectionInfo, request: ReadRequest): Generator<Found> {
  const sort = sortFieldsOf(request.sort);
  const plan = planOf(request.filter, sort, indexesFor(collection, request, sort));
  const matches = matcherOf(request.filter, request.variables, request.collation);
  const found = matching(records, collection, plan, matches);
  const ordered = plan.coversSort
    ? found
    : sorted(found, sort, request.collation ?? null, (request.skip ?? 0) + (request.limit ?? 0), request.limit ?? 0);
  let toSkip = request.skip ?? 0;
  let taken = 0;
  for (const one of ordered) {
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    yield one;
    taken += 1;
    if (taken === request.limit) return;
  }
}

function* matching(
  records: Records,
  collection: CollectionInfo,
  plan: Plan,
  matches: (document: Doc) => boolean,
): Generator<Found> {
  const seen = new Set<number>();
  for (const record of recordsOf(records, collection, plan)) {
    // A list puts a document into an index more than once, and it is one document still.
    if (plan.type === 'index' && plan.index.isMultikey) {
      if (seen.has(record)) continue;
      seen.add(record);
    }
    const document = records.read(record);
    if (document !== null && matches(comparableDoc(document))) yield { record, document };
  }
}

function* recordsOf(records: Records, collection: CollectionInfo, plan: Plan): Generator<number> {
  if (plan.type === 'scan') {
    yield* records.scan(collection, plan.isBackward);
    return;
  }
  if (plan.ranges.length === 1 || !plan.coversSort) {
    for (const range of plan.ranges) {
      for (const position of records.range(plan.index, range, plan.isBackward)) yield position.record;
    }
    return;
  }
  yield* merged(records, plan);
}

interface Stream {
  readonly positions: Iterator<IndexPosition>;
  readonly prefixBytes: number;
  head: IndexPosition;
}

/** Merges stretches, each in order behind its prefix, into one order: what MongoDB's planner calls a sort merge. */
function* merged(records: Records, plan: Extract<Plan, { type: 'index' }>): Generator<number> {
  const streams: Stream[] = [];
  for (const range of plan.ranges) {
    const positions = records.range(plan.index, range, plan.isBackward);
    const first = positions.next();
    if (first.done !== true) streams.push({ positions, prefixBytes: range.prefixBytes, head: first.value });
  }
  const direction = plan.isBackward ? -1 : 1;
  while (streams.length > 0) {
    let least = streams[0];
    for (const stream of streams) {
      if (least === undefined || direction * compareHeads(stream, least) < 0) least = stream;
    }
    if (least === undefined) return;
    yield least.head.record;
    const next = least.positions.next();
    if (next.done === true) streams.splice(streams.indexOf(least), 1);
    else least.head = next.value;
  }
}

function compareHeads(left: Stream, right: Stream): number {
  return (
    Buffer.compare(left.head.key.subarray(left.prefixBytes), right.head.key.subarray(right.prefixBytes)) ||
    left.head.record - right.head.record
  );
}

function sorted(
  given: Iterable<Found>,
  sort: readonly SortField[],
  collation: Collation | null,
  keepMax: number,
  limit: number,
): Found[] {
  const { found, ranked } = collation === null ? { found: given, ranked: null } : rankedForSort(given, sort, collation);
  let bytes = 0;
  const keyed: { readonly key: Buffer; readonly one: Found }[] = [];
  const prune = (): void => {
    keyed.sort((left, right) => Buffer.compare(left.key, right.key) || left.one.record - right.one.record);
    if (limit > 0) keyed.length = Math.min(keyed.length, keepMax);
  };
  for (const one of found) {
    const key = sortKeyOf(one.document, sort, ranked);
    keyed.push({ key, one });
    bytes += key.length;
    if (bytes > SORT_BYTES_MAX) {
      throw new ServerError(
        'InternalError',
        'Executor error during find command :: caused by :: Sort exceeded memory limit of 104857600 bytes',
      );
    }
    if (limit > 0 && keyed.length >= keepMax * 2 + 1000) prune();
  }
  prune();
  return keyed.map((item) => item.one);
}

/** The ranks of all texts that a sort compares; they are known only when everything was read. */
function rankedForSort(
  given: Iterable<Found>,
  sort: readonly SortField[],
  collation: Collation,
): { readonly found: readonly Found[]; readonly ranked: (value: unknown) => unknown } {
  const found = [...given];
  const values = found.flatMap((one) => sort.flatMap((field) => valuesAt(one.document, field.path).values));
  return { found, ranked: rankedTexts(collation, values) };
}

/** A document's place in a sort as bytes: of a list the least element counts, descending the greatest. */
export function sortKeyOf(
  document: Doc,
  sort: readonly SortField[],
  ranked: ((value: unknown) => unknown) | null = null,
): Buffer {
  return Buffer.concat(
    sort.map((field: IndexField) => {
      const keys = valuesAt(document, field.path).values.map((value) =>
        encodeKey(value === EMPTY_LIST ? undefined : indexedValue(ranked === null ? value : ranked(value))),
      );
      const [first, ...others] = keys;
      const chosen = others.reduce(
        (best, key) => (Buffer.compare(key, best) < 0 === !field.isDescending ? key : best),
        first ?? Buffer.alloc(0),
      );
      return field.isDescending ? inverted(chosen) : chosen;
    }),
  );
}

/** The fields of a sort document; none for no sort. */
export function sortFieldsOf(sort: Doc | null | undefined): readonly SortField[] {
  return sort === null || sort === undefined ? [] : fieldsOf(sort);
}
